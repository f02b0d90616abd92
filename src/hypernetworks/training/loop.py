"""The training loop: one for every task.

The loop knows a model, a task and batches only by what they do (tasks/protocols.py). It is
exact under interruption: everything that later steps depend on is in the checkpoint, and the data
order is a pure function of (seed, epoch, position), so a run that is killed and restarted ends
with the same bits as one that never stopped (on one machine, with the same number of threads).
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from hypernetworks.tasks.protocols import Batches, Evaluation, Task
from hypernetworks.training.average import average_of
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import Checkpoint, CheckpointError
from hypernetworks.training.gradients import Gradient
from hypernetworks.training.listener import Listener
from hypernetworks.training.measuring import Shown, measure
from hypernetworks.training.requests import Requests
from hypernetworks.training.selection import selection_of
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.state import Progress, TrainingState
from hypernetworks.training.steps import steps_a_reading
from hypernetworks.training.stopping import Diverged, Interrupted, StopFlag


class Loop:
    """Trains `model` on `task`.

    Args:
        model: on the placement's device.
        task: see tasks/protocols.py.
        train: the batches of training.
        evaluations: during training and at the end; one during training measures what chooses the
            weights to keep.
        optimizer: over the model's parameters.
        scheduler: of its rate, one step a training step.
        settings: the trainer's settings.
        placement: device and processes.
        checkpoint: the file to save to, and to resume from if it exists; beside it lies the one
            before, in case it is damaged.
        identity: written into the checkpoint; another identity there is refused.

    Attributes:
        state: all that the checkpoint holds.
        listeners: progress bar, metrics file, experiment tracker; append before `run`.
        selection: the name of the metric that chooses.

    Raises:
        SettingsError: if nothing measures the metric that chooses.
        CheckpointError: if the checkpoint cannot be resumed.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        train: Batches,
        evaluations: Sequence[Evaluation],
        optimizer: torch.optim.Optimizer,
        scheduler: LRScheduler,
        settings: TrainerSettings,
        placement: Placement,
        checkpoint: Path,
        identity: str,
    ) -> None:
        self.model = model
        self.task = task
        self.train = train
        self.evaluations = list(evaluations)
        self.settings = settings
        self.placement = placement
        self.checkpoint = Checkpoint(checkpoint)
        self.listeners: list[Listener] = []
        self._read_every = steps_a_reading(settings, len(train))
        self._requests = Requests(settings, placement)
        self._gradient = Gradient(model, settings.clip_norm)
        self.selection, self._better = selection_of(settings, task, evaluations)
        average = average_of(model, settings.ema_decay)
        self.state = TrainingState(model, task, optimizer, scheduler, average, placement, identity)
        if self.checkpoint.exists():
            self.state.restore(self.checkpoint)
            if self.progress.batch >= len(train):
                at = f"{self.progress.batch} of {len(train)}"
                raise CheckpointError(f"{self.checkpoint.loaded} is at batch {at} of an epoch")
        self._trained_model = placement.wrap(model)

    @property
    def progress(self) -> Progress:
        """Where the run stands; after construction the restored point."""
        return self.state.progress

    def run(self, stop: StopFlag) -> bool:
        """Trains until the end, then leaves the best weights in the model.

        Returns:
            whether training is over; False when `max_time` ended this invocation early.
        Raises:
            Interrupted: after a checkpoint, if a signal asked to stop.
            Diverged: if the loss or a metric became NaN or infinite; the last checkpoint stays.
        """
        started = time.monotonic()
        self._requests.begin(self.progress.step)
        before = self.progress.seconds
        batches = self._stream()
        if self.progress.stop_reason is None and (reason := self._end_reason()):
            self._evaluate()  # a checkpoint at the end, or beyond it
            self.progress.stop_reason = reason
        while self.progress.stop_reason is None:
            self._after_step(self._step(batches))
            elapsed = time.monotonic() - started
            self.progress.seconds = before + elapsed
            signum, late, due = self._requests.ask(stop, self.progress.step, elapsed)
            if signum or late or due or self.progress.stop_reason:
                self.save()
            if signum and not self.progress.stop_reason:
                raise Interrupted(self.progress.step, signum)
            if late and not self.progress.stop_reason:
                return False
        self.model.load_state_dict(self.state.best_weights)
        return True

    def save(self) -> None:
        """Writes the checkpoint; never one with a NaN in it."""
        began = time.monotonic()
        self.state.save(self.checkpoint)
        self._requests.saved(began)

    def evaluate_all(
        self, evaluations: Sequence[Evaluation], shown: Shown | None = None
    ) -> dict[str, float]:
        """What the evaluations find at the end, with the weights that `run` left in the model.

        Any one process may ask, without the others.

        Args:
            evaluations: such as those that are `at_end`.
            shown: wraps the batches of each, for a progress bar (see `measure`).
        Returns:
            {"test_error": value, ...}, in the order of the evaluations.
        Raises:
            Diverged: if any of them is NaN or infinite.
        """
        with self.placement.autocast(self.settings.precision):
            return self._finite(measure(self.model, self.task, evaluations, shown))

    def _stream(self) -> Iterator[Any]:
        while True:
            yield from self.train.epoch(self.progress.epoch, self.progress.batch)

    def _step(self, batches: Iterator[Any]) -> int:
        """One step of the optimiser, of the mean gradient of its batches; returns their number."""
        state, settings = self.state, self.settings
        self.model.train()
        state.optimizer.zero_grad(set_to_none=True)
        count = min(settings.accumulate, len(self.train) - self.progress.batch)
        shares = [self._backward(next(batches), count, n == count) for n in range(1, count + 1)]
        self._gradient.clip()
        state.optimizer.step()
        state.scheduler.step()
        if state.average is not None:
            state.average.update_parameters(self.model)
        state.losses.add(shares)
        return count

    def _backward(self, batch: Any, count: int, last: bool) -> torch.Tensor:
        """Adds a batch's share of the gradient; returns that of the loss."""
        with nullcontext() if last else self.placement.unshared(self._trained_model):
            with self.placement.autocast(self.settings.precision):
                loss = self.task.loss(self._trained_model, batch)
            share = loss / count
            share.backward()
        return share.detach()

    def _after_step(self, batches: int) -> None:
        progress = self.progress
        progress.step += 1
        progress.batch += batches
        if progress.batch == len(self.train):
            progress.epoch, progress.batch = progress.epoch + 1, 0
        for listener in self.listeners:
            listener.step(progress.step)
        every = self.settings.eval_every
        reason = self._end_reason()
        if reason or (progress.step % every == 0 if every else progress.batch == 0):
            self._evaluate()
            progress.stop_reason = reason or self._out_of_patience()
        elif progress.step % self._read_every == 0:
            self._log(self._read() | self._gradient.reading())

    def _end_reason(self) -> str | None:
        """Why training is over; a checkpoint may lie beyond an end that was set since."""
        progress, settings = self.progress, self.settings
        if settings.max_steps is not None and progress.step >= settings.max_steps:
            return "max_steps"
        if settings.max_epochs is not None and progress.epoch >= settings.max_epochs:
            return "max_epochs"
        return None

    def _out_of_patience(self) -> str | None:
        patience = self.settings.patience
        return "early_stopping" if patience and self.progress.stale >= patience else None

    def _evaluate(self) -> None:
        progress = self.progress
        readings = self._read()
        began = time.monotonic()  # after the reading, which waits for the device
        wanted = [evaluation for evaluation in self.evaluations if evaluation.in_training]
        with self.placement.autocast(self.settings.precision):
            found = measure(self.state.evaluated, self.task, wanted)
        # Devices may differ in the last bit; what is decided from a metric must not.
        readings |= self._finite(self.placement.from_lead(found))
        took = time.monotonic() - began
        self._keep_if_best(readings[self.selection])
        epochs = progress.epoch + progress.batch / len(self.train)
        self.state.curve.append({"step": progress.step, "epoch": epochs, **readings})
        self._log({"epoch": epochs, **readings, **self._gradient.reading()})
        # Only now, as `seconds` too: listeners see both as of the step before.
        progress.evaluating += took

    def _read(self) -> dict[str, float]:
        """The mean loss since the last reading, the rate of the step to come."""
        return {
            "train_loss": self.state.losses.read(self.progress.step),
            "lr": float(self.state.scheduler.get_last_lr()[0]),
        }

    def _finite(self, metrics: dict[str, float]) -> dict[str, float]:
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise Diverged(f"the {name} evaluated at step {self.progress.step}")
        return metrics

    def _keep_if_best(self, value: float) -> None:
        progress, sign = self.progress, 1 if self._better == "lower" else -1
        if progress.best_value is None or sign * value < sign * progress.best_value:
            progress.best_value, progress.best_step, progress.stale = value, progress.step, 0
            self.state.keep_weights()
        else:
            progress.stale += 1

    def _log(self, metrics: dict[str, float]) -> None:
        for listener in self.listeners:
            listener.log(self.progress.step, metrics)
