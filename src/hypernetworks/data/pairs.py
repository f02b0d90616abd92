"""Sentence pairs as subword ids, in shards that are mapped into memory from their files.

A shard's file: its header, where each sentence begins, the ids, and a line with its checksum.

R pairs, N ids of all sentences together
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypernetworks.data import kept

MAGIC = b"pairs 1\n"
HEADER = len(MAGIC) + 32 + 8  # with the subword model's SHA-256 and R
Ids = NDArray[np.uint16]


@dataclass(frozen=True)
class Shard:
    """Pairs, one after another, each the source's ids and then the target's.

    Attributes:
        ids: (N,) without marks of begin and end.
        bounds: (2 R + 1,) uint32: sentence s is ids[bounds[s]:bounds[s + 1]].
    """

    ids: Ids
    bounds: NDArray[np.uint32]

    @classmethod
    def of(cls, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> "Shard":
        """From ids of source and target."""
        sentences = list(chain.from_iterable(pairs))
        bounds = np.zeros(len(sentences) + 1, dtype=np.uint32)
        np.cumsum([len(sentence) for sentence in sentences], out=bounds[1:])
        return cls(np.fromiter(chain.from_iterable(sentences), np.uint16, int(bounds[-1])), bounds)

    @classmethod
    def joined(cls, parts: Sequence["Shard"]) -> "Shard":
        """Of the pairs of all parts."""
        offsets = np.cumsum([0, *(len(part.ids) for part in parts)])
        bounds = [p.bounds[1:] + np.uint32(o) for p, o in zip(parts, offsets, strict=False)]
        ids = [np.zeros(0, np.uint16), *(part.ids for part in parts)]
        return cls(np.concatenate(ids), np.concatenate([np.zeros(1, np.uint32), *bounds]))

    @classmethod
    def open(cls, path: Path, subwords: str) -> "Shard | None":
        """Of a file, mapped; None if it is not there, cut short, damaged, or of another model.

        Args:
            subwords: the model's SHA-256.
        """
        try:
            content = np.memmap(path, mode="r")
        except (OSError, ValueError):  # ValueError: it is empty
            return None
        body = kept.unsealed(content.data)
        head = MAGIC + bytes.fromhex(subwords)
        if body is None or bytes(body[: len(head)]) != head:
            return None
        count = int.from_bytes(body[len(head) : HEADER], "little")
        ends = HEADER + 4 * (2 * count + 1)
        return cls(np.frombuffer(body[ends:], "<u2"), np.frombuffer(body[HEADER:ends], "<u4"))

    def write(self, path: Path, subwords: str) -> None:
        """Writes the file, whole or not at all.

        Raises:
            OSError: naming it.
        """
        head = MAGIC + bytes.fromhex(subwords) + len(self).to_bytes(8, "little")
        body = self.bounds.astype("<u4").tobytes() + self.ids.astype("<u2").tobytes()
        kept.write(path, head + body)

    def __len__(self) -> int:
        return len(self.bounds) // 2

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Ids of source and target (R, 2)."""
        ends = self.bounds.astype(np.int64)
        return (ends[1:] - ends[:-1]).reshape(-1, 2)


class Pairs:
    """The pairs of all shards, numbered through.

    Attributes:
        subwords: ids of all sources, of all targets.
        spans: the sum of max(source, target) + 1 over the pairs, by which batches are cut.
    """

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = list(shards)
        self._first = np.cumsum([0, *map(len, shards)])
        self.subwords, self.spans = (0, 0), 0
        for shard in shards:
            lengths = shard.lengths
            source, target = lengths.sum(0).tolist()
            self.subwords = self.subwords[0] + source, self.subwords[1] + target
            self.spans += int(lengths.max(1, initial=0).sum()) + len(shard)

    def __len__(self) -> int:
        return int(self._first[-1])

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Ids of source and target of the pairs (n,) of these numbers (n, 2)."""
        found = np.zeros((len(rows), 2), dtype=np.int64)
        of = self._shard_of(rows)
        for number in np.unique(of):
            here = of == number
            sentences = 2 * (rows[here] - self._first[number])
            ends = self._shards[number].bounds[sentences[:, None] + np.arange(3)]
            found[here] = np.diff(ends.astype(np.int64), axis=1)
        return found

    def __getitem__(self, row: int) -> tuple[Ids, Ids]:
        """Source and target of a pair, as views."""
        number = int(self._shard_of(np.asarray(row)))
        shard, sentence = self._shards[number], 2 * (row - int(self._first[number]))
        start, middle, end = (int(bound) for bound in shard.bounds[sentence : sentence + 3])
        return shard.ids[start:middle], shard.ids[middle:end]

    def target_counts(self, size: int) -> NDArray[np.int64]:
        """How often each of `size` ids stands in the targets."""
        counts = np.zeros(size, dtype=np.int64)
        for shard in self._shards:
            sentences = np.arange(2 * len(shard)) % 2 == 1
            targets = np.repeat(sentences, shard.lengths.flatten())
            counts += np.bincount(shard.ids[targets], minlength=size)
        return counts

    def _shard_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self._first, rows, side="right") - 1
