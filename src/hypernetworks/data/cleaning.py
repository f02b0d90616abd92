"""Which sentence pairs of a training text are kept, and excerpts that anyone can repeat."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from hypernetworks.data.errors import DataError

BOM = "\ufeff"


@dataclass(frozen=True)
class Cleaning:
    """A pair is kept if both sides have so many words, of about as many each.

    Words are what white space divides, whatever Unicode calls so.

    Attributes:
        min_words, max_words: of a side.
        ratio, slack: the longer side has at most ratio times the shorter's words, plus slack.
        max_characters: of a side, which no word is a bound for.
        markup: whether lines that begin with "<" are kept: in Europarl they are tags.
    """

    min_words: int = 3
    max_words: int = 50
    ratio: float = 2.0
    slack: int = 3
    max_characters: int = 1000
    markup: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.min_words <= self.max_words:
            raise DataError(
                f"dataset.min_words={self.min_words} dataset.max_words={self.max_words}: they must "
                "be at least 1, the first not above the second"
            )
        if not 1 <= self.ratio < math.inf or self.slack < 0:
            raise DataError(
                f"dataset.ratio={self.ratio} dataset.slack={self.slack}: choose a ratio of 1 or "
                "more, a slack of 0 or more"
            )
        if self.max_characters < 1:
            raise DataError(f"dataset.max_characters={self.max_characters}: it must be at least 1")

    def fault(self, sides: Sequence[str]) -> str | None:
        """Why a pair of `tidy` lines is left out; None if it is kept."""
        counts = [side.count(" ") + 1 if side else 0 for side in sides]
        shorter, longer = min(counts), max(counts)
        if not shorter:
            return "empty"
        if shorter < self.min_words:
            return "too_short"
        if longer > self.max_words or max(map(len, sides)) > self.max_characters:
            return "too_long"
        if longer > self.ratio * shorter + self.slack:
            return "ratio"
        if not self.markup and any(side[0] == "<" for side in sides):
            return "markup"
        return None

    def to_record(self) -> dict[str, object]:
        """The settings, by name."""
        return asdict(self)


def tidy(line: bytes) -> str:
    """The line's text with one space wherever it has white space, none at its ends.

    That takes care of CRLF, of byte order marks, and of characters such as U+2028, at which some
    readers would begin a new line.

    Raises:
        UnicodeDecodeError: if it is no UTF-8.
    """
    return single_spaced(line.decode("utf-8").removeprefix(BOM))


def single_spaced(text: str) -> str:
    """The text with one space wherever it has white space, none at its ends."""
    return " ".join(text.split())


def digest(source: str, target: str) -> bytes:
    """The 16 bytes that a pair is known by: the MD5 of "source<TAB>target" in UTF-8.

    Bytes 8 to 11 decide whether it is in an excerpt, see `share`.
    """
    return hashlib.md5(f"{source}\t{target}".encode(), usedforsecurity=False).digest()


def share(fraction: float) -> int:
    """The bound of an excerpt: pairs whose bytes 8 to 11, a big-endian number, lie below it.

    Raises:
        DataError: if it is no share.
    """
    if not 0 < fraction <= 1:
        raise DataError(f"dataset.excerpt={fraction}: choose a share above 0, at most 1")
    # The number over 2^32 is below the fraction; a whole number is below what is rounded up.
    return -int(-fraction * 2**32 // 1)
