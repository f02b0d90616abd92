"""Image classification on mnist, cifar10, or images of the user's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.build.models import build_model
from hypernetworks.app.checks import RunError
from hypernetworks.app.memory import ran_out
from hypernetworks.data import cifar10, mnist
from hypernetworks.data.images import ImageBatches, ImageSplits, channel_moments
from hypernetworks.models.registry import image_network
from hypernetworks.tasks.classify import Classification
from hypernetworks.tasks.protocols import Evaluation
from hypernetworks.tasks.ridge import RidgeClassifier
from hypernetworks.training.devices import Placement

TASK = Classification
# What is known of the paper's data sets without reading them.
FITS = {
    "mnist": {"image_shape": (1, 28, 28), "classes": 10},
    "cifar10": {"image_shape": (3, 32, 32), "classes": 10},
}
EVALUATED_AT_ONCE = 1000


def build(cfg: DictConfig, place: Placement) -> Experiment:
    """The experiment of a configuration."""
    dataset, splits = cfg.dataset, _load(cfg)
    scale = channel_moments(splits.train) if is_scaled(dataset) else None
    of_dataset: dict[str, Any] = {"device": place.device, "scale": scale}
    train = ImageBatches(
        splits.train,
        cfg.trainer.batch_size,
        cfg.seed,
        dataset.pad,
        flip=dataset.get("flip", False),
        shard=(place.rank, place.world),
        **of_dataset,
    )
    valid, test = (
        ImageBatches(split, EVALUATED_AT_ONCE, shuffle=False, **of_dataset)
        for split in (splits.valid, splits.test)
    )
    fit = {"image_shape": splits.shape, "classes": splits.classes}

    def make_model() -> nn.Module:
        model = build_model(cfg.model, image_network, place.device, **fit)
        _check_fit(model, valid, dataset.name)
        # Convolutions are faster with the channels last.
        return model.to(memory_format=torch.channels_last)

    def fit_baseline() -> RidgeClassifier:
        # Of the whole split, whatever this process's shard of it is.
        whole = ImageBatches(splits.train, 1000, cfg.seed, dataset.pad, **of_dataset)
        return RidgeClassifier(whole.epoch(0), splits.classes)

    return Experiment(
        task=Classification(dataset.get("l2", 0.0)),
        train=train,
        evaluations=(Evaluation("valid", valid, "always"), Evaluation("test", test, "end")),
        make_model=make_model,
        provenance=_about(splits, scale),
        baseline=fit_baseline if cfg.profile.baseline else None,
        examples=(len(splits.train), "images"),
        multiplications=lambda model: _multiplications(model, valid, cfg.trainer.batch_size),
    )


def _multiplications(model: nn.Module, images: ImageBatches, batch: int) -> float:
    """Of a forward pass, of which those that make kernels do not grow with the batch."""
    image = next(images.epoch(0))[0][:1]
    counted = []
    for count in (1, 2):
        with torch.no_grad(), FlopCounterMode(display=False) as flops:
            model.eval()(image.expand(count, *image.shape[1:]))
        counted.append(flops.get_total_flops() / 2)  # it counts a multiplication and an addition
    return counted[0] + (batch - 1) * (counted[1] - counted[0])


def full_size(cfg: DictConfig) -> nn.Module:
    """The model on the meta device, for one of the paper's data sets."""
    return build_model(cfg.model, image_network, "meta", **FITS[cfg.dataset.name])


def trained_model(model: DictConfig, image_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The untrained model of a record's configuration, on the CPU."""
    fit = {"image_shape": image_shape, "classes": classes}
    built = build_model(model, image_network, "cpu", **fit)
    return built.to(memory_format=torch.channels_last)  # as it was trained


def is_scaled(dataset: Mapping[str, Any]) -> bool:
    """Whether a data set's images are normalised, channel by channel."""
    return bool(dataset.get("scale", dataset.get("name") == "cifar10"))


def _about(splits: ImageSplits, scale: tuple[Tensor, Tensor] | None) -> dict[str, Any]:
    """What the record says of the data: the loader's words, and what whoever loads the trained
    model needs to know of the images."""
    about: dict[str, Any] = dict(splits.provenance)
    found: dict[str, Any] = {"shape": list(splits.shape)}
    if scale is not None:
        found |= {"channel_mean": scale[0].tolist(), "channel_std": scale[1].tolist()}
    return {**about, "split": {**about["split"], **found}}


def _load(cfg: DictConfig) -> ImageSplits:
    dataset, data_dir = cfg.dataset, Path(cfg.data_dir).expanduser()
    if dataset.name == "images":
        from hypernetworks.data import own_images  # imports torchvision: seconds

        place = Path(dataset.path).expanduser()
        return own_images.load(place, dataset.size, list(dataset.split), dataset.split_seed)
    module = {"mnist": mnist, "cifar10": cifar10}[dataset.name]
    return module.load(data_dir, cfg.profile.data, dataset.valid_size, dataset.split_seed)


def _check_fit(model: nn.Module, images: ImageBatches, name: str) -> None:
    """Refuses a model that the images do not fit, before a run leaves anything."""
    batch, _ = next(images.epoch(0))
    try:
        with torch.no_grad():
            model.eval()(batch[:1])
    except (RuntimeError, ValueError, TypeError) as error:
        if ran_out(error):
            raise
        shape, reason = tuple(batch.shape[1:]), str(error).splitlines()[0]
        raise RunError(
            f"the model does not take the images of dataset={name}, {shape}: {reason}"
        ) from error
