"""The trainer's settings: a dataclass that the configuration is checked against.

Imports no torch, so that a configuration can be composed without it.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

PRECISIONS = ("float32", "bfloat16")
# Schedules that choose all rates themselves, the first ones too, and change the momentum.
WARM_BY_THEMSELVES = ("OneCycleLR", "CyclicLR")


class SettingsError(ValueError):
    """A setting that cannot work; the message names the key and the valid values."""


@dataclass
class TrainerSettings:
    """How one model is trained.

    A step is one step of the optimiser: of `accumulate` batches.

    Attributes:
        batch_size: examples a batch, over all devices.
        lr: the learning rate; with `scheduler`, its base value; with `lr_table`, its first rate.
        optimizer: a class of `torch.optim`, such as "Adam" or "SGD".
        optimizer_args: further arguments of the optimiser's class.
        lr_table: [[until, lr], ...]: `lr` holds for steps below `until`; the last rate stays.
        scheduler: a class of `torch.optim.lr_scheduler`, stepped once a step.
        scheduler_args: its arguments beside the optimiser.
        warmup_steps: steps in which the rate rises evenly from lr / warmup_steps to lr; 0 for
            none. `scheduler` begins after them; the steps of `lr_table` count from the very first.
        weight_decay: the optimiser's, of the weights alone: not of biases, of norms' parameters,
            of embeddings (decay.py). 0 leaves the optimiser's own.
        accumulate: batches whose mean gradient makes a step; fewer where the epoch ends.
        ema_decay: d of the average w' = d w' + (1 - d) w of the weights w, after each step, which
            is then what is evaluated and kept; None for the weights themselves.
        max_epochs, max_steps: the end of training; at least one is needed.
        clip_norm: the largest gradient norm; None for no clipping.
        precision: "float32", or "bfloat16" for autocast; where the device has no units for it,
            float32 too (precision.py).
        eval_every: steps between evaluations; None for one at the end of each epoch.
        selection_metric: the metric, as in "valid_error", that chooses the weights to keep; None
            for the task's.
        patience: evaluations without a new best after which training stops; None for never.
        checkpoint_every: seconds between checkpoints, or more where writing one takes over 2 % of
            them; 0: after each step.
        log_every: steps between readings of loss, rate and gradient norm, each of which waits for
            the device; None for a hundredth of the run, 50 at most.
        max_time: seconds this invocation may train; it then checkpoints and leaves the rest to
            the next one. None for no limit.
    """

    batch_size: int
    lr: float
    optimizer: str = "Adam"
    optimizer_args: dict[str, Any] = field(default_factory=dict)
    lr_table: list[Any] | None = None
    scheduler: str | None = None
    scheduler_args: dict[str, Any] = field(default_factory=dict)
    warmup_steps: int = 0
    weight_decay: float = 0.0
    accumulate: int = 1
    ema_decay: float | None = None
    max_epochs: int | None = None
    max_steps: int | None = None
    clip_norm: float | None = None
    precision: str = "float32"
    eval_every: int | None = None
    selection_metric: str | None = None
    patience: int | None = None
    checkpoint_every: float = 60.0
    log_every: int | None = None
    max_time: float | None = None

    def __post_init__(self) -> None:
        if self.max_epochs is None and self.max_steps is None:
            raise SettingsError("trainer: set max_epochs or max_steps, or training never ends")
        if self.precision not in PRECISIONS:
            choices = ", ".join(PRECISIONS)
            raise SettingsError(f"trainer.precision={self.precision}: choose one of {choices}")
        self._check_numbers()
        self._check_schedule()
        if self.weight_decay and "weight_decay" in self.optimizer_args:
            raise SettingsError(
                "trainer.weight_decay (of weights) and trainer.optimizer_args.weight_decay (of all "
                "parameters) exclude each other"
            )

    def _check_numbers(self) -> None:
        required = ("batch_size", "accumulate", "log_every")
        for name in (*required, "max_epochs", "max_steps", "eval_every", "patience"):
            self._check(name, _whole, lambda n: n >= 1, "a whole number, at least 1")
        for name in ("lr", "clip_norm", "max_time"):
            self._check(name, _finite, lambda x: x > 0, "greater than 0")
        self._check("warmup_steps", _whole, lambda n: n >= 0, "a whole number, 0 or more")
        self._check("weight_decay", _finite, lambda x: x >= 0, "0 or more")
        self._check("checkpoint_every", _number, lambda x: x >= 0, "0 or more")
        self._check("ema_decay", _finite, lambda x: 0 < x < 1, "between 0 and 1")

    def _check(self, name: str, kind: Any, holds: Any, must: str) -> None:
        value = getattr(self, name)
        optional = type(self).__dataclass_fields__[name].default is None
        if value is None and optional:
            return
        if not kind(value) or not holds(value):
            raise SettingsError(f"trainer.{name}={value}: it must be {must}")

    def _check_schedule(self) -> None:
        if self.lr_table is not None and self.scheduler is not None:
            raise SettingsError("trainer: lr_table and scheduler exclude each other")
        if self.warmup_steps and self.scheduler in WARM_BY_THEMSELVES:
            raise SettingsError(
                f"trainer.warmup_steps={self.warmup_steps}: {self.scheduler} chooses the first "
                "rates itself; leave it 0"
            )
        _check_lr_table(self.lr_table)
        if self.lr_table is not None and self.lr != self.lr_table[0][1]:
            raise SettingsError(
                f"trainer.lr={self.lr}: trainer.lr_table begins with {self.lr_table[0][1]}; change "
                "the table, or trainer.lr_table=null for a constant rate"
            )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: Any) -> bool:
    return _number(value) and math.isfinite(value)


def _whole(value: Any) -> bool:
    return _number(value) and isinstance(value, int)


def _check_lr_table(table: list[Any] | None) -> None:
    if table is None:
        return
    rows_ok = all(isinstance(row, list | tuple) and len(row) == 2 for row in table)
    rows_ok = rows_ok and all(_finite(x) and x >= 0 for row in table for x in row)
    if not table or not rows_ok or any(b[0] <= a[0] for a, b in pairwise(table)):
        raise SettingsError(
            f"trainer.lr_table={table}: give [[until_step, lr], ...] with rising steps and rates "
            "of 0 or more"
        )
