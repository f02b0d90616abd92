"""Lines of handwriting in batches, as a pure function of (seed, epoch, position).

R lines, B lines of a batch, T points of a line, P predictions of a batch
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Lines

LineBatch = tuple[PackedSequence, Tensor, float]
POOL = 16  # batches of lines that are sorted by length together


class LineBatches:
    """The batches of a split, held in memory on the device, normalised.

    A line of T points gives T - 1 predictions, of all its points but the first, each read from the
    points before it. Lines of about the same length share a batch: an epoch's random order is cut
    into pools of POOL batches, each pool sorted by length and cut into batches, whose order is
    random again.

    Args:
        lines: the split.
        moments: mean and standard deviation (2,) of the training offsets.
        batch_size: B, over all shards; the last batch cut may be smaller.
        seed: of order and scaling.
        scaling: each line's dx and dy are multiplied by factors of their own, uniform in
            1 - scaling to 1 + scaling, before they are normalised.
        shuffle: whether each epoch has an order of its own; else by length.
        device: where the points lie.
        shard: (rank, world): this process's part of each batch. Everything random is drawn for
            the whole batch first, so the shards together are the batch of a single process.
    Raises:
        DataError: if a setting cannot work, or a line has one point alone.
    """

    def __init__(
        self,
        lines: Lines,
        moments: tuple[Tensor, Tensor],
        batch_size: int,
        seed: int = 0,
        scaling: float = 0.0,
        shuffle: bool = True,
        device: torch.device | str = "cpu",
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        world = shard[1]
        if not 0 <= scaling < 1:
            raise DataError(f"dataset.scaling={scaling}: it must be 0 or more, and below 1")
        if (lines.lengths < 2).any():
            raise DataError(
                "some lines have one point, of which nothing is predicted: dataset.min_points must "
                "be 2 or more"
            )
        if batch_size < 1:
            raise DataError(f"trainer.batch_size={batch_size}: it must be at least 1")
        smallest = len(lines) % batch_size or batch_size
        if smallest < world:
            raise DataError(
                f"trainer.batch_size={batch_size}: a batch of {smallest} of {len(lines):,} lines "
                f"is too small for {world} processes"
            )
        self.batch_size = batch_size
        self.seed = seed
        self.scaling = scaling
        self.shuffle = shuffle
        self.shard = shard
        self.lengths = lines.lengths
        self.starts = lines.starts.tolist()
        self.mean, self.std = (part.to(device) for part in moments)
        self.points = lines.points.to(device, copy=True)
        self.points[:, :2] = (self.points[:, :2] - self.mean) / self.std

    @property
    def predictions(self) -> int:
        """Of an epoch, over all shards."""
        return int(self.lengths.sum()) - len(self.lengths)

    def predicted(self) -> Tensor:
        """All points but each line's first (P, 3), as they lie here: not scaled."""
        first = torch.zeros(len(self.points), dtype=torch.bool)
        first[self.starts[:-1]] = True
        return self.points[~first.to(self.points.device)]

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[LineBatch]:
        """Yields the epoch's batches from number `start` on.

        Yields:
            the points that are read, as a PackedSequence of B lines (P, 3); the points that follow
            them (P, 3), in the same order; the whole batch's lines over the number of shards, so
            that the mean over the shards of what is divided by it is the whole batch's mean.
        """
        for index, whole in enumerate(self._order(epoch)[start:], start):
            drawn = self._factors(len(whole), epoch, index)
            rank, world = self.shard
            read, following = self._packed(whole[rank::world], drawn[rank::world])
            yield read, following, len(whole) / world

    def _order(self, epoch: int) -> list[Tensor]:
        """The lines (B,) of each batch."""
        if not self.shuffle:
            return list(self.lengths.argsort(stable=True).split(self.batch_size))
        generator = self._generator(epoch)
        shuffled = torch.randperm(len(self.lengths), generator=generator)
        batches: list[Tensor] = []
        for pool in shuffled.split(POOL * self.batch_size):
            by_length = pool[self.lengths[pool].argsort(stable=True)]
            batches += by_length.split(self.batch_size)
        return [batches[k] for k in torch.randperm(len(batches), generator=generator)]

    def _factors(self, count: int, epoch: int, index: int) -> Tensor:
        """(count, 2), of dx and dy."""
        if not self.scaling:
            return torch.ones(count, 2)
        drawn = torch.rand(count, 2, generator=self._generator(epoch, index + 1))
        return 1 + self.scaling * (2 * drawn - 1)

    def _packed(self, rows: Tensor, factors: Tensor) -> tuple[PackedSequence, Tensor]:
        lines = [self.points[self.starts[row] : self.starts[row + 1]] for row in rows.tolist()]
        if self.scaling:
            factors = factors.to(self.points.device)
            lines = [self._scaled(line, f) for line, f in zip(lines, factors, strict=True)]
        read, follow = (
            pack_sequence([line[part] for line in lines], enforce_sorted=False)
            for part in (slice(None, -1), slice(1, None))
        )
        return read, follow.data

    def _scaled(self, line: Tensor, factors: Tensor) -> Tensor:
        # Normalised (f d - mean) / std from (d - mean) / std.
        offsets = factors * line[:, :2] + (factors - 1) * self.mean / self.std
        return torch.cat([offsets, line[:, 2:]], 1)

    def _generator(self, *position: int) -> torch.Generator:
        # SeedSequence keeps neighbouring positions from giving related streams.
        state = np.random.SeedSequence([self.seed, *position]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0] >> 1))
