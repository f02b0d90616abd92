"""Named evaluations: a task's metrics over several sets of batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from hypernetworks.tasks.protocols import Batches, Evaluation, Task

# (batches, name of the evaluation, how many they are) -> the same batches, shown as they pass.
Shown = Callable[[Iterable[Any], str, int], Iterable[Any]]


def measure(
    model: nn.Module, task: Task, evaluations: Sequence[Evaluation], shown: Shown | None = None
) -> dict[str, float]:
    """All metrics of the evaluations, by their full names, with the model in evaluation mode.

    Args:
        shown: wraps each evaluation's batches, such as
            `lambda batches, name, total: tqdm(batches, name, total)`.
    """
    found: dict[str, float] = {}
    model.eval()
    with torch.inference_mode():
        for evaluation in evaluations:
            batches = evaluation.batches
            if shown is not None:
                batches = _ShownBatches(batches, evaluation.name, shown)
            values = task.evaluate(model, batches, evaluation.metrics)
            found |= {f"{evaluation.name}_{metric}": value for metric, value in values.items()}
    return found


class _ShownBatches:
    def __init__(self, batches: Batches, name: str, shown: Shown) -> None:
        self.batches, self.name, self.shown = batches, name, shown

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Any]:
        yield from self.shown(self.batches.epoch(epoch, start), self.name, len(self) - start)
