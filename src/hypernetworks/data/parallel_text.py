"""Parallel text of the user's own: plain files, a sentence a line, in two languages."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.encoding import encoded
from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate, md5
from hypernetworks.data.pair_splits import PairSplits, assembled
from hypernetworks.data.parallel import Corpus, Texts

NAME = "parallel_text"


def load(
    path: Path,
    kind: str,
    languages: Sequence[str],
    splits: Sequence[str],
    cleaning: Cleaning,
    excerpt: float,
    subwords: int,
) -> PairSplits:
    """Loads three pairs of files from a folder, which also keeps the encoded training text.

    Args:
        path: the folder.
        kind: what the record calls the data, such as "real" or "stand-in"; for "sample", pairs of
            English and French are generated there first.
        languages: the source's and the target's ending of the files: ("en", "fr").
        splits: the names of training, validation and test files: ("train", "val", "test") are
            train.en, train.fr, val.en and so on.
        cleaning: of the training text.
        excerpt: the share of its pairs that is trained on.
        subwords: size of the subword model.
    Raises:
        DataError: if files are missing, unreadable or not aligned, or a setting cannot work.
    """
    if len(set(languages)) != 2:
        raise DataError(f"dataset.languages={list(languages)}: give two endings, such as [en,fr]")
    if len(set(splits)) != 3:
        raise DataError(
            f"dataset.splits={list(splits)}: give the names of three pairs of files, such as "
            "[train,valid,test]"
        )
    if kind == "sample":
        from hypernetworks.data.generated import translations

        generate(path, partial(translations.write, names=tuple(splits)))
    one, other = languages
    files = {name: (path / f"{name}.{one}", path / f"{name}.{other}") for name in splits}
    missing = [file.name for pair in files.values() for file in pair if not file.is_file()]
    if missing:
        raise DataError(
            f"dataset.path={path}: there is no {', '.join(missing)}; put files there with a "
            "sentence a line, line n of one the translation of line n of the other, or name others "
            "with dataset.splits and dataset.languages"
        )
    train, valid, test = files.values()
    corpus = Corpus.of_files(splits[0], train[0], train[1])
    found = encoded(path, [corpus], cleaning, excerpt, subwords, md5)
    checksums = {file.name: md5(file) for file in (*valid, *test)}
    about = {"name": NAME, "kind": kind}
    held_out = Texts.read(*valid), Texts.read(*test)
    return assembled(about, checksums, found, *held_out, cleaning, {corpus.name: excerpt}, {})
