"""Handwriting prediction on iam or unipen."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.build.models import build_model, count_parameters
from hypernetworks.app.checks import RunError
from hypernetworks.app.datasets import HandwritingConfig
from hypernetworks.data import iam, unipen
from hypernetworks.data.line_batches import LineBatches
from hypernetworks.data.lines import Lines, LineSplits, Selection, moments, split_by_group
from hypernetworks.models.handwriting import POINT, HandwritingModel
from hypernetworks.models.registry import recurrent_core
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.constant_mixture import ConstantMixture
from hypernetworks.tasks.handwriting import Handwriting
from hypernetworks.tasks.protocols import Evaluation
from hypernetworks.training.devices import Placement

TASK = Handwriting
EVALUATED_AT_ONCE = 64
TUNING_SHARE = 0.1
# The settings that only one of the sets has.
OWN = {"iam": ("gap", "jump"), "unipen": ("divide", "dequantise", "valid_share", "split_seed")}


def build(cfg: DictConfig, place: Placement) -> Experiment:
    """The experiment of a configuration."""
    dataset, device, splits = cfg.dataset, place.device, _load(cfg)
    mean, std = moments(splits.train)
    train = LineBatches(
        splits.train,
        (mean, std),
        cfg.trainer.batch_size,
        cfg.seed,
        dataset.scaling,
        device=device,
        shard=(place.rank, place.world),
    )
    valid = LineBatches(splits.valid, (mean, std), EVALUATED_AT_ONCE, shuffle=False, device=device)
    predictions = train.predictions / len(splits.train)

    def make_model() -> nn.Module:
        return build_model(cfg.model, handwriting_model, device, mixtures=dataset.mixtures)

    # The compiled steps from the first one on: a resumed run then has the bits of an uninterrupted.
    native.load()
    return Experiment(
        task=Handwriting(mean, std, predictions),
        train=train,
        # There is no test split: the table's number is the validation log-loss.
        evaluations=(Evaluation("valid", valid, "always"),),
        make_model=make_model,
        provenance=_about(splits, mean, std),
        baseline=(lambda: ConstantMixture(train.predicted(), dataset.mixtures))
        if cfg.profile.baseline
        else None,
        examples=(train.predictions, "points"),
        # Every weight meets every point of a batch once.
        multiplications=lambda model: (
            cfg.trainer.batch_size * predictions * count_parameters(model)["total"]
        ),
    )


def handwriting_model(
    name: str, mixtures: int, input_dropout: float, output_dropout: float, **settings: Any
) -> HandwritingModel:
    """Recurrent layers of the registry over pen points, with a mixture density read-out."""
    core = recurrent_core(name, POINT, **settings)
    return HandwritingModel(core, mixtures, input_dropout, output_dropout)


def full_size(cfg: DictConfig) -> nn.Module:
    """The model on the meta device, for one of the data sets."""
    return build_model(cfg.model, handwriting_model, "meta", mixtures=cfg.dataset.mixtures)


def trained_model(model: DictConfig, mixtures: int) -> nn.Module:
    """The untrained model of a record's configuration, on the CPU."""
    return build_model(model, handwriting_model, torch.device("cpu"), mixtures=mixtures)


def _load(cfg: DictConfig) -> LineSplits:
    dataset, data_dir = cfg.dataset, Path(cfg.data_dir).expanduser()
    _check_own(dataset)
    kind = cfg.profile.data
    selection = Selection(
        dataset.min_points, dataset.max_points, dataset.min_strokes, dataset.min_characters
    )
    if dataset.name == "iam":
        splits = iam.load(data_dir, kind, selection, dataset.gap, dataset.jump)
    else:
        splits = unipen.load(
            data_dir,
            kind,
            selection,
            dataset.divide,
            dataset.dequantise,
            dataset.valid_share,
            dataset.split_seed,
        )
    if not dataset.tuning:
        return splits
    rest, part = split_by_group(splits.train, TUNING_SHARE, dataset.get("split_seed", 0))
    return LineSplits(rest, part, splits.provenance)


def _check_own(dataset: DictConfig) -> None:
    """Refuses a setting of the other set, which would change nothing."""
    defaults = HandwritingConfig()
    for name, keys in OWN.items():
        for key in keys:
            if dataset.name != name and dataset[key] != getattr(defaults, key):
                raise RunError(f"dataset.{key}={dataset[key]}: {dataset.name} has no such setting")


def _about(splits: LineSplits, mean: Tensor, std: Tensor) -> dict[str, Any]:
    """What the record says of the data: the loader's words, what was trained on, the moments."""
    about: dict[str, Any] = dict(splits.provenance)
    split = about["split"]
    counts = {**_counts("train", splits.train), **_counts("valid", splits.valid)}
    about["split"] = {
        **split,
        **{name: count for name, count in counts.items() if name in split},
        "mean": mean.tolist(),
        "std": std.tolist(),
    }
    return about


def _counts(name: str, lines: Lines) -> dict[str, int]:
    """Whatever a loader counts of a part: its lines are others when a run is for tuning."""
    return {
        name: len(lines),
        f"{name}_points": len(lines.points),
        f"{name}_writers": len(lines.groups.unique()),
    }
