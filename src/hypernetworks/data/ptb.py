"""The Penn Treebank as Mikolov prepared it, read as characters.

Files under data_dir/ptb: ptb.{train,valid,test}.txt. Every line of them begins with a space and
ends in one; the character-level literature counts each line stripped and followed by a newline.
"""

from pathlib import Path

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate, md5, provide, unpack_tar, verified
from hypernetworks.data.text import TextSplits, encode

MD5 = {
    "ptb.train.txt": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "ptb.valid.txt": "aa0affc06ff7c36e977d7cd49e3839bf",
    "ptb.test.txt": "8b80168b89c18661a38ef683c0dc3721",
}
URLS = (
    "http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz",
    "https://www.fit.vut.cz/person/imikolov/public/rnnlm/simple-examples.tgz",
)
INSIDE = "simple-examples/data"
FORMS = ("characters", "raw")


def load(data_dir: Path, kind: str, form: str = "characters") -> TextSplits:
    """Loads the Penn Treebank, or generated sentences in the same files.

    Args:
        data_dir: where data lie; missing real files are downloaded to it.
        kind: "real", or "sample" for generated text under data_dir/generated.
        form: "characters", each line stripped and followed by a newline, or "raw", the files'
            bytes, whose extra spaces are almost free to predict.
    Raises:
        DataError: if files are missing and cannot be had, or are damaged.
    """
    if form not in FORMS:
        raise DataError(f"dataset.form={form}: choose one of {', '.join(FORMS)}")
    if kind == "real":
        folder = data_dir / "ptb"
        missing = [name for name in MD5 if not (folder / name).exists()]
        provide("the Penn Treebank", folder, missing, URLS, INSIDE, _unpack)
        checksums = {name: verified(folder / name, MD5[name]) for name in MD5}
    elif kind == "sample":
        from hypernetworks.data.generated import sentences

        folder = data_dir / "generated" / "ptb"
        generate(folder, sentences.write)
        checksums = {name: md5(folder / name) for name in MD5}
    else:
        raise DataError(f"the Penn Treebank has real and generated data, no {kind!r} data")
    texts = {name.split(".")[1]: (folder / name).read_bytes() for name in MD5}
    if form == "characters":
        texts = {name: as_characters(text) for name, text in texts.items()}
    ids, alphabet = encode(texts)
    split = {name: len(part) for name, part in ids.items()}
    about: dict[str, object] = {
        "name": "ptb",
        "kind": kind,
        "checksums": checksums,
        "split": {**split, "form": form, **alphabet.to_record()},
    }
    return TextSplits(**ids, alphabet=alphabet, provenance=about)


def as_characters(text: bytes) -> bytes:
    """Each line stripped and followed by a newline."""
    return b"".join(line.strip() + b"\n" for line in text.splitlines())


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    unpack_tar(archive, folder, names, INSIDE, MD5)
