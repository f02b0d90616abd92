"""enwik8: the first 100 million bytes of an English Wikipedia dump of 2006, as bytes.

Files under data_dir/enwik8: enwik8, or enwik8.prefixN, the first N bytes of it.
"""

import hashlib
import zipfile
import zlib
from pathlib import Path

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate, provide, verified
from hypernetworks.data.text import Alphabet, TextSplits, encode

NAME = "enwik8"
SIZE = 100_000_000
MD5 = "a1fa5ffddb56f4953e226637dabbb36a"
URLS = ("http://mattmahoney.net/dc/enwik8.zip", "https://data.deepai.org/enwik8.zip")
PREFIX_MD5 = {4_154_399: "f1e4e2c811309823bb4aff045d4883d4"}


def load(data_dir: Path, kind: str, prefix: int | None = None) -> TextSplits:
    """Loads enwik8, its first bytes, or generated pages in the same file.

    The first 90 % of the bytes are the training text, 5 % and 5 % the others. A symbol is a byte
    value that occurs in the whole text: 205 in enwik8, 200 in its first 4,154,399 bytes.

    Args:
        data_dir: where data lie; the missing real file is downloaded to it.
        kind: "real", "prefix", or "sample" for generated text under data_dir/generated.
        prefix: for the kind "prefix": how many bytes.
    Raises:
        DataError: if the file is missing and cannot be had, or is damaged.
    """
    folder = data_dir / NAME
    if (kind == "prefix") != (prefix is not None):
        raise DataError(
            f"dataset.prefix={prefix} with profile.data={kind}: a prefix is data of the kind "
            "'prefix', profile.data=prefix dataset.prefix=4154399, and no other kind has one"
        )
    if kind == "real":
        name, text = NAME, _whole(folder)
    elif prefix is not None:
        name, text = f"{NAME}.prefix{prefix}", _prefix(folder, prefix)
    elif kind == "sample":
        from hypernetworks.data.generated import pages

        folder = data_dir / "generated" / NAME
        generate(folder, pages.write)
        name, text = NAME, (folder / NAME).read_bytes()
    else:
        raise DataError(f"enwik8 has real, prefix and generated data, no {kind!r} data")
    ends = len(text) * 90 // 100, len(text) * 95 // 100
    view = memoryview(text)
    parts = {"train": view[: ends[0]], "valid": view[ends[0] : ends[1]], "test": view[ends[1] :]}
    ids, alphabet = encode(parts, Alphabet.of(text))
    split = {name: len(part) for name, part in ids.items()}
    about: dict[str, object] = {
        "name": NAME,
        "kind": kind,
        "checksums": {name: hashlib.md5(text).hexdigest()},
        "split": {**split, **alphabet.to_record(), "vocabulary": f"the bytes in {name}"},
    }
    return TextSplits(**ids, alphabet=alphabet, provenance=about)


def _whole(folder: Path) -> bytes:
    missing = [] if (folder / NAME).exists() else [NAME]
    provide(NAME, folder, missing, URLS, "archive", _unpack)
    return _read(folder / NAME, SIZE, MD5)


def _prefix(folder: Path, count: int) -> bytes:
    """The first bytes, from a known file of them or else from the whole."""
    if not 1 <= count < SIZE:
        raise DataError(f"dataset.prefix={count}: choose 1 to {SIZE - 1:,} bytes")
    path = folder / f"{NAME}.prefix{count}"
    if count in PREFIX_MD5 and path.exists():
        return _read(path, count, PREFIX_MD5[count])
    try:
        return _whole(folder)[:count]
    except DataError as error:
        known = ", ".join(f"{NAME}.prefix{n}" for n in PREFIX_MD5)
        raise DataError(f"{error} (for dataset.prefix, {known} there is enough)") from error


def _read(path: Path, size: int, checksum: str) -> bytes:
    found = path.stat().st_size
    if found != size:
        raise DataError(
            f"{path}: {found:,} bytes instead of {size:,}; delete the file, and the next run "
            "downloads enwik8 again"
        )
    verified(path, checksum)
    return path.read_bytes()


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    """Puts the verified file of the archive into the folder, at once.

    Raises:
        DataError: if the archive is damaged or holds something else.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            unpacked = [Path(zipped.extract(name, archive.parent)) for name in names]
    except (KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{archive} is damaged or is another archive ({error})") from error
    for path in unpacked:
        verified(path, MD5, archive)
        path.replace(folder / path.name)
