"""Text as symbols in memory, and parallel streams of it cut into windows.

N symbols of a split    B streams    T steps of a window    L steps of a stream
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypernetworks.data.errors import DataError

Window = tuple[Tensor, Tensor, bool]


BYTES, CHARACTERS = "bytes", "characters"


@dataclass(frozen=True)
class Alphabet:
    """The symbols of a text, in the order of their numbers.

    symbols: one character each; in the form "bytes" the Latin-1 character of the byte's value, in
    the form "characters" the code point itself, of a text in UTF-8.
    """

    symbols: str
    form: str = BYTES

    @classmethod
    def of(cls, text: bytes | memoryview, form: str = BYTES) -> "Alphabet":
        """The symbols that occur in a text, by rising value."""
        values = np.unique(_values(text, form))
        return cls("".join(map(chr, values.tolist())), form)

    @classmethod
    def from_record(cls, split: Mapping[str, Any]) -> "Alphabet":
        """That of a record's data.split."""
        return cls(split["alphabet"], CHARACTERS if split.get("encoding") == "utf-8" else BYTES)

    def to_record(self) -> dict[str, object]:
        """How many symbols there are, and each of them, by number."""
        encoding = {"encoding": "utf-8"} if self.form == CHARACTERS else {}
        return {"symbols": len(self.symbols), "alphabet": self.symbols, **encoding}

    @property
    def newline(self) -> int:
        """The newline's number; 0 if there is none."""
        return max(0, self.symbols.find("\n"))

    def values(self) -> list[int]:
        """What each symbol's number stands for: a byte's value, a code point."""
        return [ord(symbol) for symbol in self.symbols]

    def encode(self, text: bytes | memoryview, name: str = "text") -> Tensor:
        """Symbol numbers (N,), uint8, or int32 of more than 256 symbols.

        Raises:
            DataError: naming the text, a symbol that is not in the alphabet, and its place.
        """
        values, count = _values(text, self.form), len(self.symbols)
        # A look-up in a table: a whole enwik8 is 100 million of them.
        table = np.full(256 if self.form == BYTES else sys.maxunicode + 1, -1, np.int32)
        table[self.values()] = np.arange(count)
        ids = table.astype(np.int16)[values] if self.form == BYTES else table[values]
        unknown = np.flatnonzero(ids < 0)
        if len(unknown):
            first = int(unknown[0])
            symbol = chr(int(values[first]))
            shown = repr(symbol.encode("latin-1") if self.form == BYTES else symbol)
            raise DataError(f"the {name} has {shown} at {first:,}, which is no known symbol")
        return torch.from_numpy(ids.astype(np.uint8 if count <= 256 else np.int32))

    def decode(self, ids: Tensor) -> bytes:
        """The text of symbol numbers (N,)."""
        text = "".join(self.symbols[number] for number in ids.tolist())
        return text.encode("latin-1" if self.form == BYTES else "utf-8")


def _values(text: bytes | memoryview, form: str) -> NDArray[Any]:
    """Byte values, or the code points of UTF-8 text (N,).

    Raises:
        UnicodeDecodeError: if it is no UTF-8.
    """
    if form == BYTES:
        return np.frombuffer(text, np.uint8)
    return np.frombuffer(bytes(text).decode("utf-8").encode("utf-32-le"), "<u4")


@dataclass(frozen=True)
class TextSplits:
    """train, valid, test: symbol numbers (N,) of the alphabet. provenance: for the record."""

    train: Tensor
    valid: Tensor
    test: Tensor
    alphabet: Alphabet
    provenance: dict[str, object]


def encode(
    parts: Mapping[str, bytes | memoryview], alphabet: Alphabet | None = None
) -> tuple[dict[str, Tensor], Alphabet]:
    """The splits as symbol numbers.

    Args:
        parts: {split: text}, the training text under "train".
        alphabet: the symbols that may occur; those of the training text, as bytes, if None.
    Returns:
        {split: (N,)}, the alphabet.
    Raises:
        DataError: naming a symbol that is none of the alphabet's, and where it stands.
    """
    alphabet = alphabet or Alphabet.of(parts["train"])
    return {n: alphabet.encode(part, f"{n} text") for n, part in parts.items()}, alphabet


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
