"""Translation models to be measured, the pairs they train on, and their training steps."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch

from hypernetworks.data.pair_batches import PairBatch, PairBatches
from hypernetworks.data.pairs import Pairs, Shard
from hypernetworks.data.subwords import END
from hypernetworks.models.gnmt import GNMT
from hypernetworks.training.devices import Placement

CELLS = {"lstm": "LSTM", "layernorm_hyperlstm": "LN-HyperLSTM"}
LONGEST = 80  # subwords of a sentence


@dataclass(frozen=True)
class Size:
    """layers: of each side. embedding: N_z. batch: pairs."""

    layers: int
    hidden: int
    symbols: int
    hyper: int
    embedding: int
    batch: int


REDUCED = Size(2, 256, 8_000, hyper=64, embedding=32, batch=128)
PAPER = Size(8, 1024, 32_000, hyper=128, embedding=32, batch=128)


def build(cell: str, size: Size, device: torch.device) -> GNMT:
    """The model with a cell of CELLS."""
    settings: dict[str, Any] = {}
    if cell == "layernorm_hyperlstm":
        settings = {"hyper_size": size.hyper, "embedding_size": size.embedding}
    with torch.device(device):
        return GNMT(cell, size.symbols, size.layers, size.hidden, dropout=0.2, **settings)


@torch.no_grad()
def endless(model: GNMT) -> None:
    """Makes the end improbable, so that translations are as long as they may be."""
    model.readout.bias[END] -= 30


def some_pairs(pairs: int, symbols: int) -> Pairs:
    """Random subwords in sentences as long as those of speeches: half of them within 15 to 33 of
    the source, the target a tenth longer, some more and some less."""
    random = np.random.default_rng(0)
    source = random.lognormal(np.log(22), 0.6, pairs)
    target = source * random.normal(1.1, 0.12, pairs)
    lengths = np.stack([source, target], 1).round().clip(3, LONGEST).astype(int)
    drawn = [[random.integers(3, symbols, n) for n in both] for both in lengths]
    return Pairs([Shard.of([(one, other) for one, other in drawn])])


class Training:
    """Training steps on one batch after another, as a run makes them.

    Args:
        batches: on the placement's device, as the model.
        precision: "float32" or "bfloat16".
    Attributes:
        batch: the last one. tokens: target subwords of the batches so far, an end each.
    """

    def __init__(
        self, model: GNMT, batches: PairBatches, placement: Placement, precision: str = "float32"
    ) -> None:
        self.model = model.train()
        self.placement = placement
        self.precision = precision
        self.optimizer = torch.optim.Adam(model.parameters(), lr=0.0002, fused=True)
        self.batches: Iterator[PairBatch] = (b for epoch in count() for b in batches.epoch(epoch))
        self.tokens = 0

    def __call__(self) -> None:
        """Draws a batch and takes a step on it."""
        self.batch = next(self.batches)
        source, read, following, _ = self.batch
        self.optimizer.zero_grad(set_to_none=True)
        with self.placement.autocast(self.precision):
            loss = self.model(source, read, following) / len(following)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.tokens += len(following)
        wait(self.placement.device)


def seconds_of(act: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes."""
    started = clock()
    act()
    return clock() - started


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
