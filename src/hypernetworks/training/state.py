"""Everything that later steps depend on, and its checkpoint."""

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from hypernetworks.tasks.protocols import Task
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import Checkpoint, CheckpointError
from hypernetworks.training.losses import MeanLoss

LONGEST = 200  # characters of a reason


@dataclass
class Progress:
    """Where a run stands; part of its checkpoint.

    `batch` is the position in the epoch, in batches; `stale` counts evaluations since the best one;
    `seconds` are those of all invocations, `evaluating` the part of them that evaluations took;
    `stop_reason` is set when training is over.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    evaluating: float = 0.0
    best_value: float | None = None
    best_step: int | None = None
    stale: int = 0
    stop_reason: str | None = None

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Progress":
        """That of a checkpoint.

        Raises:
            TypeError, ValueError: if it is none.
        """
        progress = cls(**found)
        for field in fields(cls):
            value, kind = getattr(progress, field.name), cast(Any, field.type)
            fits = isinstance(value, kind) or (kind in (float, float | None) and type(value) is int)
            if not fits or isinstance(value, bool):
                raise TypeError(f"progress.{field.name} is {value!r}")
            if field.name not in ("best_value", "stop_reason") and not 0 <= (value or 0) < math.inf:
                raise ValueError(f"progress.{field.name} is {value}")
        return progress


class TrainingState:
    """A run's moving parts, as the checkpoint keeps them.

    Args:
        average: of the weights, if they are averaged; then what is evaluated.
        identity: written into the checkpoint; another identity there is refused.

    Attributes:
        progress: where the run stands. best_weights: those of the best evaluation so far.
        losses: since the last reading. curve: the readings of all evaluations so far.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        optimizer: torch.optim.Optimizer,
        scheduler: LRScheduler,
        average: AveragedModel | None,
        placement: Placement,
        identity: str,
    ) -> None:
        self.model = model
        self.task = task
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.average = average
        self.placement = placement
        self.identity = identity
        self.progress = Progress()
        self.losses = MeanLoss(placement)
        self.curve: list[dict[str, float]] = []
        self.keep_weights()

    @property
    def evaluated(self) -> nn.Module:
        """The model whose weights are evaluated and kept while training goes on."""
        return self.model if self.average is None else self.average.module

    def keep_weights(self) -> None:
        """Makes the evaluated weights the best ones."""
        weights = self.evaluated.state_dict()
        self.best_weights = {name: value.detach().clone() for name, value in weights.items()}

    def save(self, checkpoint: Checkpoint) -> None:
        """Writes the checkpoint; all processes call it, the leading one writes.

        Raises:
            Diverged: if the loss is NaN or infinite; the last checkpoint stays.
            OSError: naming the file, if it cannot be written; then too.
        """
        self.losses.mean(self.progress.step)
        own = {"random": self._random_state(), "task": self.task.state_dict()}
        processes = self.placement.gather(own)
        with self.placement.alike():
            if self.placement.leads:
                checkpoint.save(self.capture() | {"processes": processes})

    def capture(self) -> dict[str, Any]:
        """What all processes share."""
        averaged = {} if self.average is None else {"average": self.average.state_dict()}
        return {
            "identity": self.identity,
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loss": self.losses.state_dict(),
            "curve": self.curve,
            **averaged,
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes on where the checkpoint was written.

        Raises:
            CheckpointError: if it is damaged, of another run, too old, or holds anything else.
        """
        state, path = checkpoint.load(), checkpoint.loaded
        if state.get("identity") != self.identity:
            raise CheckpointError(
                f"{path} belongs to another configuration; move it away or use another results_dir"
            )
        if "processes" not in state or ("average" in state) != (self.average is not None):
            raise CheckpointError(f"{path} is of an older version; move it away")
        try:
            self._restore(state)
            self._restore_process(state["processes"], path)
        except CheckpointError:
            raise
        except Exception as error:  # whatever torch makes of what stands there instead
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
            raise CheckpointError(
                f"{path} does not hold what this run saves ({reason}); move it away"
            ) from error

    def _restore(self, state: dict[str, Any]) -> None:
        """What all processes share."""
        self.progress = Progress.of(state["progress"])
        # Kept as they were where they are loaded; a model refuses what does not fit it.
        for name in ("best_weights", "model"):
            self.model.load_state_dict(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
        _check_shapes(self.optimizer)
        self.scheduler.load_state_dict(state["scheduler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        device = self.placement.device
        self.best_weights = {k: v.to(device) for k, v in state["best_weights"].items()}
        self.losses.load_state_dict(state["loss"])
        self.curve = _curve(state.get("curve", []))  # those of before had none

    def _restore_process(self, processes: list[dict[str, Any]], path: Path) -> None:
        """What each process has of its own: its random states, its task's state."""
        if len(processes) == self.placement.world:
            mine = processes[self.placement.rank]
            self.task.load_state_dict(mine["task"])
            torch.set_rng_state(mine["random"]["cpu"])
            device = self.placement.device
            if "cuda" in mine["random"] and device.type == "cuda":
                torch.cuda.set_rng_state(mine["random"]["cuda"], device)
        elif getattr(self.task, "state_is_shared", False):
            self.task.load_state_dict(processes[0]["task"])
        elif any(process["task"] for process in processes):
            raise CheckpointError(
                f"{path} was written by {len(processes)} processes, each with a state "
                "of its own; resume with as many"
            )

    def _random_state(self) -> dict[str, Tensor]:
        states = {"cpu": torch.get_rng_state()}
        if self.placement.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.placement.device)
        return states


def _curve(found: Any) -> list[dict[str, float]]:
    """Raises TypeError unless it is a list of readings, each with its step."""
    for reading in found:
        numbers = isinstance(reading, dict) and all(
            type(value) in (int, float) for value in reading.values()
        )
        if not numbers or type(reading.get("step")) is not int:
            raise TypeError(f"a reading of the curve is {reading!r}")
    return list(found)


def _check_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Raises ValueError if what an optimiser keeps of a parameter cannot be of that one."""
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and not _fits(value, parameter):
                raise ValueError(f"{name} has the shape {list(value.shape)}")


def _fits(kept: Tensor, parameter: Tensor) -> bool:
    """Whether it has the parameter's shape, or one number for all of a dimension, or for all."""
    pairs = zip(kept.shape, parameter.shape, strict=False)
    return kept.numel() == 1 or (kept.ndim == parameter.ndim and all(k in (1, p) for k, p in pairs))
