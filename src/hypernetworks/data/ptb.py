"""The Penn Treebank as Mikolov prepared it, read as characters.

Files under data_dir/ptb: ptb.{train,valid,test}.txt. Every line of them begins with a space and
ends in one; the character-level literature counts each line stripped and followed by a newline.
"""

import tarfile
import tempfile
from pathlib import Path

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import WRITABLE, fetch_first, md5, verified
from hypernetworks.data.text import TextSplits, described, encode

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
        kind: "real", or "sample" for generated text under data_dir/sample.
        form: "characters", each line stripped and followed by a newline, or "raw", the files'
            bytes, whose extra spaces are almost free to predict.
    Raises:
        DataError: if files are missing and cannot be had, or are damaged.
    """
    if form not in FORMS:
        raise DataError(f"dataset.form={form}: choose one of {', '.join(FORMS)}")
    if kind == "real":
        folder = data_dir / "ptb"
        _provide(folder)
        checksums = {name: verified(folder / name, MD5[name]) for name in MD5}
    elif kind == "sample":
        from hypernetworks.data.sample import sentences

        folder = data_dir / "sample" / "ptb"
        try:
            sentences.write(folder)
        except OSError as error:
            raise DataError(f"sample data cannot be written: {error}; {WRITABLE}") from error
        checksums = {name: md5(folder / name) for name in MD5}
    else:
        raise DataError(f"the Penn Treebank has real and sample data, no {kind!r} data")
    texts = {name.split(".")[1]: (folder / name).read_bytes() for name in MD5}
    if form == "characters":
        texts = {name: as_characters(text) for name, text in texts.items()}
    ids, symbols = encode(texts)
    split = {name: len(part) for name, part in ids.items()}
    about: dict[str, object] = {
        "name": "ptb",
        "kind": kind,
        "checksums": checksums,
        "split": {**split, "form": form, **described(symbols)},
    }
    return TextSplits(**ids, symbols=symbols, provenance=about)


def as_characters(text: bytes) -> bytes:
    """Each line stripped and followed by a newline."""
    return b"".join(line.strip() + b"\n" for line in text.splitlines())


def _provide(folder: Path) -> None:
    """Leaves the three files in place, from the archive of their author if need be."""
    missing = [name for name in MD5 if not (folder / name).exists()]
    if not missing:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
            archive = Path(temporary) / "simple-examples.tgz"
            found = fetch_first(URLS, archive, lambda path: _unpack(path, folder, missing))
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error}; {WRITABLE}") from error
    if not found:
        raise DataError(
            f"the Penn Treebank is not there and could not be downloaded. Missing: "
            f"{', '.join(missing)}. Get {URLS[0]} and put the files of {INSIDE} into {folder} "
            "(HYPERNETWORKS_DATA or data_dir=... sets another place). "
            "Without any data, the demo shows the machinery: make reproduce-table"
        )


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    """Puts verified files of the archive into the folder, each at once.

    Raises:
        DataError: if the archive is damaged or holds something else.
    """
    try:
        with tarfile.open(archive) as tar:
            members = {Path(m.name).name: m for m in tar.getmembers() if INSIDE in m.name}
            for name in names:
                source = tar.extractfile(members[name])
                assert source is not None
                unpacked = archive.with_name(name)
                unpacked.write_bytes(source.read())
                verified(unpacked, MD5[name], archive)
                unpacked.replace(folder / name)
    except (KeyError, AssertionError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{archive} is damaged or is another archive ({error})") from error
