"""From configuration groups to objects: the model, and what a data set is used for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import nn

from hypernetworks.app.checks import RunError
from hypernetworks.data import cifar10, enwik8, mnist, ptb
from hypernetworks.data.images import ImageBatches, channel_moments
from hypernetworks.data.text import Streams, TextSplits
from hypernetworks.recurrent import native
from hypernetworks.tasks.char_lm import CharacterLanguageModel
from hypernetworks.tasks.classify import Classification, RidgeClassifier
from hypernetworks.tasks.ngram import NGram
from hypernetworks.training.devices import Placement

# Steps at a time of a text that is evaluated as one sequence.
EXACT_WINDOW = 1000
MAX_ORDER = 8  # of the n-gram baseline: 205 symbols to this power fit into 64 bits


@dataclass(frozen=True)
class Experiment:
    """A task with its data.

    finals: {split: batches} of the final evaluation. examples: (count, name) of what an epoch of
    training reads. provenance: describes the data in the record.
    """

    task: Any
    train: Any
    valid: Any
    provenance: dict[str, Any]
    baseline: Callable[[], Any] | None
    finals: dict[str, Any]
    examples: tuple[int, str]


def build_model(cfg: DictConfig, device: torch.device | str) -> nn.Module:
    """The model of `cfg.model`, initialised on the CPU so that every device starts the same.

    On the meta device nothing is allocated: enough to count parameters.
    """
    try:
        if str(device) == "meta":
            with torch.device("meta"):
                return instantiate(cfg.model)
        return instantiate(cfg.model).to(device)
    except InstantiationException as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise RunError(f"the model cannot be built: {reason}") from error


def build_experiment(cfg: DictConfig, place: Placement) -> Experiment:
    """The task and the data of `cfg.dataset`."""
    images = cfg.dataset.name in ("mnist", "cifar10")
    return (_images if images else _text)(cfg, place)


def check_fit(cfg: DictConfig, model: nn.Module, experiment: Experiment) -> None:
    """Refuses a model that images of the data set do not fit, before a run leaves anything."""
    if experiment.examples[1] != "images":
        return  # `_load_text` has compared the symbols
    images, _ = next(experiment.valid.epoch(0))
    try:
        with torch.no_grad():
            model.eval()(images[:1])
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:
        shape, reason = tuple(images.shape[1:]), str(error).splitlines()[0]
        raise RunError(
            f"the model does not take the images of dataset={cfg.dataset.name}, {shape}: {reason}"
        ) from error


def _load_text(cfg: DictConfig) -> TextSplits:
    """The text of `cfg.dataset`, whose symbols the model of `cfg.model` must know."""
    dataset, data_dir = cfg.dataset, Path(cfg.data_dir).expanduser()
    if dataset.name == "ptb":
        splits = ptb.load(data_dir, cfg.profile.data, dataset.form)
    else:
        splits = enwik8.load(data_dir, cfg.profile.data, dataset.prefix)
    if not 1 <= dataset.baseline_order <= MAX_ORDER:
        raise RunError(f"dataset.baseline_order={dataset.baseline_order}: choose 1 to {MAX_ORDER}")
    if "symbols" not in cfg.model or cfg.model.symbols < len(splits.symbols):
        needed = f"dataset={dataset.name} needs a model of at least {len(splits.symbols)} symbols"
        raise RunError(f"{needed}: model=char_lstm or char_hyper_lstm, model.symbols=...")
    return splits


def _images(cfg: DictConfig, place: Placement) -> Experiment:
    dataset = cfg.dataset
    module = {"mnist": mnist, "cifar10": cifar10}[dataset.name]
    where = Path(cfg.data_dir).expanduser(), cfg.profile.data
    splits = module.load(*where, dataset.valid_size, dataset.split_seed)
    of_dataset: dict[str, Any] = {"device": place.device}
    if dataset.name == "cifar10":
        of_dataset["scale"] = channel_moments(splits.train)
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
        ImageBatches(split, 1000, shuffle=False, **of_dataset)
        for split in (splits.valid, splits.test)
    )

    def fit_baseline() -> RidgeClassifier:
        # Of the whole split, whatever this process's shard of it is.
        whole = ImageBatches(splits.train, 1000, cfg.seed, dataset.pad, **of_dataset)
        return RidgeClassifier(whole.epoch(0))

    baseline = fit_baseline if cfg.profile.baseline else None
    task = Classification(dataset.get("l2", 0.0))
    finals, examples = {"valid": valid, "test": test}, (len(splits.train), "images")
    return Experiment(task, train, valid, splits.provenance, baseline, finals, examples)


def _text(cfg: DictConfig, place: Placement) -> Experiment:
    dataset, splits = cfg.dataset, _load_text(cfg)
    shard = (place.rank, place.world)
    window, device = dataset.window, place.device
    train = Streams(splits.train, cfg.trainer.batch_size, window, device, shard)
    key = "dataset.valid_streams"
    estimate = Streams(splits.valid, dataset.valid_streams, window, device, key=key)

    def fit_baseline() -> NGram:
        return NGram(splits.train, len(splits.symbols), dataset.baseline_order)

    # The compiled steps from the first one on: a resumed run then has the bits of an uninterrupted.
    native.load()
    finals = {
        # One stream: the whole text as one sequence.
        "valid": Streams(splits.valid, 1, EXACT_WINDOW, device),
        "test": Streams(splits.test, 1, EXACT_WINDOW, device),
        "valid_estimate": estimate,
    }
    baseline = fit_baseline if cfg.profile.baseline else None
    task, examples = CharacterLanguageModel(splits.symbols), (train.predictions, "characters")
    return Experiment(task, train, estimate, splits.provenance, baseline, finals, examples)


def count_parameters(model: nn.Module) -> dict[str, int]:
    """The total, and the parts for which the paper states a count."""
    parts: dict[str, list[nn.Parameter]] = getattr(model, "counted_parts", dict)()
    counts = {name: sum(p.numel() for p in part) for name, part in parts.items()}
    return {"total": sum(p.numel() for p in model.parameters()), **counts}
