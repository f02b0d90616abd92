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

FARTHEST = 1e6  # device units; no tablet's coordinates lie beyond

KEYWORD = re.compile(rb"^\.(?=[A-Za-z_])", re.MULTILINE)
NUMBERS = b"+-.0123456789Ee \t\n\v\f"
PART = re.compile(r"(\d{1,9})(?::(\d{1,9}))?(?:-(\d{1,9})(?::(\d{1,9}))?)?")

Points = NDArray[np.float64]
Read = Callable[[Path], bytes]


class OmittedError(Exception):
    """A segment that says, or refers to, what cannot be read; the message is a kind of fault."""


class DamagedError(Exception):
    """A file that ends the reading; the message says why and names nobody."""


@dataclass(frozen=True)
class Component:
    """Points from one contact of the pen, or between two.

    Attributes:
        ink: whether the pen is down.
        numbers: as they stand in the file.
        columns: what a point's numbers are, X and Y among them; none if the file did not say.
    """

    ink: bool
    numbers: bytes
    columns: tuple[str, ...]

    def points(self) -> Points:
        """x and y (n, 2).

        Raises:
            OmittedError: if they cannot be told.
        """
        if "X" not in self.columns or "Y" not in self.columns:
            raise OmittedError("columns_unknown")
        if self.numbers.translate(None, NUMBERS):
            raise OmittedError("not_numbers")
        try:
            values = np.array(self.numbers.split(), dtype=np.float64)
            points = values.reshape(-1, len(self.columns))
        except ValueError:
            raise OmittedError("not_numbers") from None
        points = points[:, [self.columns.index("X"), self.columns.index("Y")]]
        if not (np.abs(points) < FARTHEST).all():
            raise OmittedError("far_away")
        return points


@dataclass(frozen=True)
class Segment:
    """What is written where.

    Attributes:
        kind: TEXT, WORD, ...
        delineation: the components, such as `209-271`.
        label: the text; None if it is not known.
    """

    kind: str
    delineation: str
    label: str | None

    @classmethod
    def of(cls, value: str) -> "Segment":
        """From the keyword's value: `TEXT 209-271 ? "Next take 290 west"`."""
        head, _, rest = value.partition('"')
        kind, delineation, *_ = *head.split(), "", ""
        text = re.sub(r"\\(.)|\n", _unescaped, rest.rpartition('"')[0])
        return cls(kind, delineation, text or None)


@dataclass
class Document:
    """A data file with what it includes.

    Attributes:
        segments: those of the file itself.
        writers: (component, who writes from there on).
        whole: whether all that it includes is there.
    """

    components: list[Component] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    writers: list[tuple[int, str]] = field(default_factory=list)
    whole: bool = True

    def strokes(self, delineation: str) -> tuple[int, list[Points]]:
        """The first component's number, and the ink, stroke by stroke (n, 2).

        Raises:
            OmittedError: if it cannot be read, names what is not there, or there is none.
        """
        if not self.whole:
            raise OmittedError("include_missing")
        numbers, found = [], []
        for part in delineation.split(","):
            match = PART.fullmatch(part)
            if match is None:
                raise OmittedError("delineation")
            first, begin, last, end = (None if n is None else int(n) for n in match.groups())
            assert first is not None
            numbers.append(first)
            last = first if last is None else last
            if not first <= last < len(self.components):
                raise OmittedError("not_there")
            for number in range(first, last + 1):
                if not self.components[number].ink:
                    continue
                points = self.components[number].points()
                start = begin if number == first and begin is not None else 0
                stop = end + 1 if number == last and end is not None else len(points)
                if not start < stop <= len(points):
                    raise OmittedError("not_there")
                found.append(points[start:stop])
        if not found:
            raise OmittedError("without_ink")
        return numbers[0], found

    def writer(self, component: int) -> str:
        """Who is named before the component, or else first of all; empty if nobody is."""
        before = [name for start, name in self.writers if start <= component]
        return (before[-1:] or [name for _, name in self.writers[:1]] or [""])[0]


def document(path: Path, include: Path, read: Read) -> Document:
    """Reads a data file and what it includes.

    Args:
        include: the folder that includes are relative to.
        read: gives a file's content.
    Raises:
        DamagedError: if a file cannot be read, or includes itself.
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
            found.segments.append(Segment.of(value.decode("latin-1")))
        elif keyword == b"INCLUDE":
            found.whole = False
    return found


def _statements(
    path: Path, include: Path, read: Read, within: tuple[Path, ...]
) -> Iterator[tuple[bytes, bytes, bool]]:
    """(keyword, value, whether in the first file itself).

    Includes are in their places; what is missing, or lies outside the folder of includes, where a
    cache of what was read is not held to it, stays a statement, INCLUDE.
    """
    if path in within:
        raise DamagedError("includes itself")
    try:
        content = read(path)
    except OSError as error:
        raise DamagedError(f"cannot be read, or what it includes: {error.strerror}") from error
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for statement in KEYWORD.split(content)[1:]:
        keyword = statement.split(None, 1)[0]
        value = statement[len(keyword) :]
        if keyword != b"INCLUDE":
            yield keyword, value, not within
            continue
        name = Path(_words(value))
        included = include / name
        if included.suffix.lower() == ".lex":  # a lexicon holds no ink
            continue
        if not name.is_absolute() and ".." not in name.parts and included.exists():
            yield from _statements(included, include, read, (*within, path))
        else:
            yield keyword, value, not within


def _unescaped(match: re.Match[str]) -> str:
    return " " if match[1] in (None, "n", "t") else match[1]


def _words(value: bytes) -> str:
    return " ".join(value.decode("latin-1").split())
