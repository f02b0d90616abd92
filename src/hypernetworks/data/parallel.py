"""Parallel text: two streams of lines, line n of one the translation of line n of the other.

Lines end at \\n alone: U+2028 and its like stand within them.
"""

import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from hypernetworks.data.cleaning import BOM
from hypernetworks.data.errors import DataError

Opener = Callable[[], AbstractContextManager[IO[bytes]]]
Chunk = tuple[list[bytes], list[bytes]]  # lines of the source, of the target
LONGEST = 10_000  # characters: no sentence of a development or test set has that many


@dataclass(frozen=True)
class Corpus:
    """A part of the training text.

    Attributes:
        files: that it is read from.
        source, target: open its two sides, each a stream of its own.
        excerpt: the share of a larger corpus's pairs that it is already.
    """

    name: str
    files: tuple[Path, ...]
    source: Opener
    target: Opener
    excerpt: float = 1.0

    @classmethod
    def of_files(cls, name: str, source: Path, target: Path, excerpt: float = 1.0) -> "Corpus":
        """Of two plain files."""
        return cls(
            name, (source, target), lambda: source.open("rb"), lambda: target.open("rb"), excerpt
        )

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Its lines, so many pairs at a time.

        Raises:
            DataError: if it cannot be read, or its sides have not as many lines.
        """
        names = " and ".join(str(path) for path in self.files)
        with readable(names), self.source() as one, self.target() as other:
            count = 0
            while True:
                source, target = list(islice(one, size)), list(islice(other, size))
                if len(source) != len(target):
                    lines = count + len(source) + sum(1 for _ in one)
                    others = count + len(target) + sum(1 for _ in other)
                    raise misaligned(f"{self.name} ({names})", lines, others)
                if not source:
                    return
                yield source, target
                count += len(source)


@contextmanager
def readable(names: str) -> Iterator[None]:
    """Raises DataError where files, named so, cannot be read or archives are damaged."""
    try:
        yield
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise DataError(
            f"{names}: damaged or cut short ({error}); delete it, and the next run gets it again"
        ) from error
    except OSError as error:
        raise DataError(f"{names} cannot be read: {error.strerror or error}") from error


def misaligned(names: str, source: int, target: int) -> DataError:
    """What is wrong with files of unequally many lines."""
    return DataError(
        f"{names}: {source:,} and {target:,} lines; line n of one must be the translation of line "
        "n of the other, so get both anew"
    )


@dataclass(frozen=True)
class Texts:
    """A development or test set. source, target: a sentence each. omitted: pairs without text."""

    source: list[str]
    target: list[str]
    omitted: int = 0

    @classmethod
    def read(cls, source: Path, target: Path) -> "Texts":
        """Of two plain files.

        Raises:
            DataError: as for `lines_of` and `of`.
        """
        return cls.of(lines_of(source), lines_of(target), f"{source} and {target}")

    @classmethod
    def of(cls, source: list[str], target: list[str], names: str) -> "Texts":
        """Of the lines of what is named so; only pairs with an empty side are left out.

        Raises:
            DataError: if they are not aligned, or nothing is left.
        """
        if len(source) != len(target):
            raise misaligned(names, len(source), len(target))
        pairs = [(a, b) for a, b in zip(source, target, strict=True) if a and b]
        if not pairs:
            raise DataError(f"{names}: there is no sentence pair in them")
        return cls([a for a, _ in pairs], [b for _, b in pairs], len(source) - len(pairs))

    def __add__(self, other: "Texts") -> "Texts":
        return Texts(
            self.source + other.source, self.target + other.target, self.omitted + other.omitted
        )

    def __len__(self) -> int:
        return len(self.source)


def lines_of(path: Path) -> list[str]:
    """A file's lines without white space at their ends.

    Raises:
        DataError: if it cannot be read, a line is no UTF-8, or endless.
    """
    with readable(str(path)):
        content = path.read_bytes()
    return text_lines(content, str(path))


def text_lines(content: bytes, name: str) -> list[str]:
    """The lines of a file's content, without white space at their ends.

    Raises:
        DataError: if one is no UTF-8, or endless.
    """
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    return [_text(name, number, line) for number, line in enumerate(lines, 1)]


def _text(name: str, number: int, line: bytes) -> str:
    try:
        text = line.decode("utf-8").removeprefix(BOM).strip()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: line {number} is no UTF-8 ({error.reason} at its byte {error.start:,}); get "
            "the file anew or convert it"
        ) from error
    if len(text) > LONGEST:
        raise DataError(
            f"{name}: line {number} has {len(text):,} characters, which is no sentence; put one "
            "sentence a line"
        )
    return text
