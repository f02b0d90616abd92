"""The optimiser, by torch's own name."""

from typing import Any

import torch
from torch import Tensor, nn

from hypernetworks.training.by_name import named, refusals
from hypernetworks.training.decay import split_for_decay
from hypernetworks.training.settings import SettingsError, TrainerSettings


def build_optimizer(model: nn.Module, settings: TrainerSettings) -> torch.optim.Optimizer:
    """The `torch.optim` class named by the settings, over all the model's parameters.

    They are one group, in the model's order; with `weight_decay` two, the second without it.

    Raises:
        SettingsError: if there is no such class, or it cannot make a step as the loop does, with a
            dense gradient and without a closure; if there is nothing to train.
    """
    parameters = list(model.parameters())
    if not parameters:
        raise SettingsError(f"{type(model).__name__} has no parameters to train")
    trial = trial_optimizer(settings, parameters[0])
    if settings.weight_decay and "weight_decay" not in trial.defaults:
        raise SettingsError(
            f"trainer.weight_decay={settings.weight_decay}: {settings.optimizer} has none"
        )
    groups: list[dict[str, Any]] = [{"params": parameters}]
    if settings.weight_decay:
        decayed, others = split_for_decay(model)
        groups = [
            {"params": decayed, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
    with refusals("optimizer", settings.optimizer, settings.optimizer_args):
        return _class(settings)(groups, lr=settings.lr, **settings.optimizer_args)


def trial_optimizer(
    settings: TrainerSettings, like: Tensor, groups: int = 1
) -> torch.optim.Optimizer:
    """One over a throw-away number a group, where `like` lies, which has made a step already.

    Raises:
        SettingsError: as for `build_optimizer`.
    """
    cls, numbers = _class(settings), [nn.Parameter(like.new_zeros(1, 1)) for _ in range(groups)]
    for number in numbers:
        number.grad = torch.ones_like(number)
    with refusals("optimizer", settings.optimizer, settings.optimizer_args):
        each = [{"params": [number]} for number in numbers]
        trial: torch.optim.Optimizer = cls(each, lr=settings.lr, **settings.optimizer_args)
        trial.step()
    return trial


def _class(settings: TrainerSettings) -> type:
    return named(torch.optim, settings.optimizer, torch.optim.Optimizer, "trainer.optimizer")
