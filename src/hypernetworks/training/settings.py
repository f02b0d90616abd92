"""The trainer's settings: a dataclass that the configuration is checked against.

Imports no torch, so that a configuration can be composed without it.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

PRECISIONS = ("float32", "bfloat16")
DIRECTIONS = ("lower", "higher")


class SettingsError(ValueError):
    """A setting that cannot work; the message names the key and the valid values."""


@dataclass
class TrainerSettings:
    """How one model is trained.

    Attributes:
        batch_size: examples a step, over all devices.
        optimizer: a class of `torch.optim`, such as "Adam" or "SGD".
        lr: the learning rate; with `scheduler`, its base value; with `lr_table`, its first rate.
        optimizer_args: further arguments of the optimiser's class.
        lr_table: [[until, lr], ...]: `lr` holds for steps below `until`; the last rate stays.
        scheduler: a class of `torch.optim.lr_scheduler`, stepped once a training step.
        scheduler_args: its arguments beside the optimiser.
        max_epochs, max_steps: the end of training; at least one is needed.
        clip_norm: the largest gradient norm; None for no clipping.
        precision: "float32", or "bfloat16" for autocast.
        eval_every: steps between evaluations; None for one at the end of each epoch.
        selection_metric: the metric, as in "valid_error", that chooses the weights to keep.
        selection_better: "lower" or "higher".
        patience: evaluations without a new best after which training stops; None for never.
        checkpoint_every: seconds between checkpoints.
        log_every: steps between loss readings (each waits for the device).
        max_time: seconds this invocation may train; it then checkpoints and leaves the rest to
            the next one. None for no limit.
    """

    batch_size: int
    lr: float
    selection_metric: str
    optimizer: str = "Adam"
    optimizer_args: dict[str, Any] = field(default_factory=dict)
    lr_table: list[Any] | None = None
    scheduler: str | None = None
    scheduler_args: dict[str, Any] = field(default_factory=dict)
    max_epochs: int | None = None
    max_steps: int | None = None
    clip_norm: float | None = None
    precision: str = "float32"
    eval_every: int | None = None
    selection_better: str = "lower"
    patience: int | None = None
    checkpoint_every: float = 60.0
    log_every: int = 50
    max_time: float | None = None

    def __post_init__(self) -> None:
        if self.max_epochs is None and self.max_steps is None:
            raise SettingsError("trainer: set max_epochs or max_steps, or training never ends")
        if self.lr_table is not None and self.scheduler is not None:
            raise SettingsError("trainer: lr_table and scheduler exclude each other")
        self._check_choice("precision", PRECISIONS)
        self._check_choice("selection_better", DIRECTIONS)
        counts = ("batch_size", "max_epochs", "max_steps", "eval_every", "patience", "log_every")
        for name in counts:
            self._check_positive(name, 1)
        for name in ("lr", "clip_norm", "max_time"):
            self._check_positive(name, 0)
        if not self.checkpoint_every >= 0:
            raise SettingsError(f"trainer.checkpoint_every={self.checkpoint_every}: 0 or more")
        _check_lr_table(self.lr_table)
        if self.lr_table is not None and self.lr != self.lr_table[0][1]:
            raise SettingsError(
                f"trainer.lr={self.lr}: trainer.lr_table begins with {self.lr_table[0][1]}; change "
                "the table, or trainer.lr_table=null for a constant rate"
            )

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise SettingsError(f"trainer.{name}={value}: choose one of {', '.join(choices)}")

    def _check_positive(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if value is not None and not (math.isfinite(value) and value >= least and value > 0):
            bound = "at least 1" if least else "greater than 0"
            raise SettingsError(f"trainer.{name}={value}: it must be {bound}")


def _check_lr_table(table: list[Any] | None) -> None:
    if table is None:
        return
    rows_ok = all(isinstance(row, list | tuple) and len(row) == 2 for row in table)
    rows_ok = rows_ok and all(isinstance(x, int | float) for row in table for x in row)
    if not table or not rows_ok or any(b[0] <= a[0] for a, b in pairwise(table)):
        raise SettingsError(
            f"trainer.lr_table={table}: give [[until_step, lr], ...] with rising steps"
        )
