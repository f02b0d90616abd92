"""A small regression for the tests of the loop: noisy data, dropout, batches by (epoch, index)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from hypernetworks.tasks.protocols import Evaluation, Metric
from hypernetworks.training.devices import Placement
from hypernetworks.training.loop import Loop
from hypernetworks.training.optim import build_optimizer
from hypernetworks.training.schedule import build_scheduler
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.steps import total_steps
from hypernetworks.training.stopping import StopFlag

CPU = Placement(torch.device("cpu"))


class SmallBatches:
    """`length` batches of 8, each a pure function of (epoch, index)."""

    def __init__(self, length: int, poison: int | None = None) -> None:
        self.length = length
        self.poison = poison

    def __len__(self) -> int:
        return self.length

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        for index in range(start, self.length):
            number = epoch * self.length + index
            x = torch.randn(8, 5, generator=torch.Generator().manual_seed(number))
            y = x.sum(1, keepdim=True)
            yield x, y * float("nan") if number == self.poison else y


class Regression:
    """Mean squared error; carries the number of batches seen, as a task with state would.

    `harm` is the same number, of which more is called better: training makes it worse.
    """

    metrics: ClassVar[Mapping[str, Metric]] = {
        "mse": Metric("square", "lower"),
        "harm": Metric("square", "higher"),
    }
    selection: ClassVar = "valid_mse"
    headline: ClassVar = ("valid_mse",)

    def __init__(self) -> None:
        self.seen = 0

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        self.seen += 1
        x, y = batch
        return (model(x) - y).square().mean()

    def evaluate(
        self, model: nn.Module, batches: Any, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
        losses = [(model(x) - y).square().mean() for x, y in batches.epoch(1000)]
        mse = float(torch.stack(losses).mean())
        found = {"mse": mse, "harm": mse}
        return found if metrics is None else {name: found[name] for name in metrics}

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]


class Recorder:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.readings: list[tuple[int, dict[str, float]]] = []

    def step(self, step: int) -> None:
        self.steps.append(step)

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.readings.append((step, metrics))


def chosen(**changes: Any) -> TrainerSettings:
    """Settings of ten steps with Adam, but for the changes."""
    return TrainerSettings(**{"batch_size": 8, "lr": 0.1, "max_steps": 10, **changes})


def finish(loop: Loop) -> Recorder:
    """Runs the loop to its end and returns what it told."""
    recorder = Recorder()
    loop.listeners.append(recorder)
    assert loop.run(StopFlag())
    return recorder


def small_model() -> nn.Module:
    """A small network with dropout, so that the random state matters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 1))


def small_loop(
    checkpoint: Path,
    train: Any = None,
    identity: str = "small",
    model: nn.Module | None = None,
    place: Placement = CPU,
    **changes: Any,
) -> Loop:
    """A loop over `small_model`, or another one of the same shapes."""
    base = {
        "batch_size": 8,
        "lr": 0.01,
        "max_epochs": 4,
        "log_every": 3,
        "lr_table": [[10, 0.01], [1000, 0.003]],
    }
    settings = TrainerSettings(**{**base, **changes})
    model, train = model or small_model(), train or SmallBatches(7)
    optimizer = build_optimizer(model, settings)
    evaluations = [
        Evaluation("valid", SmallBatches(2), "always", ("mse",)),
        Evaluation("valid_all", SmallBatches(5), "end"),
        Evaluation("other", SmallBatches(2), "training", ("harm",)),
    ]
    return Loop(
        model,
        Regression(),
        train,
        evaluations,
        optimizer,
        build_scheduler(optimizer, settings, total_steps(settings, len(train))),
        settings,
        place,
        checkpoint,
        identity,
    )
