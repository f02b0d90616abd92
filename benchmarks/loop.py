"""The training loop against the same arithmetic in plain torch.

One arm is `Loop.run` on the MNIST convnet as a run has it: batches of 1000 cut, cropped and scaled
from 55,000 images in memory, loss, backward, Adam, schedule, loss readings, metrics file and
progress listener. The other is forward, backward and Adam on one resident batch, nothing else. They
take turns step by step, in one process. Evaluation is left out of both. Checkpoints are written
once in `checkpoint_every` seconds: their share is measured and printed by itself.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from tqdm import tqdm

from benchmarks.measure import compare
from hypernetworks import MnistConvnet
from hypernetworks.app.listeners import MetricsListener, ProgressListener
from hypernetworks.data.images import ImageBatches, Images
from hypernetworks.tasks.classify import Classification
from hypernetworks.tasks.protocols import Batches, Evaluation, Task
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.loop import Loop
from hypernetworks.training.optim import build_optimizer
from hypernetworks.training.schedule import build_scheduler
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

TARGET = 1.10
CPU = Placement(torch.device("cpu"))


class BareSteps:
    """A plain training step on one batch that is already there."""

    def __init__(self, model: torch.nn.Module, batch_size: int) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        self.images = torch.rand(batch_size, 1, 28, 28)
        self.labels = torch.randint(10, (batch_size,))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)

    def __call__(self) -> float:
        """Takes a step; returns its seconds."""
        started = time.perf_counter()
        loss = F.cross_entropy(self.model(self.images), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - started


class TakeTurns:
    """A listener that times each of the loop's steps, then takes a bare step."""

    def __init__(self, bare: BareSteps) -> None:
        self.bare = bare
        self.loop_seconds: list[float] = []
        self.bare_seconds: list[float] = []
        self.resumed = time.perf_counter()

    def step(self, step: int) -> None:
        self.loop_seconds.append(time.perf_counter() - self.resumed)
        self.bare_seconds.append(self.bare())
        self.resumed = time.perf_counter()

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Readings are part of the next step's time."""


def as_in_a_run(
    model: torch.nn.Module,
    task: Task,
    train: Batches,
    valid: Batches,
    settings: TrainerSettings,
    checkpoint: Path,
) -> Loop:
    """The loop with the optimiser and the schedule of the settings."""
    optimizer = build_optimizer(model, settings)
    scheduler = build_scheduler(optimizer, settings, settings.max_steps or 1)
    evaluations = [Evaluation("valid", valid, "training")]
    about = (settings, CPU, checkpoint, "benchmark")
    return Loop(model, task, train, evaluations, optimizer, scheduler, *about)


def measure(steps: int = 60, batch_size: int = 1000, images: int = 55000) -> tuple[float, Loop]:
    """Prints the ratio and the checkpoint's share; returns the ratio and the loop."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (images, 1, 28, 28), dtype=torch.uint8, generator=generator)
    data = Images(pixels, torch.randint(10, (images,), generator=generator))
    train = ImageBatches(data, batch_size, pad=1)
    valid = ImageBatches(data[torch.arange(10)], 10, shuffle=False)
    settings = TrainerSettings(batch_size, 0.001, max_steps=steps, eval_every=steps)
    model = MnistConvnet().to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder, tqdm(total=steps, disable=True) as bar:
        checkpoint = Path(folder) / "checkpoint.pt"
        loop = as_in_a_run(model, Classification(), train, valid, settings, checkpoint)
        turns = TakeTurns(BareSteps(MnistConvnet(), batch_size))
        metrics = MetricsListener(MetricsFile(Path(folder) / "metrics.jsonl"))
        loop.listeners += [metrics, ProgressListener(bar, "valid_error", 0, steps), turns]
        loop.run(StopFlag())
        saves = [_seconds_of_a_save(loop) for _ in range(5)]
    warm = steps // 10
    ratio = compare(
        "convnet training step, our loop / plain torch",
        turns.loop_seconds[warm:],
        turns.bare_seconds[warm:],
        TARGET,
    )
    share = 100 * median(saves) / settings.checkpoint_every
    print(f"  a checkpoint: {median(saves) * 1e3:.1f} ms once a minute, {share:.3f} % of the time")
    return ratio, loop


def _seconds_of_a_save(loop: Loop) -> float:
    started = time.perf_counter()
    loop.state.save(loop.checkpoint)
    return time.perf_counter() - started


def main() -> None:
    measure()
