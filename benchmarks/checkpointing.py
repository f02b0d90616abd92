"""What checkpoints cost at the default interval: a run's time against that without its checkpoints.

`Loop.run` trains for some minutes as a run does, with Adam, and writes its checkpoint once a
minute; the time that it spends in writing is measured in the same run. One network is small, table
7's; the other is the largest of table 4, whose checkpoint is weights, best weights and Adam's two
averages. Its steps, not its checkpoints, are shortened: short windows of few streams.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.loop import as_in_a_run
from benchmarks.recurrent import one_thread
from hypernetworks import HyperLSTM, MnistConvnet
from hypernetworks.data.images import ImageBatches, Images
from hypernetworks.data.text import Streams
from hypernetworks.models.character import CharacterModel
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.characters import CharacterLanguageModel
from hypernetworks.tasks.classify import Classification
from hypernetworks.training.loop import Loop
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

TARGET = 1.02
SYMBOLS = 205  # of enwik8
SECONDS = 200.0


def small(folder: Path, settings: TrainerSettings) -> Loop:
    """Table 7's convnet."""
    pixels = torch.randint(256, (1000, 1, 28, 28), dtype=torch.uint8)
    images = Images(pixels, torch.randint(10, (1000,)))
    valid = ImageBatches(images[torch.arange(10)], 10, shuffle=False)
    train = ImageBatches(images, 100, pad=1)
    checkpoint = folder / "checkpoint.pt"
    return as_in_a_run(MnistConvnet(), Classification(), train, valid, settings, checkpoint)


def large(folder: Path, settings: TrainerSettings, units: int = 2048) -> Loop:
    """ln_hyperlstm_2048 of table 4, or with fewer units."""
    sizes = {"hyper_size": units // 4, "embedding_size": 64}
    model = CharacterModel(HyperLSTM(SYMBOLS, units, **sizes, layer_norm=True))
    text = torch.randint(SYMBOLS, (20_000,), dtype=torch.uint8)
    train, valid = Streams(text, 4, 10), Streams(text[:200], 2, 50)
    task = CharacterLanguageModel(range(SYMBOLS), newline=0)
    return as_in_a_run(model, task, train, valid, settings, folder / "checkpoint.pt")


def measure(
    name: str, build: Callable[[Path, TrainerSettings], Loop], seconds: float, **changes: float
) -> float:
    """Prints and returns the ratio."""
    settings = TrainerSettings(4, 0.001, max_steps=10**9, eval_every=10**9, max_time=seconds)
    settings = replace(settings, **changes)
    with tempfile.TemporaryDirectory() as folder:
        loop = build(Path(folder), settings)
        saves = time_saves(loop)
        started = time.perf_counter()
        loop.run(StopFlag())
        run = time.perf_counter() - started
        size = loop.checkpoint.path.stat().st_size / 1e6
    *due, last = saves  # the last one is the end's
    ours, steps = run - last, run - sum(saves)
    ratio = ours / steps
    verdict = "met" if round(ratio, 3) <= TARGET else "MISSED"
    print(
        f"{name}, a run with its checkpoints / without: {ratio:.4f} = "
        f"{ours:.1f} s / {steps:.1f} s, {len(due)} checkpoints of {size:,.1f} MB "
        f"(target <= {TARGET}: {verdict})"
    )
    return ratio


def time_saves(loop: Loop) -> list[float]:
    """The seconds of every checkpoint that the loop will write."""
    seconds: list[float] = []
    save = loop.save

    def timed() -> None:
        began = time.perf_counter()
        save()
        seconds.append(time.perf_counter() - began)

    loop.save = timed  # type: ignore[method-assign]
    return seconds


def main() -> None:
    native.load()
    with one_thread():
        measure("table 7's convnet", small, SECONDS)
        measure("ln_hyperlstm_2048", large, SECONDS)
