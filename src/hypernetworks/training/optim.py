"""Optimiser and learning-rate schedule, by torch's own names or as the paper's step tables."""

import difflib
from types import ModuleType

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from hypernetworks.training.settings import SettingsError, TrainerSettings


def build_optimizer(model: nn.Module, settings: TrainerSettings) -> torch.optim.Optimizer:
    """The `torch.optim` class named by the settings, over all the model's parameters."""
    cls = _named(torch.optim, settings.optimizer, torch.optim.Optimizer, "trainer.optimizer")
    try:
        return cls(model.parameters(), lr=settings.lr, **settings.optimizer_args)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"trainer.optimizer={settings.optimizer}: {error}") from error


def build_scheduler(optimizer: torch.optim.Optimizer, settings: TrainerSettings) -> LRScheduler:
    """The schedule, to be stepped once a training step."""
    if settings.scheduler is not None:
        module = torch.optim.lr_scheduler
        cls = _named(module, settings.scheduler, LRScheduler, "trainer.scheduler")
        if cls is torch.optim.lr_scheduler.ReduceLROnPlateau:
            raise SettingsError(
                "trainer.scheduler=ReduceLROnPlateau needs a metric; the loop's schedules are "
                "functions of the step"
            )
        try:
            return cls(optimizer, **settings.scheduler_args)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"trainer.scheduler={settings.scheduler}: {error}") from error
    table = settings.lr_table or [[1, settings.lr]]
    return LambdaLR(optimizer, lambda step: lr_at(step, table) / settings.lr)


def lr_at(step: int, table: list[list[float]]) -> float:
    """The rate of the first row of [[until, lr], ...] with step < until, else the last rate."""
    return next((lr for until, lr in table if step < until), table[-1][1])


def _named(module: ModuleType, name: str, base: type, key: str) -> type:
    found = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, base) and found is not base:
        return found
    classes = [n for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, base)]
    near = difflib.get_close_matches(name, classes, n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise SettingsError(f"{key}={name}: no such class in {module.__name__}{hint}")
