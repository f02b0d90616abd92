"""Everything that later steps depend on, and its checkpoint."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from hypernetworks.tasks.protocols import Task
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import CheckpointError, load_checkpoint, save_atomically
from hypernetworks.training.losses import MeanLoss


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


class TrainingState:
    """A run's moving parts, as the checkpoint keeps them.

    Args:
        average: of the weights, if they are averaged; then what is evaluated.
        identity: written into the checkpoint; another identity there is refused.

    Attributes:
        progress: where the run stands. best_weights: those of the best evaluation so far.
        losses: since the last reading.
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
        self.keep_weights()

    @property
    def evaluated(self) -> nn.Module:
        """The model whose weights are evaluated and kept while training goes on."""
        return self.model if self.average is None else self.average.module

    def keep_weights(self) -> None:
        """Makes the evaluated weights the best ones."""
        weights = self.evaluated.state_dict()
        self.best_weights = {name: value.detach().clone() for name, value in weights.items()}

    def save(self, path: Path) -> None:
        """Writes the checkpoint; all processes call it, the leading one writes.

        Raises:
            Diverged: if the loss is NaN or infinite; the last checkpoint stays.
        """
        self.losses.mean(self.progress.step)
        own = {"random": self._random_state(), "task": self.task.state_dict()}
        processes = self.placement.gather(own)
        if self.placement.leads:
            save_atomically(self.capture() | {"processes": processes}, path)

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
            **averaged,
        }

    def restore(self, path: Path) -> None:
        """Raises CheckpointError if the file is damaged, or of another run, or too old."""
        state = load_checkpoint(path)
        if state.get("identity") != self.identity:
            raise CheckpointError(
                f"{path} belongs to another configuration; move it away or use another results_dir"
            )
        if "processes" not in state or ("average" in state) != (self.average is not None):
            raise CheckpointError(f"{path} is of an older version; move it away")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.progress = Progress(**state["progress"])
        device = self.placement.device
        self.best_weights = {k: v.to(device) for k, v in state["best_weights"].items()}
        self.losses.load_state_dict(state["loss"])
        self._restore_process(state["processes"], path)

    def _restore_process(self, processes: list[dict[str, Any]], path: Path) -> None:
        """What each process has of its own: its random states, its task's state."""
        if len(processes) == self.placement.world:
            mine = processes[self.placement.rank]
            self.task.load_state_dict(mine["task"])
            torch.set_rng_state(mine["random"]["cpu"])
            device = self.placement.device
            if "cuda" in mine["random"] and device.type == "cuda":
                torch.cuda.set_rng_state(mine["random"]["cuda"], device)
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
