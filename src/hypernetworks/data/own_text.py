"""A text of the user's own: one file, or a folder of files, as characters or as bytes."""

import math
from collections.abc import Sequence
from pathlib import Path

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import md5
from hypernetworks.data.text import BYTES, CHARACTERS, Alphabet, TextSplits, encode

SPLITS = ("train", "valid", "test")


def load(
    path: Path, form: str = CHARACTERS, shares: Sequence[float] = (0.9, 0.05, 0.05)
) -> TextSplits:
    """Loads a text of the user's own.

    Args:
        path: a file, cut in order into training, validation and test text by `shares`; or a folder.
            There train*, valid* and test* are one split each; otherwise all its .txt files, sorted
            by name, are one text that is cut.
        form: "characters" of UTF-8, or "bytes".
        shares: three positive numbers that sum to 1.
    Returns:
        splits whose alphabet has every symbol of the whole text, so that none is unknown later.
    Raises:
        DataError: if there is no text there, it is too short, or no UTF-8.
    """
    if form not in (BYTES, CHARACTERS):
        raise DataError(f"dataset.form={form}: choose {CHARACTERS} or {BYTES}")
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise DataError(f"dataset.split={list(shares)}: give three positive shares that sum to 1")
    files = _files(path)
    texts = {name: b"".join(_read(file) for file in of) for name, of in files.items()}
    if form == CHARACTERS:
        for name, text in texts.items():
            _check_utf8(text, files[name])
    whole = b"".join(texts.values())
    alphabet = Alphabet.of(whole, form) if whole else Alphabet("")
    parts = texts if len(texts) > 1 else _cut(whole, form, shares)
    if min(map(len, parts.values())) < 2:
        raise DataError(f"{path}: {len(whole)} bytes are too few for three texts")
    ids, alphabet = encode(parts, alphabet)
    split: dict[str, object] = {name: len(part) for name, part in ids.items()}
    if len(texts) == 1:
        split["shares"] = list(shares)
    about: dict[str, object] = {
        "name": "text",
        "kind": "real",
        "checksums": {file.name: md5(file) for of in files.values() for file in of},
        "split": {**split, **alphabet.to_record(), "vocabulary": "the symbols of the whole text"},
    }
    return TextSplits(**ids, alphabet=alphabet, provenance=about)


def _files(path: Path) -> dict[str, list[Path]]:
    """{split: its files}, or {"whole": files} of a text that is to be cut."""
    if path.is_file():
        return {"whole": [path]}
    if not path.is_dir():
        raise DataError(f"dataset.path={path}: no such file or folder")
    named = {name: sorted(p for p in path.glob(f"{name}*") if p.is_file()) for name in SPLITS}
    if all(named.values()):
        return named
    if any(named.values()):
        there = ", ".join(name for name, files in named.items() if files)
        raise DataError(f"dataset.path={path}: of train*, valid* and test* there is only {there}")
    found = sorted(path.glob("*.txt"))
    if not found:
        raise DataError(f"dataset.path={path}: neither train*, valid* and test* nor .txt files")
    return {"whole": found}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _check_utf8(text: bytes, files: list[Path]) -> None:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        names = ", ".join(file.name for file in files)
        raise DataError(
            f"{names}: no UTF-8 at byte {error.start:,} ({error.reason}); dataset.form=bytes takes "
            "any file"
        ) from error


def _cut(text: bytes, form: str, shares: Sequence[float]) -> dict[str, bytes]:
    """The text in order: training, validation, test; in characters never within one."""
    if form == BYTES:
        ends = _ends(len(text), shares)
        return dict(zip(SPLITS, (text[a:b] for a, b in ends), strict=True))
    characters = text.decode("utf-8")
    ends = _ends(len(characters), shares)
    return dict(zip(SPLITS, (characters[a:b].encode() for a, b in ends), strict=True))


def _ends(length: int, shares: Sequence[float]) -> list[tuple[int, int]]:
    first, second = round(length * shares[0]), round(length * (shares[0] + shares[1]))
    return [(0, first), (first, second), (second, length)]
