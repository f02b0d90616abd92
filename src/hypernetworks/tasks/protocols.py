"""What the loop asks of a task and of its data, and how a task says what it is measured by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn


class Batches(Protocol):
    """A data set cut into batches, in an order that is a pure function of the epoch."""

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The epoch's batches, from number `start` on."""
        ...


class Metric(NamedTuple):
    """The unit of a metric, and whether "lower" or "higher" values are better."""

    unit: str
    better: str


@dataclass(frozen=True)
class Evaluation:
    """One thing that is measured: under which name, on which batches, when.

    Attributes:
        name: begins the names of its metrics: evaluation "valid" of metric "error" is
            "valid_error".
        batches: what `Task.evaluate` reads.
        when: "training" (each evaluation of the loop), "end" (once, with the kept weights), or
            "always" (both).
        metrics: names of the task's metrics; None for all of them.
    """

    name: str
    batches: Batches
    when: str
    metrics: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.when not in ("training", "end", "always"):
            raise ValueError(f"when={self.when!r}: choose one of training, end, always")

    @property
    def in_training(self) -> bool:
        return self.when in ("training", "always")

    @property
    def at_end(self) -> bool:
        return self.when in ("end", "always")

    def measures(self, task: "Task") -> dict[str, Metric]:
        """The metrics of this evaluation, by their full names."""
        names = task.metrics if self.metrics is None else self.metrics
        return {f"{self.name}_{metric}": task.metrics[metric] for metric in names}


class Task(Protocol):
    """What is learned: a loss for training, metrics for evaluation."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Every metric of `evaluate`, named without the evaluation ("error")."""
        ...

    @property
    def selection(self) -> str:
        """The full name of the metric that chooses the weights to keep, such as "valid_error"."""
        ...

    @property
    def headline(self) -> tuple[str, ...]:
        """The full names of the metrics that a table shows, such as ("test_error",)."""
        ...

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """The mean loss of a batch, to be minimised."""
        ...

    def evaluate(
        self, model: nn.Module, batches: Batches, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
        """The named metrics (None: all) over all batches."""
        ...

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """What figures show of a trained model; {} for nothing. Whole numbers stay integers."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """What the task carries from step to step beside the model; {} for most. Each process has
        its own, unless the task has a true `state_is_shared`: then any number of them may go on.
        """
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""
        ...
