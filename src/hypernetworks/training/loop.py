"""The training loop: one for every task.

The loop knows a model, a task and batches only by what they do (protocols.py). It is
exact under interruption: everything that later steps depend on is in the checkpoint, and the data
order is a pure function of (seed, epoch, position), so a run that is killed and restarted ends
with the same bits as one that never stopped (on one machine, with the same number of threads).
"""

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hypernetworks.training.devices import Placement
from hypernetworks.training.files import CheckpointError, load_checkpoint, save_atomically
from hypernetworks.training.optim import build_optimizer, build_scheduler
from hypernetworks.training.protocols import Batches, Listener, Task
from hypernetworks.training.settings import SettingsError, TrainerSettings
from hypernetworks.training.stopping import Diverged, Interrupted, StopFlag


@dataclass
class Progress:
    """Where a run stands; part of its checkpoint.

    `batch` is the position in the epoch; `stale` counts evaluations since the best one; `seconds`
    are those of all invocations, `evaluating` the part of them that evaluations took;
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


class Loop:
    """Trains `model` on `task`.

    Args:
        model: on the placement's device.
        task, train, valid: see protocols.py.
        settings: the trainer's settings.
        placement: device and processes.
        checkpoint: the file to save to, and to resume from if it exists.
        identity: written into the checkpoint; another identity there is refused.

    Attributes:
        progress: where the run stands, after construction the restored point.
        listeners: progress bar, metrics file, experiment tracker; append before `run`.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        train: Batches,
        valid: Batches,
        settings: TrainerSettings,
        placement: Placement,
        checkpoint: Path,
        identity: str,
    ) -> None:
        self.model = model
        self.task = task
        self.train = train
        self.valid = valid
        self.settings = settings
        self.placement = placement
        self.checkpoint = checkpoint
        self.identity = identity
        self.listeners: list[Listener] = []
        self.optimizer = build_optimizer(model, settings)
        self.scheduler = build_scheduler(self.optimizer, settings)
        self.progress = Progress()
        self.best_weights = self._copy_weights()
        self._loss_sum = torch.zeros((), device=placement.device)
        self._loss_count = 0
        if checkpoint.exists():
            self._restore()
        self._trained_model = placement.wrap(model)

    def run(self, stop: StopFlag) -> bool:
        """Trains until the end, then leaves the best weights in the model.

        Returns:
            whether training is over; False when `max_time` ended this invocation early.
        Raises:
            Interrupted: after a checkpoint, if a signal asked to stop.
            Diverged: if the loss or a metric became NaN or infinite; the last checkpoint stays.
        """
        started = self._saved_at = time.monotonic()
        before = self.progress.seconds
        batches = self._stream()
        while self.progress.stop_reason is None:
            self._step(next(batches))
            self._after_step()
            elapsed = time.monotonic() - started
            self.progress.seconds = before + elapsed
            signum, late, due = self._requests(stop, elapsed)
            if signum or late or due or self.progress.stop_reason:
                self.save()
            if signum and not self.progress.stop_reason:
                raise Interrupted(self.progress.step, signum)
            if late and not self.progress.stop_reason:
                return False
        self.model.load_state_dict(self.best_weights)
        return True

    def save(self) -> None:
        """Writes the checkpoint; never one with a NaN in it."""
        self._mean_loss()
        own = {"random": self._random_state(), "task": self.task.state_dict()}
        processes = self.placement.gather(own)
        if self.placement.leads:
            save_atomically(self._state() | {"processes": processes}, self.checkpoint)
        self._saved_at = time.monotonic()

    def _requests(self, stop: StopFlag, elapsed: float) -> list[int]:
        """The signal to stop for (0 for none); whether to stop for the time; whether to save."""
        settings = self.settings
        if self.placement.world > 1 and self.progress.step % settings.log_every:
            return [0, 0, 0]  # asking the other processes waits for the device
        return self.placement.largest(
            stop.signum or 0,
            settings.max_time is not None and elapsed > settings.max_time,
            time.monotonic() - self._saved_at > settings.checkpoint_every,
        )

    def _stream(self) -> Iterator[Any]:
        while True:
            yield from self.train.epoch(self.progress.epoch, self.progress.batch)

    def _step(self, batch: Any) -> None:
        self.model.train()
        with self._autocast():
            loss = self.task.loss(self._trained_model, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.settings.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.optimizer.step()
        self.scheduler.step()
        self._loss_sum += loss.detach()
        self._loss_count += 1

    def _after_step(self) -> None:
        progress = self.progress
        progress.step += 1
        progress.batch += 1
        if progress.batch == len(self.train):
            progress.epoch, progress.batch = progress.epoch + 1, 0
        for listener in self.listeners:
            listener.step(progress.step)
        every = self.settings.eval_every
        reason = self._end_reason()
        if reason or (progress.step % every == 0 if every else progress.batch == 0):
            self._evaluate()
            progress.stop_reason = reason or self._out_of_patience()
        elif progress.step % self.settings.log_every == 0:
            self._log({"train_loss": self._read_loss()})

    def _end_reason(self) -> str | None:
        if self.progress.step == self.settings.max_steps:
            return "max_steps"
        if self.progress.epoch == self.settings.max_epochs:
            return "max_epochs"
        return None

    def _out_of_patience(self) -> str | None:
        patience = self.settings.patience
        return "early_stopping" if patience and self.progress.stale >= patience else None

    def _evaluate(self) -> None:
        readings: dict[str, float] = {
            "train_loss": self._read_loss(),
            "lr": float(self.scheduler.get_last_lr()[0]),
        }
        # Devices may differ in the last bit; what is decided from a metric must not.
        began = time.monotonic()  # after the reading, which waits for the device
        found = self._finite(self.placement.from_lead(self._measure(self.valid)))
        took = time.monotonic() - began
        readings |= {f"valid_{name}": value for name, value in found.items()}
        metric = self.settings.selection_metric
        if metric not in readings:
            known = ", ".join(readings)
            raise SettingsError(f"trainer.selection_metric={metric}: this task has {known}")
        self._keep_if_best(readings[metric])
        epochs = self.progress.epoch + self.progress.batch / len(self.train)
        self._log({"epoch": epochs, **readings})
        # Only now, as `seconds` too: listeners see both as of the step before.
        self.progress.evaluating += took

    def evaluate(self, batches: Batches) -> dict[str, float]:
        """The task's metrics over the batches, in evaluation mode and the run's precision.

        Any one process may ask, without the others.

        Raises:
            Diverged: if any of them is NaN or infinite.
        """
        return self._finite(self._measure(batches))

    def _measure(self, batches: Batches) -> dict[str, float]:
        self.model.eval()
        with torch.inference_mode(), self._autocast():
            return self.task.evaluate(self.model, batches)

    def _finite(self, metrics: dict[str, float]) -> dict[str, float]:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise Diverged(f"the {name} evaluated at step {self.progress.step}")
        return metrics

    def _keep_if_best(self, value: float) -> None:
        progress, sign = self.progress, 1 if self.settings.selection_better == "lower" else -1
        if progress.best_value is None or sign * value < sign * progress.best_value:
            progress.best_value, progress.best_step, progress.stale = value, progress.step, 0
            self.best_weights = self._copy_weights()
        else:
            progress.stale += 1

    def _log(self, metrics: dict[str, float]) -> None:
        for listener in self.listeners:
            listener.log(self.progress.step, metrics)

    def _read_loss(self) -> float:
        """The mean loss since the last reading, which it closes."""
        mean = self._mean_loss()
        self._loss_sum.zero_()
        self._loss_count = 0
        return mean

    def _mean_loss(self) -> float:
        """The mean loss since the last reading; waits for the device."""
        if self._loss_count == 0:
            return 0.0
        mean = float(self.placement.mean(self._loss_sum / self._loss_count))
        if not math.isfinite(mean):
            first = self.progress.step - self._loss_count + 1
            raise Diverged(f"the training loss of steps {first} to {self.progress.step}")
        return mean

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(
            self.placement.device.type,
            torch.bfloat16,
            enabled=self.settings.precision == "bfloat16",
        )

    def _copy_weights(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _random_state(self) -> dict[str, Tensor]:
        states = {"cpu": torch.get_rng_state()}
        if self.placement.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.placement.device)
        return states

    def _state(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "loss": {"sum": self._loss_sum, "count": self._loss_count},
        }

    def _restore(self) -> None:
        state = load_checkpoint(self.checkpoint)
        if state.get("identity") != self.identity:
            raise CheckpointError(
                f"{self.checkpoint} belongs to another configuration; "
                "move it away or use another results_dir"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        if "processes" not in state:
            raise CheckpointError(f"{self.checkpoint} is of an older version; move it away")
        self.progress = Progress(**state["progress"])
        device = self.placement.device
        self.best_weights = {k: v.to(device) for k, v in state["best_weights"].items()}
        self._loss_sum = state["loss"]["sum"].to(device)
        self._loss_count = state["loss"]["count"]
        self._restore_process(state["processes"])

    def _restore_process(self, processes: list[dict[str, Any]]) -> None:
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
                f"{self.checkpoint} was written by {len(processes)} processes, each with a state "
                "of its own; resume with as many"
            )
