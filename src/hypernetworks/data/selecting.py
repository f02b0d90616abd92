"""Which pairs of the corpora make the training text: cleaned, distinct, and of the excerpt."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hypernetworks.data.cleaning import Cleaning, digest, share, tidy
from hypernetworks.data.errors import DataError
from hypernetworks.data.parallel import Chunk, Corpus

CHUNK = 2**17  # lines that are read at once, of which the kept ones are a shard
SAMPLE = 2_000_000  # pairs at most, of which a subword model is made
LEFT_OUT, TAKEN, SAMPLED = 0, 1, 2
# A pair's digest: what tells it from others, what decides on excerpt and sample.
DIGEST = np.dtype([("name", ">u8"), ("excerpt", ">u4"), ("sample", ">u4")])

Sides = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Selected:
    """What was decided on each line of the corpora, one corpus after another.

    Attributes:
        marks: (lines,) uint8: LEFT_OUT, TAKEN, or SAMPLED for the subword model as well.
        counts: lines, and pairs left out, by reason.
        pairs: {corpus: pairs taken}.
    """

    marks: NDArray[np.uint8]
    counts: dict[str, int]
    pairs: dict[str, int]

    def to_bytes(self) -> bytes:
        """For a file: a line of JSON, and the marks, compressed."""
        head = json.dumps({"counts": self.counts, "pairs": self.pairs})
        return head.encode() + b"\n" + zlib.compress(self.marks.tobytes())

    @classmethod
    def from_bytes(cls, content: bytes) -> "Selected":
        """What `to_bytes` made."""
        head, _, marks = content.partition(b"\n")
        return cls(np.frombuffer(zlib.decompress(marks), np.uint8), **json.loads(head))


def select(corpora: Sequence[Corpus], cleaning: Cleaning, excerpt: float) -> Selected:
    """Reads the corpora and decides.

    Of equal pairs the first is taken; 64 bits of the digest tell pairs apart, so that of 36 million
    distinct ones two are taken for equal once in 30,000 times.

    Args:
        excerpt: the share of the cleaned, distinct pairs, see `cleaning`.
    Raises:
        DataError: if a corpus cannot be read, or nothing is left.
    """
    counts: Counter[str] = Counter()
    sound, digests, bounds, lines = [], [], [], []
    with tqdm(desc="reading the training text", unit=" pairs", disable=None, leave=False) as bar:
        for corpus in corpora:
            bound, before = share(min(excerpt, corpus.excerpt)), counts["lines"]
            for chunk in corpus.chunks(CHUNK):
                good, found = _judged(chunk, cleaning, counts)
                sound.append(good)
                digests.append(found)
                bounds.append(np.full(len(found), bound, dtype=np.int64))
                bar.update(len(good))
            lines.append(counts["lines"] - before)
    rows = np.flatnonzero(np.concatenate([np.zeros(0, np.bool_), *sound]))
    known = np.concatenate([np.zeros(0, DIGEST), *digests])
    distinct = np.sort(np.unique(known["name"], return_index=True)[1])
    inside = known["excerpt"] < np.concatenate([np.zeros(0, np.int64), *bounds])
    taken = distinct[inside[distinct]]
    counts["omitted_duplicate"] = len(known) - len(distinct)
    counts["outside_excerpt"] = len(distinct) - len(taken)
    if not len(taken):
        left_out = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        raise DataError(f"no pair of the training text is left after cleaning: {left_out}")
    marks = np.full(counts["lines"], LEFT_OUT, dtype=np.uint8)
    sample = share(min(1.0, SAMPLE / len(taken)))
    marks[rows[taken]] = np.where(known["sample"][taken] < sample, SAMPLED, TAKEN)
    parts = np.split(marks > LEFT_OUT, np.cumsum(lines)[:-1])
    pairs = {c.name: int(part.sum()) for c, part in zip(corpora, parts, strict=True)}
    return Selected(marks, dict(counts), pairs)


def taken(corpora: Sequence[Corpus], marks: NDArray[np.uint8], least: int) -> Iterator[Sides]:
    """The pairs with marks of at least `least`, tidy, a chunk at a time, if it has any or not."""
    start = 0
    for corpus in corpora:
        for source, target in corpus.chunks(CHUNK):
            rows = np.flatnonzero(marks[start : start + len(source)] >= least).tolist()
            yield [tidy(source[row]) for row in rows], [tidy(target[row]) for row in rows]
            start += len(source)


def _judged(
    chunk: Chunk, cleaning: Cleaning, counts: Counter[str]
) -> tuple[NDArray[np.bool_], NDArray[np.void]]:
    """Which pairs are sound, and the digests of those; adds to the counts."""
    good, digests = np.zeros(len(chunk[0]), dtype=np.bool_), []
    for row, (one, other) in enumerate(zip(*chunk, strict=True)):
        try:
            sides = tidy(one), tidy(other)
            fault = cleaning.fault(sides)
        except UnicodeDecodeError:
            fault = "invalid_utf8"
        if fault is None:
            good[row] = True
            digests.append(digest(*sides))
        else:
            counts[f"omitted_{fault}"] += 1
    counts["lines"] += len(good)
    return good, np.frombuffer(b"".join(digests), DIGEST)
