"""The learning rate of each step: constant, a step table as the paper's, or a schedule of torch.

Any of them can begin with a warm-up.
"""

from dataclasses import replace

import torch
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LambdaLR, LinearLR, LRScheduler, SequentialLR

from hypernetworks.training.by_name import named, refusals
from hypernetworks.training.optim import trial_optimizer
from hypernetworks.training.settings import SettingsError, TrainerSettings

TRIED = 100  # steps of a schedule that are tried
LENGTHS = {"OneCycleLR": "total_steps", "CosineAnnealingLR": "T_max"}


def build_scheduler(
    optimizer: torch.optim.Optimizer, settings: TrainerSettings, steps: int
) -> LRScheduler:
    """The schedule, to be stepped once a training step.

    Step n = 0, 1, ... of w = `warmup_steps` has the rate lr (n + 1) / w. Step w is the first one of
    a schedule of torch, but number w of a table: what the paper says of step 28,000 stays so.

    Where the settings do not give it, the length of a cycle or a cosine is what a run takes after
    its warm-up.

    Args:
        optimizer: see `build_optimizer`.
        steps: that a whole run takes (see `total_steps`).
    Raises:
        SettingsError: if there is no such schedule, or it does not get through its first steps, or
            has fewer than the run.
    """
    like = optimizer.param_groups[0]["params"][0]
    trial = trial_optimizer(settings, like, len(optimizer.param_groups))
    name, settings = str(settings.scheduler), with_length(settings, steps)
    with refusals("scheduler", name, settings.scheduler_args):
        tried = _build(trial, settings)
    own = getattr(tried, "total_steps", None)
    if own is not None and own < steps:
        raise SettingsError(
            f"trainer.scheduler_args.total_steps={own}: training takes {steps} steps"
        )
    with refusals("scheduler", name, settings.scheduler_args):
        for _ in range(min(steps, TRIED)):
            trial.step()
            tried.step()
        return _build(optimizer, settings)


def with_length(settings: TrainerSettings, steps: int) -> TrainerSettings:
    """The settings, with the length of their schedule."""
    key = LENGTHS.get(settings.scheduler or "")
    if key is None or {key, "epochs"} & settings.scheduler_args.keys():
        return settings
    length = max(1, steps - settings.warmup_steps)
    return replace(settings, scheduler_args={**settings.scheduler_args, key: length})


def lr_at(step: int, table: list[list[float]]) -> float:
    """The rate of the first row of [[until, lr], ...] with step < until, else the last rate."""
    return next((lr for until, lr in table if step < until), table[-1][1])


def _build(optimizer: torch.optim.Optimizer, settings: TrainerSettings) -> LRScheduler:
    warmup = settings.warmup_steps
    if not warmup:
        return _main(optimizer, settings)
    rising = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    return SequentialLR(optimizer, [rising, _main(optimizer, settings)], [warmup])


def _main(optimizer: torch.optim.Optimizer, settings: TrainerSettings) -> LRScheduler:
    if settings.scheduler is not None:
        return _class(settings.scheduler)(optimizer, **settings.scheduler_args)
    table = settings.lr_table or [[1, settings.lr]]
    # SequentialLR counts the steps of what follows a warm-up from 0.
    first = settings.warmup_steps
    return LambdaLR(optimizer, lambda step: lr_at(first + step, table) / settings.lr)


def _class(name: str) -> type:
    cls = named(lr_scheduler, name, LRScheduler, "trainer.scheduler")
    if cls is lr_scheduler.ReduceLROnPlateau:
        raise SettingsError(
            "trainer.scheduler=ReduceLROnPlateau needs a metric; the loop's schedules are "
            "functions of the step"
        )
    return cls
