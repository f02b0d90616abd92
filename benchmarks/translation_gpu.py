"""Table 6's models at the paper's size on a GPU: training in bfloat16, decoding with a beam of 4.

Skipped, and said so, where there is no CUDA device. Each model has a process of its own, so that
neither its memory nor a failure is the other's. Batches of mixed lengths are what a run trains on.
A batch again and again replays CUDA graphs all the time; batches of mixed lengths record them anew
for lengths that were not there lately, which the last line of training does without. It also runs
as `python -m benchmarks.translation_gpu`, where Hydra is not installed.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import TypeVar
from unittest.mock import patch

import torch
from torch.nn.utils.rnn import PackedSequence

from benchmarks.translation_model import (
    CELLS,
    PAPER,
    Size,
    Training,
    build,
    endless,
    seconds_of,
    some_pairs,
    wait,
)
from hypernetworks.data.pair_batches import PairBatches
from hypernetworks.models.beam import beam_search
from hypernetworks.models.gnmt import GNMT
from hypernetworks.recurrent.fused import graphs
from hypernetworks.training.devices import Placement, placement

SECONDS = 3.0  # of each measurement of training
LIMIT = 240.0  # seconds of a model's process
LONGEST = 30  # symbols of a translation with its end
GIGABYTE = 1 << 30


@dataclass(frozen=True)
class Measurement:
    """What a model's figures have in common; `seconds` of each of training."""

    cell: str
    size: Size
    placement: Placement
    seconds: float = SECONDS

    def run(self) -> None:
        """Prints the figures; a part that fails is a line, and the parts after it run."""
        device = self.placement.device
        print(f"{CELLS[self.cell]}, {self.size.batch} pairs, bfloat16", flush=True)
        model = attempt("building", self.built)
        if model is None:
            return
        pairs = some_pairs(64 * self.size.batch, self.size.symbols)
        batches = PairBatches(pairs, self.size.batch, device=device)
        training = Training(model, batches, self.placement, "bfloat16")
        attempt("the first step", lambda: self.first(training))
        attempt("one batch", lambda: self.one_batch(training))
        attempt("mixed lengths", lambda: self.mixed(training, "batches of mixed lengths"))
        with patch.object(graphs, "on_cuda", lambda *_: False):
            attempt("no graphs", lambda: self.mixed(training, "the same without CUDA graphs"))
        attempt("memory", lambda: print_memory(device))
        source = next(batches.epoch(1))[0]
        attempt("beam search", lambda: self.decoding(model, source))

    def built(self) -> GNMT:
        started = time.perf_counter()
        model = build(self.cell, self.size, self.placement.device)
        count = sum(parameter.numel() for parameter in model.parameters())
        say(f"{count:,} parameters, made in {time.perf_counter() - started:.1f} s")
        return model

    def first(self, training: Training) -> None:
        say(f"the first step, with compilation: {seconds_of(training):.1f} s")

    def one_batch(self, training: Training) -> None:
        batch = next(training.batches)
        training.batches, others = repeat(batch), training.batches
        try:
            for _ in range(2):
                training()  # records the graphs
            self.report(training, "one batch again and again")
        finally:
            training.batches = others

    def mixed(self, training: Training, name: str) -> None:
        training()
        self.report(training, name)

    def report(self, training: Training, name: str) -> None:
        """Prints what a step takes, of at least three."""
        found, before = list[float](), training.tokens
        while len(found) < 3 or sum(found) < self.seconds:
            found.append(seconds_of(training))
        tokens = (training.tokens - before) / sum(found)
        low, high = min(found) * 1e3, max(found) * 1e3
        say(
            f"{name}: {median(found) * 1e3:.0f} ms a step, median of {len(found)} ({low:.0f} to "
            f"{high:.0f}), {tokens:,.0f} target tokens/s"
        )

    def decoding(self, model: GNMT, source: PackedSequence) -> None:
        """Prints sentences a second, in float32 and in bfloat16."""
        count, device = int(source.batch_sizes[0]), self.placement.device
        endless(model.eval())

        def translate() -> None:
            beam_search(model, source, longest=LONGEST)
            wait(device)

        for precision in ("float32", "bfloat16"):
            with self.placement.autocast(precision):
                beam_search(model, source, longest=2)  # warms up
                wait(device)
                seconds = seconds_of(translate)
            say(
                f"beam search, beam 4, {count} sentences of {LONGEST} symbols, {precision}: "
                f"{count / seconds:.1f} sentences/s, {seconds / LONGEST * 1e3:.1f} ms a symbol"
            )


Found = TypeVar("Found")


def attempt(name: str, part: Callable[[], Found]) -> Found | None:
    """What the part returns; None after a line if it fails in whatever way."""
    try:
        return part()
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        say(f"{name}: failed, {type(error).__name__}: {reason}")
        return None


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def print_memory(device: torch.device) -> None:
    if device.type != "cuda":
        say("peak memory: measured on CUDA alone")
        return
    used, held = torch.cuda.max_memory_allocated(device), torch.cuda.max_memory_reserved(device)
    say(f"peak memory: {used / GIGABYTE:.1f} GB, {held / GIGABYTE:.1f} GB with what torch keeps")


def measure(cell: str, size: Size = PAPER, device: str = "cuda", seconds: float = SECONDS) -> None:
    """Prints a model's figures, computed as a run computes on that device."""
    with placement(device) as place:
        Measurement(cell, size, place, seconds).run()


def main() -> None:
    if not torch.cuda.is_available():
        print("translation at the paper's size on a GPU: not measured, no CUDA device")
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    for cell in CELLS:
        command = [sys.executable, "-m", "benchmarks.translation_gpu", cell]
        try:
            done = subprocess.run(command, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            say(f"{CELLS[cell]}: stopped after {LIMIT:.0f} s")
            continue
        if done.returncode:
            say(f"{CELLS[cell]}: its process ended with {done.returncode}")


if __name__ == "__main__":
    measure(sys.argv[1]) if sys.argv[1:] else main()
