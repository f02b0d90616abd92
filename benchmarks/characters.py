"""Training a character model against its recurrent core alone; how long exact evaluation takes.

One arm is `Loop.run` on ln_hyperlstm_1000 of table 3 as a run has it: windows cut from the streams,
the carried state, dropout, read-out, loss, backward, clipping, Adam, schedule, loss readings,
metrics file and progress listener. The other is forward and backward of the recurrent layer alone
on one window of the same size, without dropout. They take turns step by step, in one process, on
one thread. Evaluation and checkpoints are left out of both.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from tqdm import tqdm

from benchmarks.loop import TakeTurns, as_in_a_run
from benchmarks.measure import compare
from benchmarks.recurrent import one_thread
from hypernetworks import HyperLSTM
from hypernetworks.app.build.characters import EXACT_WINDOW
from hypernetworks.app.listeners import MetricsListener, ProgressListener
from hypernetworks.data.text import Streams
from hypernetworks.models.character import CharacterModel
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.characters import CharacterLanguageModel
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.loop import Loop
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

TARGET = 1.10
SYMBOLS = 50
TEST_SYMBOLS = 442_423  # of the Penn Treebank's test text


class CoreSteps:
    """Forward and backward of the recurrent layer on a window that is already there."""

    def __init__(self, core: HyperLSTM, window: int, streams: int) -> None:
        self.core = core
        self.ids = torch.randint(SYMBOLS, (window, streams))

    def __call__(self) -> float:
        """Takes a step; returns its seconds."""
        started = time.perf_counter()
        output, _ = self.core(self.ids)
        output.sum().backward()
        seconds = time.perf_counter() - started
        self.core.zero_grad()
        return seconds


def build(scale: float, dropout: float) -> CharacterModel:
    """ln_hyperlstm_1000 with its units times `scale`."""
    units, hyper_units = (round(n * scale) for n in (1000, 128))
    sizes = {"hyper_size": hyper_units, "embedding_size": 4}
    core = HyperLSTM(SYMBOLS, units, **sizes, layer_norm=True, recurrent_dropout=dropout)
    return CharacterModel(core, input_dropout=dropout, output_dropout=dropout)


def measure(
    steps: int = 12, streams: int = 128, window: int = 100, scale: float = 1.0
) -> tuple[float, Loop]:
    """Prints and returns the ratio; returns the loop too."""
    text = torch.randint(SYMBOLS, (streams * (window * steps) + 1,), dtype=torch.uint8)
    train, valid = Streams(text, streams, window), Streams(text[:200], 2, 50)
    settings = TrainerSettings(streams, 0.001, clip_norm=1.0, max_steps=steps, eval_every=steps)
    core = build(scale, 0.0).core
    assert isinstance(core, HyperLSTM)
    with tempfile.TemporaryDirectory() as folder, tqdm(total=steps, disable=True) as bar:
        task = CharacterLanguageModel(range(SYMBOLS), newline=0)
        checkpoint = Path(folder) / "checkpoint.pt"
        model = build(scale, 0.1)
        loop = as_in_a_run(model, task, train, valid, settings, checkpoint)
        turns = TakeTurns(CoreSteps(core, window, streams))
        metrics = MetricsListener(MetricsFile(Path(folder) / "metrics.jsonl"))
        loop.listeners += [metrics, ProgressListener(bar, "valid_bpc", 0, steps), turns]
        loop.run(StopFlag())
    part = slice(2, None)  # the first steps fill caches
    ratio = compare(
        "ln_hyperlstm_1000, a training iteration / forward + backward of its core",
        turns.loop_seconds[part],
        turns.bare_seconds[part],
        TARGET,
    )
    print(f"  {streams * window / median(turns.loop_seconds[part]):,.0f} characters/s")
    return ratio, loop


def exact_evaluation(symbols: int, scale: float = 1.0) -> float:
    """Prints and returns the seconds that a text read as one sequence takes."""
    text = torch.randint(SYMBOLS, (symbols,), dtype=torch.uint8)
    model, task = build(scale, 0.0).eval(), CharacterLanguageModel(range(SYMBOLS), newline=0)
    with torch.inference_mode():
        started = time.perf_counter()
        task.evaluate(model, Streams(text, 1, EXACT_WINDOW))
    seconds = time.perf_counter() - started
    print(
        f"ln_hyperlstm_1000, exact evaluation of {symbols:,} characters as one sequence: "
        f"{seconds:,.0f} s, {symbols / seconds:,.0f} characters/s"
    )
    return seconds


def exact() -> None:
    """As many characters as the Penn Treebank's test text has."""
    native.load()
    with one_thread():
        exact_evaluation(TEST_SYMBOLS)


def main() -> None:
    native.load()
    with one_thread():
        measure()
        exact_evaluation(10 * EXACT_WINDOW)
