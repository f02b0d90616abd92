"""Character language models on ptb, enwik8, or a text of the user's own."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import nn

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.build.models import build_model, count_parameters
from hypernetworks.app.checks import RunError
from hypernetworks.data import enwik8, own_text, ptb
from hypernetworks.data.text import Streams, TextSplits
from hypernetworks.models.character import CharacterModel
from hypernetworks.models.registry import recurrent_core
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.characters import CharacterLanguageModel
from hypernetworks.tasks.ngram import NGram
from hypernetworks.tasks.protocols import Evaluation
from hypernetworks.training.devices import Placement

TASK = CharacterLanguageModel
# Steps at a time of a text that is evaluated as one sequence.
EXACT_WINDOW = 1000
LARGEST_CODE = 2**63  # an n-gram's number, symbols ** (n + 1), has to fit


def build(cfg: DictConfig, place: Placement) -> Experiment:
    """The experiment of a configuration."""
    dataset, splits = cfg.dataset, _load(cfg)
    window, device = dataset.window, place.device
    train = Streams(splits.train, cfg.trainer.batch_size, window, device, (place.rank, place.world))
    key = "dataset.valid_streams"
    estimate = Streams(splits.valid, dataset.valid_streams, window, device, key=key)
    known = len(splits.alphabet.symbols)
    symbols = dataset.get("symbols", known)
    if symbols < known:
        raise RunError(f"dataset.symbols={symbols}: the text has {known} symbols")
    _check_order(dataset.baseline_order, known)

    def make_model() -> nn.Module:
        return build_model(cfg.model, character_model, device, symbols=symbols)

    # The compiled steps from the first one on: a resumed run then has the bits of an uninterrupted.
    native.load()
    return Experiment(
        task=CharacterLanguageModel(
            splits.alphabet.values(), splits.alphabet.newline, dataset.reset
        ),
        train=train,
        # During training an estimate in many streams; at the end the whole text as one sequence.
        evaluations=(
            Evaluation("valid", estimate, "training"),
            Evaluation("valid", Streams(splits.valid, 1, EXACT_WINDOW, device), "end"),
            Evaluation("test", Streams(splits.test, 1, EXACT_WINDOW, device), "end"),
            Evaluation("valid_estimate", estimate, "end"),
        ),
        make_model=make_model,
        provenance=splits.provenance,
        baseline=(lambda: NGram(splits.train, known, dataset.baseline_order))
        if cfg.profile.baseline
        else None,
        examples=(train.predictions, "characters"),
        # Every weight meets every character of a window once.
        multiplications=lambda model: (
            cfg.trainer.batch_size * window * count_parameters(model)["total"]
        ),
    )


def character_model(
    name: str, symbols: int, input_dropout: float, output_dropout: float, **settings: Any
) -> CharacterModel:
    """Recurrent layers of the registry over one-hot symbols, with a linear read-out."""
    core = recurrent_core(name, symbols, **settings)
    return CharacterModel(core, input_dropout, output_dropout)


def full_size(cfg: DictConfig) -> nn.Module:
    """The model on the meta device, for one of the paper's data sets."""
    return build_model(cfg.model, character_model, "meta", symbols=cfg.dataset.symbols)


def trained_model(model: DictConfig, symbols: int) -> nn.Module:
    """The untrained model of a record's configuration, on the CPU."""
    return build_model(model, character_model, torch.device("cpu"), symbols=symbols)


def _check_order(order: int, symbols: int) -> None:
    largest = max(n for n in range(1, 20) if symbols ** (n + 1) < LARGEST_CODE)
    if not 1 <= order <= min(largest, 8):
        raise RunError(f"dataset.baseline_order={order}: choose 1 to {min(largest, 8)}")


def _load(cfg: DictConfig) -> TextSplits:
    dataset, data_dir = cfg.dataset, Path(cfg.data_dir).expanduser()
    if dataset.name == "ptb":
        return ptb.load(data_dir, cfg.profile.data, dataset.form)
    if dataset.name == "enwik8":
        return enwik8.load(data_dir, cfg.profile.data, dataset.prefix)
    return own_text.load(Path(dataset.path).expanduser(), dataset.form, list(dataset.split))
