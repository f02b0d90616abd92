"""Generated handwriting: sentences of a small grammar by writers who differ, as a pen's readings.

Corners of an alphabet's strokes are moved by the writer's hand, passed at an even speed and then
smoothed, as a hand smooths: that bends the strokes and slows the pen at corners and ends.

T readings of a line    K corners of its strokes
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypernetworks.data.generated import grammar
from hypernetworks.data.generated.alphabet import glyphs

VERSION = 1  # of the generator: raised when it would write other lines
INTERVAL = 1 / 60  # seconds between readings
SMOOTHING = np.array([1, 3, 5, 6, 5, 3, 1]) / 24
REACH = len(SMOOTHING) // 2
FORM_LINES = 4, 9
LINE_CHARACTERS = 11, 46

WORDS = {
    "Name": "Anna Mr. Brown Doctor Hill Lady Grey Peter Miss Jones Emma Captain Fox",
    "Place": "London Vienna York Quebec Zurich Kent Oxford India",
    "person": "minister farmer sailor teacher widow judge king uncle girl visitor",
    "thing": "letter house garden question picture box journey market window voice",
    "quality": "quiet old small mixed large strange happy dark quick very long",
    "did": "found opened expected wrote sold judged examined left asked for",
    "went": "walked sailed came back moved jumped travelled",
}
VALUES = {kind: words.split() for kind, words in WORDS.items()}
VALUES["when"] = ["yesterday", "in 1958", "at 7 o'clock", "that night", "on 30 June", "by 4"]
VALUES["end"] = [".", ".", ".", "!"]
VALUES["sentence"] = [
    "The {quality} {person} {did} the {thing} {when}{end}",
    "{Name} {did} a {quality} {thing}, and the {person} {went} to {Place}{end}",
    "But {when} the {person} of {Place} {went} with a {thing}{end}",
    "Who {did} the {quality} {thing}?",
    "It was {Name}'s {thing}, not the {person}'s{end}",
    "In {Place} they {did} every half-{quality} {thing} {when}{end}",
]


@dataclass(frozen=True)
class Hand:
    """What is a writer's own, in units of the alphabet's grid if nothing else is said.

    Attributes:
        number: of the writer, from 0.
        scale: sensor units of a grid unit.
        slant: to the right, of a unit upwards. wide: stretches letters.
        spacing: between two readings at full speed.
        jitter: of corners. slope: of the baseline. wave: its height.
        joins: how often a letter is written on from the one before.
    """

    number: int
    scale: float
    slant: float
    wide: float
    spacing: float
    jitter: float
    slope: float
    wave: float
    joins: float

    @classmethod
    def draw(cls, number: int, seed: int) -> "Hand":
        random = np.random.default_rng([seed, 1, number])
        low = [22.0, -0.1, 0.8, 0.45, 0.08, -0.015, 0.1, -0.4]
        high = [38.0, 0.5, 1.15, 0.75, 0.2, 0.015, 0.5, 1.0]
        return cls(number, *random.uniform(low, high).tolist())


@dataclass(frozen=True)
class Trace:
    """A written line.

    Attributes:
        points: (T, 2) int64, sensor units, x to the right and y down.
        strokes: (T,) int64, the stroke of each point, from 0.
        times: (T,) seconds since the form's beginning.
    """

    text: str
    points: NDArray[np.int64]
    strokes: NDArray[np.int64]
    times: NDArray[np.float64]

    def pieces(self) -> list[slice]:
        """The points of each stroke."""
        ends = [0, *(np.flatnonzero(np.diff(self.strokes)) + 1).tolist(), len(self.strokes)]
        return [slice(a, b) for a, b in pairwise(ends)]


@dataclass(frozen=True)
class Form:
    """Lines that one writer wrote on one board."""

    hand: Hand
    lines: list[Trace]


def forms(lines: int, writers: int, seed: int) -> Iterator[Form]:
    """Forms until they have that many lines, by that many writers in turn.

    The same seed gives the same lines, however many are asked for.
    """
    number = 0
    while lines > 0:
        random = np.random.default_rng([seed, 0, number])
        hand = Hand.draw(number % writers, seed)
        texts = _texts(int(random.integers(*FORM_LINES)), random)[:lines]
        yield Form(hand, [trace(text, n, hand, random) for n, text in enumerate(texts)])
        lines, number = lines - len(texts), number + 1


def _texts(lines: int, random: np.random.Generator) -> list[str]:
    """Sentences, broken where a line is full."""
    words: list[str] = []
    found = []
    for _ in range(lines):
        room, line = int(random.integers(*LINE_CHARACTERS)), ""
        while len(line) < room:
            if not words:
                words = grammar.expand("{sentence}", VALUES, random).split()
            line = f"{line} {words.pop(0)}".strip()
        found.append(line)
    return found


def trace(text: str, place: int, hand: Hand, random: np.random.Generator) -> Trace:
    """The text as the hand writes it on line `place` of its board."""
    corners, owners = _corners(text, hand, random)
    x, y = (corners + hand.jitter * random.standard_normal(corners.shape)).T
    x = hand.wide * x + hand.slant * y
    y = y + hand.slope * x + hand.wave * np.sin(x / 25 + 6.3 * random.random())
    path, strokes = _readings(np.stack([x, y], 1), owners, hand.spacing)
    origin = np.array([600.0, 900.0 + 18 * hand.scale * place])
    points = np.rint(origin + hand.scale * path * [1, -1]).astype(np.int64)
    lifted = np.diff(strokes, prepend=0) * random.uniform(0.1, 0.4, len(strokes))
    times = 60.0 * place + np.cumsum(INTERVAL + lifted)
    return Trace(text, points, strokes, times)


def _corners(
    text: str, hand: Hand, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Corners (K, 2) on the grid, and the stroke (K,) of each, in the order of writing."""
    alphabet, strokes, left = glyphs(), list[NDArray[np.float64]](), 0.0
    for word in text.split():
        late: list[NDArray[np.float64]] = []
        going_on = False
        for symbol, joined in zip(word, random.random(len(word)) < hand.joins, strict=True):
            glyph = alphabet[symbol]
            first, *others = (stroke + np.array([left, 0]) for stroke in glyph.strokes)
            if going_on and joined and symbol.islower():
                strokes[-1] = np.concatenate([strokes[-1], first])
            else:
                strokes += [*late, first]
                late = []
            late += others
            going_on = glyph.joins
            left += glyph.width + random.uniform(0.1, 0.6)
        strokes += late
        left += random.uniform(2.0, 4.0)
    owners = np.repeat(np.arange(len(strokes)), [len(stroke) for stroke in strokes])
    return np.concatenate(strokes), owners


def _readings(
    corners: NDArray[np.float64], owners: NDArray[np.int64], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The way along the corners at equal spaces, smoothed within each stroke.

    Args:
        corners: (K, 2). owners: (K,), the stroke of each.
    Returns:
        (T, 2), and the stroke (T,) of each.
    """
    lengths = np.hypot(*np.diff(corners, axis=0, prepend=corners[:1]).T)
    lengths[np.diff(owners, prepend=0) > 0] = 1.0  # in the air: keeps the strokes' ends apart
    way = np.cumsum(lengths)
    first = np.searchsorted(owners, np.arange(owners[-1] + 1))
    starts, ends = way[first], way[[*(first[1:] - 1), -1]]
    counts = np.ceil((ends - starts) / spacing).astype(np.int64) + 1 + 2 * REACH
    strokes = np.repeat(np.arange(len(first)), counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) - REACH
    at = np.clip(starts[strokes] + spacing * within, starts[strokes], ends[strokes])
    path = [np.convolve(np.interp(at, way, axis), SMOOTHING, "same") for axis in corners.T]
    kept = (within >= 0) & (within < (counts - 2 * REACH)[strokes])
    return np.stack(path, 1)[kept], strokes[kept]
