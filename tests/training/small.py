"""A small regression for the tests of the loop: noisy data, dropout, batches by (epoch, index)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hypernetworks.training.devices import Placement
from hypernetworks.training.loop import Loop
from hypernetworks.training.settings import TrainerSettings

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
    """Mean squared error; carries the number of batches seen, as a task with state would."""

    def __init__(self) -> None:
        self.seen = 0

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        self.seen += 1
        x, y = batch
        return (model(x) - y).square().mean()

    def evaluate(self, model: nn.Module, batches: SmallBatches) -> dict[str, float]:
        losses = [(model(x) - y).square().mean() for x, y in batches.epoch(1000)]
        return {"mse": float(torch.stack(losses).mean())}

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


def small_loop(
    checkpoint: Path, train: SmallBatches | None = None, identity: str = "small", **changes: Any
) -> Loop:
    """A loop over a small network with dropout, so that the random state matters."""
    settings = {
        "batch_size": 8,
        "lr": 0.01,
        "selection_metric": "valid_mse",
        "max_epochs": 4,
        "log_every": 3,
        "lr_table": [[10, 0.01], [1000, 0.003]],
    }
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 1))
    return Loop(
        model,
        Regression(),
        train or SmallBatches(7),
        SmallBatches(2),
        TrainerSettings(**{**settings, **changes}),
        CPU,
        checkpoint,
        identity,
    )
