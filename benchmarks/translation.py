"""Table 6's models at a reduced size: training against its matrix products alone; beam search.

A training step is what a run does for a batch: drawing it, forward, loss, backward, clipping, Adam.
The sizes are no run's of the tables: float32, 128 pairs, dropout.
The products are those of the same batch (translation_products.py). They take turns, batch by batch,
on one thread. Seconds are those that the processor worked for this process, not for others beside
it. Models that have learnt nothing find no end: translations are as long as they may be.
"""

from statistics import median
from time import process_time
from typing import Any

import torch
from tabulate import tabulate
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from benchmarks.measure import compare, compare_rounds
from benchmarks.recurrent import one_thread
from benchmarks.translation_model import (
    CELLS,
    REDUCED,
    Size,
    Training,
    build,
    endless,
    seconds_of,
    some_pairs,
)
from benchmarks.translation_products import products
from hypernetworks.data.pair_batches import PairBatches
from hypernetworks.models.attention import Memory
from hypernetworks.models.beam import beam_search
from hypernetworks.models.gnmt import GNMT
from hypernetworks.recurrent.fused import native
from hypernetworks.training.devices import Placement

TARGET = 1.3
SYMBOLS = 26  # of a translation, with its end
EARLY, LATE = 10, 100  # symbols before the one that is timed
AROUND = 5  # and as many on both sides of it
CPU = Placement(torch.device("cpu"))


class Timed:
    """A model as beam search uses it; `began` are the times at which steps did."""

    def __init__(self, model: GNMT) -> None:
        self.model = model
        self.began: list[float] = []

    def encode(self, source: PackedSequence) -> Memory:
        return self.model.encode(source)

    def start(self, memory: Memory) -> Any:
        return self.model.start(memory)

    def step(self, symbols: Tensor, state: Any, memory: Memory) -> tuple[Tensor, Tensor, Any]:
        self.began.append(process_time())
        return self.model.step(symbols, state, memory)


def training(
    cell: str, batches: PairBatches, size: Size = REDUCED, steps: int = 8
) -> tuple[float, float]:
    """Prints the ratio of steps to their products; returns it, and target subwords a second."""
    step = Training(build(cell, size, CPU.device), batches, CPU)
    step()
    tokens, pairs = step.tokens, []
    for _ in range(steps):
        seconds = seconds_of(step, process_time)
        alone = products(cell, size, step.batch)
        alone()  # reads its memory for the first time
        pairs.append((seconds, seconds_of(alone, process_time)))
    name = f"{CELLS[cell]}, a training step / its matrix products"
    ratio = compare_rounds(name, pairs, TARGET)
    return ratio, (step.tokens - tokens) / sum(seconds for seconds, _ in pairs)


def decoding(model: GNMT, source: PackedSequence, symbols: int = SYMBOLS, rounds: int = 3) -> float:
    """Sentences a second by beam search."""

    def search() -> None:
        beam_search(model, source, longest=symbols)

    seconds = [seconds_of(search, process_time) for _ in range(rounds)]
    return int(source.batch_sizes[0]) / median(seconds)


def growth(
    name: str, model: GNMT, source: PackedSequence, early: int = EARLY, late: int = LATE
) -> float:
    """Prints and returns the ratio of a symbol's time after `late` symbols and after `early`."""
    timed = Timed(model)
    beam_search(timed, source, longest=late + AROUND + 2)
    took = [after - before for before, after in zip(timed.began, timed.began[1:], strict=False)]
    first, last = (took[max(0, n - AROUND) : n + AROUND + 1] for n in (early, late))
    again = (late + 1) / (early + 1)
    return compare(
        f"{name}, beam search, a symbol after {late} / after {early} "
        f"(if it computed them again: {again:.1f})",
        last,
        first,
    )


def measure(size: Size = REDUCED, steps: int = 8, symbols: int = SYMBOLS, late: int = LATE) -> None:
    """Prints all figures of both models."""
    batches = PairBatches(some_pairs(64 * size.batch, size.symbols), size.batch)
    rows, source = [], next(batches.epoch(0))[0]
    for cell, name in CELLS.items():
        _, tokens = training(cell, batches, size, steps)
        model = build(cell, size, CPU.device).eval()
        endless(model)
        rows.append((name, tokens, decoding(model, source, symbols)))
        growth(name, model, source, min(EARLY, late), late)
    head = ["", "training, target subwords/s", "beam search, beam 4, sentences/s"]
    print(tabulate(rows, head, floatfmt=(",.0f", ",.0f", ",.1f")))


def main() -> None:
    native.load()
    with one_thread():
        measure()
