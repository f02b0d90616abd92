"""What the loop asks of a task, of its data and of those who watch."""

from collections.abc import Iterator
from typing import Any, Protocol

from torch import Tensor, nn


class Batches(Protocol):
    """A data set cut into batches, in an order that is a pure function of the epoch."""

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The epoch's batches, from number `start` on."""
        ...


class Task(Protocol):
    """What is learned: a loss for training, metrics for evaluation."""

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """The mean loss of a batch, to be minimised."""
        ...

    def evaluate(self, model: nn.Module, batches: Batches) -> dict[str, float]:
        """Metrics over all batches, named without the split ("error", not "valid_error")."""
        ...

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """What figures show of a trained model; {} for nothing."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What the task carries from step to step beside the model; {} for most."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Listener(Protocol):
    """Hears of every step and of every reading; only the leading process has listeners."""

    def step(self, step: int) -> None: ...

    def log(self, step: int, metrics: dict[str, float]) -> None: ...
