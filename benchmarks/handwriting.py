"""Training a handwriting model against its recurrent core alone; how long a sheet of lines takes.

One arm is `Loop.run` on rows of table 5 as a run has it: lines packed into a batch and scaled,
dropout, mixture density, loss, backward, clipping, Adam, loss readings, metrics file and progress
listener. The other is forward and backward of the recurrent layer alone on the same lines, without
dropout. They take turns step by step, in one process, on one thread. Evaluation and checkpoints are
left out of both. Lines are written by `write`, against as many single steps of the core.
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.loop import TakeTurns, as_in_a_run
from benchmarks.measure import compare, in_turns
from benchmarks.recurrent import one_thread
from hypernetworks import LSTM, HandwritingModel, HyperLSTM, write
from hypernetworks.app.listeners import MetricsListener, ProgressListener
from hypernetworks.data.line_batches import LineBatches
from hypernetworks.data.lines import Lines, moments
from hypernetworks.models.writing import LINES, POINTS
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.handwriting import Handwriting
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.loop import Loop
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

TARGET = 1.25
TARGET_SECONDS = 10.0
ROWS = ("lstm_900", "hyperlstm_900")


class CoreSteps:
    """Forward and backward of the recurrent layer on lines that are already there."""

    def __init__(self, core: LSTM | HyperLSTM, batches: LineBatches) -> None:
        self.core = core
        self.lines, *_ = next(batches.epoch(0))

    def __call__(self) -> float:
        """Takes a step; returns its seconds."""
        started = time.perf_counter()
        output, _ = self.core(self.lines)
        output.data.sum().backward()
        seconds = time.perf_counter() - started
        self.core.zero_grad()
        return seconds


def build(row: str, scale: float = 1.0, dropout: float = 0.0) -> HandwritingModel:
    """A row of table 5 with its units times `scale`."""
    units, hyper_units = (round(n * scale) for n in (900, 128))
    core: Any = LSTM(3, units, recurrent_dropout=dropout)
    if row == "hyperlstm_900":
        sizes = {"hyper_size": hyper_units, "embedding_size": 4}
        core = HyperLSTM(3, units, **sizes, recurrent_dropout=dropout)
    return HandwritingModel(core, output_dropout=dropout)


def some_lines(count: int, points: int) -> Lines:
    """Lines of `points` points, a tenth more or less."""
    generator = torch.Generator().manual_seed(0)
    spread = 2 * torch.rand(count, generator=generator) - 1
    lengths = (points * (1 + 0.1 * spread)).long().tolist()
    lines = [torch.randn(n, 3, generator=generator) for n in lengths]
    for line in lines:
        line[:, 2] = (line[:, 2] > 1.5).float()
    return Lines.of(lines, list(range(count)), [-1] * count)


def measure(
    row: str, steps: int = 6, batch: int = 32, points: int = POINTS, scale: float = 1.0
) -> tuple[float, Loop]:
    """Prints and returns the ratio; returns the loop too."""
    lines = some_lines(batch, points)
    about = moments(lines)
    train = LineBatches(lines, about, batch, scaling=0.1)  # an epoch is one batch
    valid = LineBatches(some_lines(2, 30), about, 2, shuffle=False)
    settings = TrainerSettings(batch, 0.0001, clip_norm=5.0, max_steps=steps, eval_every=steps)
    with tempfile.TemporaryDirectory() as folder, tqdm(total=steps, disable=True) as bar:
        task = Handwriting(*about, train.predictions / batch)
        checkpoint = Path(folder) / "checkpoint.pt"
        model = build(row, scale, dropout=0.05)
        loop = as_in_a_run(model, task, train, valid, settings, checkpoint)
        turns = TakeTurns(CoreSteps(build(row, scale).core, train))
        metrics = MetricsListener(MetricsFile(Path(folder) / "metrics.jsonl"))
        loop.listeners += [metrics, ProgressListener(bar, "valid_log_loss", 0, steps), turns]
        loop.run(StopFlag())
    part = slice(1, None)  # the first step fills caches
    ratio = compare(
        f"{row}, a training iteration / forward + backward of its core",
        turns.loop_seconds[part],
        turns.bare_seconds[part],
        TARGET,
    )
    print(f"  {train.predictions / median(turns.loop_seconds[part]):,.0f} points/s")
    return ratio, loop


def sheet(row: str, rounds: int = 3, points: int = POINTS, scale: float = 1.0) -> float:
    """Prints the ratio of writing a sheet of lines to single steps; returns its seconds."""
    model = build(row, scale).eval()
    about = torch.zeros(2), torch.ones(2)

    def written() -> float:
        started = time.perf_counter()
        write(model, about, LINES, points, generator=torch.Generator().manual_seed(0))
        return time.perf_counter() - started

    @torch.inference_mode()
    def stepped() -> float:
        started = time.perf_counter()
        point, state = torch.zeros(LINES, 3), None
        for _ in range(points - 1):
            _, state = model.core.step(point, state)
        return time.perf_counter() - started

    ours, theirs = zip(*in_turns(written, stepped, rounds, warm=1), strict=True)
    compare(
        f"{row}, writing {LINES} lines of {points} points / the steps of its core", ours, theirs
    )
    seconds = median(ours)
    verdict = "met" if seconds < TARGET_SECONDS else "MISSED"
    print(f"  {seconds:.1f} s (target < {TARGET_SECONDS:.0f} s: {verdict})")
    return seconds


def main() -> None:
    native.load()
    with one_thread():
        for row in ROWS:
            measure(row)
        for row in ROWS:
            sheet(row)
