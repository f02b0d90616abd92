"""One builder a task: from a configuration to what a run trains and measures.

images        mnist, cifar10, images: classification (sections 4.1, 4.2, appendix A.1)
characters    ptb, enwik8, text: language models (sections 4.3, 4.4)
handwriting   iam, unipen: the next point of the pen (section 4.5)
translation   wmt14, parallel_text: sentences in another language (section 4.6)
"""

from importlib import import_module
from typing import Any, Protocol

import torch
from omegaconf import DictConfig
from torch import nn

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.checks import RunError
from hypernetworks.training.devices import Placement

BUILDERS = {
    "images": "hypernetworks.app.build.images",
    "characters": "hypernetworks.app.build.characters",
    "handwriting": "hypernetworks.app.build.handwriting",
    "translation": "hypernetworks.app.build.translation",
}


class Builder(Protocol):
    """What a task's module has."""

    @property
    def TASK(self) -> Any:
        """The class, which says the metrics."""
        ...

    def build(self, cfg: DictConfig, place: Placement) -> Experiment:
        """The task with its data and its model."""
        ...

    def full_size(self, cfg: DictConfig) -> nn.Module:
        """The model on the meta device, from the configuration alone, to count its parameters."""
        ...


def builder_of(cfg: DictConfig) -> Builder:
    """The builder of the task that `cfg.dataset` brings."""
    task = cfg.dataset.task
    if task not in BUILDERS:
        raise RunError(f"dataset.task={task}: choose one of {', '.join(BUILDERS)}")
    return import_module(BUILDERS[task])


def build(cfg: DictConfig, place: Placement) -> tuple[Experiment, nn.Module]:
    """The experiment of a configuration and its model, seeded, on the placement's device."""
    experiment = builder_of(cfg).build(cfg, place)
    torch.manual_seed(cfg.seed)
    return experiment, experiment.make_model()
