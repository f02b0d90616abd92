"""Text as symbols in memory, and parallel streams of it cut into windows.

N symbols of a split    B streams    T steps of a window    L steps of a stream
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hypernetworks.data.errors import DataError

Window = tuple[Tensor, Tensor, bool]


@dataclass(frozen=True)
class TextSplits:
    """train, valid, test: (N,) uint8 symbol numbers. symbols: the bytes that they stand for."""

    train: Tensor
    valid: Tensor
    test: Tensor
    symbols: bytes
    provenance: dict[str, object]


def encode(
    parts: Mapping[str, bytes | memoryview], symbols: bytes | None = None
) -> tuple[dict[str, Tensor], bytes]:
    """The splits as symbol numbers.

    Args:
        parts: {split: text}, the training text under "train".
        symbols: the bytes that may occur, in the order of their numbers; those of the training
            text in the order of their values if None.
    Returns:
        {split: (N,) uint8}, symbols.
    Raises:
        DataError: naming a byte that is no symbol, and where it stands.
    """
    arrays = {name: np.frombuffer(text, np.uint8) for name, text in parts.items()}
    if symbols is None:
        symbols = np.unique(arrays["train"]).tobytes()
    numbers = np.full(256, -1, np.int16)
    numbers[np.frombuffer(symbols, np.uint8)] = np.arange(len(symbols))
    found = {}
    for name, array in arrays.items():
        ids = numbers[array]
        unknown = np.flatnonzero(ids < 0)
        if len(unknown):
            byte, at = bytes([array[unknown[0]]]), int(unknown[0])
            raise DataError(f"the {name} text has {byte!r} at {at:,}, which is no known symbol")
        found[name] = torch.from_numpy(ids.astype(np.uint8))
    return found, symbols


def described(symbols: bytes) -> dict[str, object]:
    """The symbols for a record: how many, and each byte, by number, as the Latin-1 character."""
    return {"symbols": len(symbols), "alphabet": symbols.decode("latin-1")}


class Streams:
    """A text cut into B parallel streams, each read window by window: truncated back-propagation.

    The N - 1 predictions of the text are divided evenly: stream b predicts L = (N - 1) // B
    symbols, and the fewer than B at the end are left out. With one stream nothing is left out.

    Args:
        ids: (N,) symbol numbers.
        batch_size: B, over all shards.
        window: T; the last window of an epoch may be shorter.
        device: where the windows lie.
        shard: (rank, world): this process's part of the streams.
        key: the setting that batch_size is, for errors.

    Attributes:
        predictions: B L, those of an epoch, over all shards.
    """

    def __init__(
        self,
        ids: Tensor,
        batch_size: int,
        window: int,
        device: torch.device | str = "cpu",
        shard: tuple[int, int] = (0, 1),
        key: str = "trainer.batch_size",
    ) -> None:
        rank, world = shard
        if window < 1:
            raise DataError(f"dataset.window={window}: it must be at least 1")
        if batch_size < 1:
            raise DataError(f"{key}={batch_size}: it must be at least 1")
        if batch_size % world:
            raise DataError(f"{key}={batch_size} does not divide over {world} processes")
        length = (len(ids) - 1) // batch_size
        if length < 1:
            raise DataError(
                f"{key}={batch_size}: a text of {len(ids):,} symbols has not that many streams"
            )
        self.window = window
        self.predictions = batch_size * length
        self.inputs, self.targets = (
            part.view(batch_size, length).tensor_split(world)[rank].t().to(device)
            for part in (ids[: batch_size * length], ids[1 : batch_size * length + 1])
        )

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.window)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Window]:
        """Yields the windows from number `start` on, the same in every epoch.

        Yields:
            inputs and targets (T, B) int64, and whether the streams begin here.
        """
        for index in range(start, len(self)):
            part = slice(index * self.window, (index + 1) * self.window)
            yield self.inputs[part].long(), self.targets[part].long(), index == 0
