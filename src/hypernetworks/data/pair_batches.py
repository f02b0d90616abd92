"""Sentence pairs in batches, as a pure function of (seed, epoch, position).

R pairs, B pairs of a batch, P predictions of a batch
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from hypernetworks.data.errors import DataError
from hypernetworks.data.pair_splits import HeldOut
from hypernetworks.data.pairs import Ids, Pairs
from hypernetworks.data.permutation import permuted
from hypernetworks.data.subwords import BEGIN, END

PairBatch = tuple[PackedSequence, PackedSequence, Tensor, float]
POOL = 16  # batches of pairs that are sorted by length together
Rows = NDArray[np.int64]


class PairBatches:
    """The batches of a split, read from where its pairs lie, a pool at a time.

    Pairs of about the same lengths share a batch: an epoch's random order is cut into pools of POOL
    batches, each pool sorted by the target's length, then the source's, and cut into batches, whose
    order within the pool is random again.

    Args:
        pairs: the split.
        batch_size: B, over all shards; the last batch cut may be smaller.
        tokens: with it, batches are of about so many tokens instead: as many batches as have them
            on average, pools of as many pairs a batch, each cut into parts of about as many
            tokens. A pair's tokens are those of its longer side and a mark. No batch has fewer
            pairs than there are processes.
        seed: of the order.
        shuffle: whether each epoch has an order of its own; else pools are as the pairs lie.
        device: where the batches lie.
        shard: (rank, world): this process's part of each batch; together they are the batch of a
            single process, unless by tokens that one would have fewer pairs than processes.
    Raises:
        DataError: if a setting cannot work, such as batches of fewer pairs than processes.
    """

    def __init__(
        self,
        pairs: Pairs,
        batch_size: int,
        tokens: int | None = None,
        seed: int = 0,
        shuffle: bool = True,
        device: torch.device | str = "cpu",
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        if not len(pairs):
            raise DataError("there is no sentence pair to make batches of")
        if batch_size < 1:
            raise DataError(f"trainer.batch_size={batch_size}: it must be at least 1")
        if tokens is not None and tokens < 1:
            raise DataError(f"dataset.tokens={tokens}: it must be at least 1, or null")
        self.pairs = pairs
        self.tokens = tokens
        self.seed = seed
        self.shuffle = shuffle
        self.device = device
        self.shard = shard
        self.batch_size, world = batch_size, shard[1]
        smallest, setting = len(pairs) % batch_size or batch_size, f"trainer.{batch_size=}"
        if tokens is not None:
            self.batch_size = max(1, round(tokens * len(pairs) / pairs.spans))
            smallest, setting = min(self.batch_size, len(pairs)), f"dataset.{tokens=}"
        if smallest < world:
            raise DataError(
                f"{setting}: a batch of {smallest} of {len(pairs):,} pairs is too small for "
                f"{world} processes"
            )
        self._count = -(-len(pairs) // self.batch_size)
        if tokens is not None:
            self._count = min(self._count, len(pairs) // world)

    @property
    def predictions(self) -> int:
        """Of an epoch, over all shards: the targets' subwords, and an end each."""
        return self.pairs.subwords[1] + len(self.pairs)

    def __len__(self) -> int:
        return self._count

    def epoch(self, epoch: int, start: int = 0) -> Iterator[PairBatch]:
        """Yields the epoch's batches from number `start` on.

        Yields:
            source: int64 ids of B sentences and an end each; read: a begin each and the targets;
            following: (P,) the targets and an end each, in the order of read.data; the whole
            batch's pairs over the number of shards, so that the mean over the shards of what is
            divided by it is the whole batch's mean. Pair b is sequence b of both.
        """
        rank, world = self.shard
        for whole in self.rows(epoch, start):
            yield (*self._packed(whole[rank::world]), len(whole) / world)

    def rows(self, epoch: int, start: int = 0) -> Iterator[Rows]:
        """Yields the pairs (B,) of each whole batch from number `start` on."""
        for pool in range(start // POOL, -(-len(self) // POOL)):
            yield from self._pool(epoch, pool)[max(0, start - pool * POOL) :]

    def _pool(self, epoch: int, pool: int) -> list[Rows]:
        first, last = pool * POOL, min((pool + 1) * POOL, len(self))
        rows = np.arange(self._start(first), self._start(last))
        if self.shuffle:
            rows = permuted(rows, len(self.pairs), self.seed, epoch)
        lengths = self.pairs.lengths(rows)
        by_length = np.lexsort((lengths[:, 0], lengths[:, 1]))
        rows = rows[by_length]
        cuts = np.arange(self.batch_size, len(rows), self.batch_size)
        if self.tokens is not None:
            spans = (lengths.max(1) + 1)[by_length]
            cuts = _cuts(spans, last - first, least=self.shard[1])
        batches = np.split(rows, cuts)
        if not self.shuffle:
            return batches
        random = np.random.default_rng([self.seed, epoch, pool])
        return [batches[k] for k in random.permutation(len(batches))]

    def _start(self, batch: int) -> int:
        """How many pairs lie in the pools before the one that this batch begins."""
        if self.tokens is None:
            return min(batch * self.batch_size, len(self.pairs))
        return batch * len(self.pairs) // len(self)

    def _packed(self, rows: Rows) -> tuple[PackedSequence, PackedSequence, Tensor]:
        sources, reads, follows = [], [], []
        for one, other in map(self.pairs.__getitem__, rows.tolist()):
            sources.append(_marked(one, end=True))
            reads.append(_marked(other, end=False))
            follows.append(_marked(other, end=True))
        packed = [pack_sequence(part, enforce_sorted=False) for part in (sources, reads, follows)]
        # Its annotation knows dtypes alone.
        source, read, follow = (part.to(self.device) for part in packed)  # type: ignore[arg-type]
        return source, read, follow.data


class TextBatches:
    """A development or test set: batches of its pairs beside their text, sources and references.

    Args:
        held_out: the set.
        batch_size: B; the last batch may be smaller.
        device: where the pairs lie.
    """

    def __init__(self, held_out: HeldOut, batch_size: int, device: torch.device | str) -> None:
        self.texts = held_out.texts
        self.pairs = PairBatches(held_out.pairs, batch_size, shuffle=False, device=device)

    def __len__(self) -> int:
        return len(self.pairs)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[PairBatch, list[str], list[str]]]:
        """Yields the batches from number `start` on, the same in every epoch."""
        for batch, rows in zip(
            self.pairs.epoch(epoch, start), self.pairs.rows(epoch, start), strict=True
        ):
            source, target = self.texts.source, self.texts.target
            yield batch, [source[row] for row in rows], [target[row] for row in rows]


def _cuts(spans: Rows, count: int, least: int) -> Rows:
    """Where to cut pairs into `count` parts of about as many tokens and `least` pairs or more."""
    until = spans.cumsum()
    parts = np.arange(1, count)
    cuts = np.searchsorted(until, until[-1] * parts / count, side="right")
    # Beyond `least` pairs a part; what never falls leaves every part its own.
    more = np.maximum.accumulate(cuts - least * parts)
    return least * parts + more.clip(0, len(spans) - least * count)


def _marked(ids: Ids, end: bool) -> Tensor:
    """The ids with a mark of their end, or before them of their beginning."""
    found = np.empty(len(ids) + 1, dtype=np.int64)
    if end:
        found[:-1], found[-1] = ids, END
    else:
        found[0], found[1:] = BEGIN, ids
    return torch.from_numpy(found)
