"""What a run trains and measures: a task with its data and its model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from hypernetworks.tasks.protocols import Batches, Evaluation, Task


@dataclass(frozen=True)
class Experiment:
    """A task, its data, and how to make a model for them.

    Attributes:
        evaluations: what is measured, during training and at the end.
        make_model: makes the model, initialised on the CPU, on the run's device.
        provenance: describes the data in the record.
        baseline: fits the simple model that stands beside the row; None for none.
        examples: (count, name) of what an epoch of training reads.
        multiplications: of a training step's forward pass, for the model.
    """

    task: Task
    train: Batches
    evaluations: tuple[Evaluation, ...]
    make_model: Callable[[], nn.Module]
    provenance: dict[str, Any]
    baseline: Callable[[], nn.Module] | None
    examples: tuple[int, str]
    multiplications: Callable[[nn.Module], float]
