"""WMT'14's English and French: its five training corpora, or a part of them, and newstests.

Files under data_dir/wmt14, see `wmt14_files`, and the ready-made excerpt under data_dir/europarl.
"""

from collections.abc import Sequence
from pathlib import Path

from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.download import first_use
from hypernetworks.data.encoding import encoded
from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate, md5
from hypernetworks.data.pair_splits import PairSplits, assembled
from hypernetworks.data.parallel import Corpus, Texts
from hypernetworks.data.wmt14_files import CORPORA, NEWSTESTS, corpus, newstest

NAME = "wmt14"
VALID = ("newstest2012", "newstest2013")
TEST = "newstest2014"
LANGUAGES = ("en", "fr")
GENERATED = "generated"
# An excerpt of Europarl, ready-made: with the default cleaning, of the fraction 0.345.
READY_MADE = "europarl-632k"
FRACTION = 0.345
CHECKSUMS = "SHA-256 of the first use, for none is published; of europarl-632k the known MD5"
MD5 = {
    f"{READY_MADE}.en": "87a95f90661801f67725e34f682cf136",
    f"{READY_MADE}.fr": "ca5fe1ca2d2e5686e446b615726e15b3",
}


def load(
    data_dir: Path,
    kind: str,
    corpora: Sequence[str],
    valid: Sequence[str],
    cleaning: Cleaning,
    excerpt: float,
    subwords: int,
) -> PairSplits:
    """Loads WMT'14 for translation from English to French, or generated pairs in such files.

    Args:
        data_dir: where data lie; missing archives are downloaded to it. The encoded training text
            is kept beside them.
        kind: "real": all corpora, whole; "part": some, or an excerpt; "sample": generated pairs
            under data_dir/generated, whatever corpora are asked for.
        corpora: names of CORPORA, or READY_MADE.
        valid: of NEWSTESTS, the sets to validate on; the test set is TEST.
        cleaning: of the training text.
        excerpt: the share of its cleaned, distinct pairs, by their hash; 1 for all.
        subwords: size of the subword model, made of the training text.
    Raises:
        DataError: if files are missing and cannot be had, or are damaged, or a setting cannot work.
    """
    _check(kind, corpora, valid, excerpt)
    folder = data_dir / NAME
    if kind == "sample":
        from hypernetworks.data.generated import translations

        folder = data_dir / "generated" / NAME
        generate(folder, translations.write)
        source, target = folder / f"{GENERATED}.en", folder / f"{GENERATED}.fr"
        parts = [Corpus.of_files(GENERATED, source, target)]
    else:
        parts = [
            _ready_made(data_dir / "europarl") if name == READY_MADE else corpus(folder, name)
            for name in corpora
        ]
    read = {name: newstest(folder, name) for name in (*valid, TEST)}
    held_out = [text for text, _ in read.values()]
    checksum = md5 if kind == "sample" else _checksum
    found = encoded(folder, parts, cleaning, excerpt, subwords, checksum)
    files = {path for _, paths in read.values() for path in paths}
    checksums = {path.name: checksum(path) for path in sorted(files)}
    about: dict[str, object] = {"name": NAME, "kind": kind}
    shares = {part.name: min(excerpt, part.excerpt) for part in parts}
    notes = {} if kind == "sample" else {"checksums": CHECKSUMS}
    before = Texts([], [])
    for texts in held_out[:-1]:
        before += texts
    return assembled(about, checksums, found, before, held_out[-1], cleaning, shares, notes)


def _check(kind: str, corpora: Sequence[str], valid: Sequence[str], excerpt: float) -> None:
    if kind not in ("real", "part", "sample"):
        raise DataError(
            f"WMT'14 has real data, a part of them and generated data, no {kind!r} data"
        )
    known = (*CORPORA, READY_MADE)
    unknown = [name for name in corpora if name not in known]
    if unknown or not corpora or len(set(corpora)) < len(corpora):
        raise DataError(
            f"dataset.corpora={list(corpora)}: choose of {', '.join(known)}, each once at most"
        )
    others = [name for name in NEWSTESTS if name != TEST]
    if not valid or not set(valid) <= set(others) or len(set(valid)) < len(valid):
        raise DataError(f"dataset.valid={list(valid)}: choose of {', '.join(others)}")
    whole = set(corpora) == set(CORPORA) and excerpt == 1
    if kind == "real" and not whole:
        raise DataError(
            f"dataset.corpora={list(corpora)} dataset.excerpt={excerpt:g} with profile.data=real: "
            f"real data are all of {', '.join(CORPORA)}, whole; a part of them is profile.data=part"
        )
    if kind == "part" and whole:
        raise DataError("all corpora, whole, are no part: profile.data=real")


def _ready_made(folder: Path) -> Corpus:
    """The excerpt of Europarl.

    Raises:
        DataError: if it is not there.
    """
    paths = [folder / name for name in MD5]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise _not_as_it_is_known(f"{', '.join(missing)} not there", folder)
    return Corpus.of_files(READY_MADE, paths[0], paths[1], FRACTION)


def _checksum(path: Path) -> str:
    """The known one of a ready-made file, else that of the first use."""
    known = MD5.get(path.name)
    if known is None:
        return first_use(path)
    found = md5(path)
    if found != known:
        raise _not_as_it_is_known(f"{path}: md5 {found} instead of {known}", path.parent)
    return found


def _not_as_it_is_known(fault: str, folder: Path) -> DataError:
    """What is wrong with the excerpt of Europarl, which no place has for a download."""
    return DataError(
        f"{fault}: put {' and '.join(MD5)} into {folder}, or have the excerpt made from the "
        "official corpus, which differs in a few pairs of a thousand: "
        f"dataset.corpora=[europarl-v7] dataset.excerpt={FRACTION} (downloads "
        f"{Path(CORPORA['europarl-v7'].url).name}; HYPERNETWORKS_DATA or data_dir=... sets "
        "another place)"
    )
