"""UNIPEN's format: a keyword begins a line with a dot, and its value runs to the next keyword.

Components (of ink, or of the pen in the air) and their points are numbered from 0 through a file
and all that it includes, in order; a component without numbers has none.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypernetworks.data.errors import DataError

FARTHEST = 1e6  # device units; beyond it no tablet's coordinates lie

KEYWORD = re.compile(rb"^\.(?=[A-Za-z_])", re.MULTILINE)
NUMBERS = b"+-.0123456789Ee \t\r\n\v\f"
SEGMENT = re.compile(r'(\S+)\s+(\S+)(?:\s+[^\s"]+)?(?:\s*"((?:[^"\\]|\\.)*)")?\s*', re.DOTALL)
PART = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")

Points = NDArray[np.float64]


class Damaged(Exception):
    """A segment that says, or refers to, what cannot be read; the message names the kind."""


@dataclass(frozen=True)
class Component:
    """Attributes:
    ink: whether the pen is down.
    numbers: as they stand in the file.
    columns: what a point's numbers are, X and Y among them; none if the file did not say.
    """

    ink: bool
    numbers: bytes
    columns: tuple[str, ...]

    def points(self) -> Points:
        """(n, 2): x and y.

        Raises:
            Damaged: if they cannot be told.
        """
        if "X" not in self.columns or "Y" not in self.columns:
            raise Damaged("without_columns")
        if self.numbers.translate(None, NUMBERS):
            raise Damaged("not_numbers")
        try:
            values = np.array(self.numbers.split(), dtype=np.float64)
            points = values.reshape(-1, len(self.columns))
        except ValueError:
            raise Damaged("not_numbers") from None
        points = points[:, [self.columns.index("X"), self.columns.index("Y")]]
        if not (np.abs(points) < FARTHEST).all():
            raise Damaged("far_away")
        return points


@dataclass(frozen=True)
class Segment:
    """Attributes:
    kind: TEXT, WORD, ...
    delineation: which components, such as `209-271`.
    label: what is written there; None if it is not known.
    """

    kind: str
    delineation: str
    label: str | None


@dataclass
class Document:
    """A data file, with what it includes.

    Attributes:
        segments: those of the file itself.
        writers: (component, who writes from there on).
    """

    components: list[Component] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    writers: list[tuple[int, str]] = field(default_factory=list)

    def strokes(self, delineation: str) -> tuple[int, list[Points]]:
        """The number of the first component, and the ink's points, each (n, 2), stroke by stroke.

        Raises:
            Damaged: if it cannot be read, or names what is not there.
        """
        numbers, found = [], []
        for part in delineation.split(","):
            match = PART.fullmatch(part)
            if match is None:
                raise Damaged("delineation")
            first, begin, last, end = (None if n is None else int(n) for n in match.groups())
            assert first is not None
            numbers.append(first)
            last = first if last is None else last
            if not first <= last < len(self.components):
                raise Damaged("not_there")
            for number in range(first, last + 1):
                if not self.components[number].ink:
                    continue
                points = self.components[number].points()
                start = begin if number == first and begin is not None else 0
                stop = end + 1 if number == last and end is not None else len(points)
                if not start < stop <= len(points):
                    raise Damaged("not_there")
                found.append(points[start:stop])
        return numbers[0], found

    def writer(self, component: int) -> str | None:
        """Who is named before the component, or else first of all."""
        before = [name for start, name in self.writers if start <= component]
        if before:
            return before[-1]
        return self.writers[0][1] if self.writers else None


def document(path: Path, include: Path, read: Callable[[Path], bytes]) -> Document:
    """Reads a data file and what it includes.

    Args:
        include: the folder that includes are relative to.
        read: gives a file's content.
    Raises:
        DataError: if an included file is missing, or includes itself.
    """
    found = Document()
    columns: tuple[str, ...] = ()
    for keyword, value, own in _statements(path, include, read, ()):
        if keyword in (b"PEN_DOWN", b"PEN_UP"):
            if value.strip():
                found.components.append(Component(keyword == b"PEN_DOWN", value, columns))
        elif keyword == b"COORD":
            columns = tuple(value.decode("latin-1").upper().split())
        elif keyword == b"WRITER_ID":
            found.writers.append((len(found.components), _words(value)))
        elif keyword == b"SEGMENT" and own:
            found.segments.append(segment(value.decode("latin-1")))
    return found


def segment(value: str) -> Segment:
    """From the keyword's value: `TEXT 209-271 ? "Next take 290 west"`."""
    match = SEGMENT.fullmatch(value.strip())
    if match is None:
        return Segment(value.split(None, 1)[0] if value.strip() else "", "", None)
    label = match[3] and re.sub(r"\\(.)", _unescaped, match[3], flags=re.DOTALL)
    return Segment(match[1], match[2], " ".join(label.split("\n")) if label else None)


def _unescaped(match: re.Match[str]) -> str:
    return {"n": " ", "t": " "}.get(match[1], match[1])


def _words(value: bytes) -> str:
    return " ".join(value.decode("latin-1").split())


def _statements(
    path: Path, include: Path, read: Callable[[Path], bytes], within: tuple[Path, ...]
) -> Iterator[tuple[bytes, bytes, bool]]:
    """(keyword, value, whether in the first file itself), includes in their places."""
    if path in within:
        raise DataError(f"{path} includes itself, by way of {within[-1]}")
    try:
        content = read(path)
    except OSError as error:
        by = f", which {within[-1]} includes" if within else ""
        raise DataError(f"{path}{by}: {error.strerror}") from error
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for statement in KEYWORD.split(content)[1:]:
        keyword = statement.split(None, 1)[0]
        value = statement[len(keyword) :]
        if keyword != b"INCLUDE":
            yield keyword, value, not within
        elif not value.strip().lower().endswith(b".lex"):  # a lexicon holds no ink
            yield from _statements(include / _words(value), include, read, (*within, path))
