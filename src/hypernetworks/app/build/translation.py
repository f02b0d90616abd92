"""Translation on wmt14 or parallel text (section 4.6)."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.build.models import build_model, count_parameters
from hypernetworks.app.checks import RunError
from hypernetworks.data import parallel_text, wmt14
from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.pair_batches import PairBatches, TextBatches
from hypernetworks.data.pair_splits import HeldOut, PairSplits
from hypernetworks.data.subwords import END
from hypernetworks.models.beam import Translator
from hypernetworks.models.gnmt import GNMT
from hypernetworks.recurrent.fused import native
from hypernetworks.tasks.bleu import signatures
from hypernetworks.tasks.protocols import Evaluation
from hypernetworks.tasks.translation import Baseline, Search, TextBatch, Translation
from hypernetworks.training.devices import Placement

TASK = Translation
EVALUATED_AT_ONCE = 64
SHOWN = 6  # sentences, as in appendix A.6
# What the data set says of the whole model; so that its layers have nothing to say in these.
OF_THE_DATA_SET = ("layers", "dropout", "init_range", "embedding_range")
OF_NO_LAYER = {"num_layers": 1, "input_dropout": 0.0, "output_dropout": 0.0}


def build(cfg: DictConfig, place: Placement) -> Experiment:
    """The experiment of a configuration."""
    dataset, device = cfg.dataset, place.device
    search = _search(dataset)  # before the text is read, which takes time
    splits = _load(cfg)
    symbols = len(splits.subwords)
    train = PairBatches(
        splits.train,
        cfg.trainer.batch_size,
        dataset.tokens,
        cfg.seed,
        device=device,
        shard=(place.rank, place.world),
    )
    predictions = train.predictions / len(splits.train)

    def held_out(part: HeldOut) -> TextBatches:
        return TextBatches(part, EVALUATED_AT_ONCE, device)

    def make_model() -> nn.Module:
        model = _model(cfg, device, symbols)
        if not isinstance(model, Translator):
            raise RunError(
                f"model._target_={cfg.model._target_}: it has no encode, start and step "
                "(models.beam.Translator), and cannot be searched for translations"
            )
        return model

    valid = held_out(splits.valid)
    (shown,) = held_out(splits.test.evenly(SHOWN, splits.subwords)).epoch(0)
    # The compiled steps from the first one on: a resumed run then has the bits of an uninterrupted.
    native.load()
    return Experiment(
        task=_task(cfg, search, splits, predictions, shown),
        train=train,
        evaluations=(
            Evaluation("valid", valid, "training", ("log_perplexity",)),
            Evaluation("valid", valid, "end"),
            Evaluation("test", held_out(splits.test), "end"),
        ),
        make_model=make_model,
        provenance=_about(splits),
        baseline=(lambda: Baseline(_target_counts(splits)).to(device))
        if cfg.profile.baseline
        else None,
        examples=(train.predictions, "target subwords"),
        # About half of the weights meet the subwords of the sources, the rest those of the targets.
        multiplications=lambda model: (
            train.batch_size * predictions * count_parameters(model)["total"] / 2
        ),
    )


def gnmt(name: str, symbols: int, **settings: Any) -> GNMT:
    """GNMT with the recurrent cells of the registry."""
    for key, only in OF_NO_LAYER.items():
        if settings.pop(key, only) != only:
            raise ValueError(
                f"model.{key} is not for translation: dataset.layers and dataset.dropout are"
            )
    return GNMT(name, symbols, **settings)


def full_size(cfg: DictConfig) -> nn.Module:
    """The model on the meta device, for the size of subword model that is asked for."""
    return _model(cfg, "meta", cfg.dataset.subwords)


def trained_model(model: DictConfig, dataset: dict[str, Any], symbols: int) -> nn.Module:
    """The untrained model of a record's configuration, on the CPU."""
    return build_model(model, gnmt, "cpu", **_sizes(dataset, symbols))


def _model(cfg: DictConfig, device: torch.device | str, symbols: int) -> nn.Module:
    return build_model(cfg.model, gnmt, device, **_sizes(cfg.dataset, symbols))


def _sizes(dataset: Any, symbols: int) -> dict[str, Any]:
    return {
        "symbols": symbols,
        **{key: dataset.get(key) for key in OF_THE_DATA_SET},
    }


def _task(
    cfg: DictConfig, search: Search, splits: PairSplits, predictions: float, shown: TextBatch
) -> Translation:
    dataset = cfg.dataset
    return Translation(
        splits.subwords.decode,
        wmt14.LANGUAGES[1] if dataset.name == wmt14.NAME else dataset.languages[1],
        search,
        predictions,
        splits.subwords.model,
        shown,
    )


def _search(dataset: DictConfig) -> Search:
    try:
        return Search(dataset.beam, dataset.alpha, dataset.beta)
    except ValueError as error:
        raise RunError(f"dataset.{error}") from error


def _load(cfg: DictConfig) -> PairSplits:
    dataset, data_dir, kind = cfg.dataset, Path(cfg.data_dir).expanduser(), cfg.profile.data
    cleaning = Cleaning(
        dataset.min_words,
        dataset.max_words,
        dataset.ratio,
        dataset.slack,
        dataset.max_characters,
        dataset.markup,
    )
    of_training = cleaning, dataset.excerpt, dataset.subwords
    if dataset.name == wmt14.NAME:
        return wmt14.load(data_dir, kind, list(dataset.corpora), list(dataset.valid), *of_training)
    path = _place(dataset, data_dir, kind)
    return parallel_text.load(
        path, kind, list(dataset.languages), list(dataset.splits), *of_training
    )


def _about(splits: PairSplits) -> dict[str, Any]:
    """What the record says of the data, and how BLEU is counted on them."""
    about: dict[str, Any] = dict(splits.provenance)
    return {**about, "split": {**about["split"], "scoring": signatures()}}


def _place(dataset: DictConfig, data_dir: Path, kind: str) -> Path:
    """Where a parallel text lies."""
    if kind == "sample":
        return data_dir / "generated" / str(dataset.name)
    if (dataset.path is None) == (dataset.folder is None):
        raise RunError(
            f"dataset.path={dataset.path} dataset.folder={dataset.folder}: give one of both, the "
            "folder of your text or the name of one under data_dir"
        )
    return data_dir / dataset.folder if dataset.path is None else Path(dataset.path).expanduser()


def _target_counts(splits: PairSplits) -> Tensor:
    counts = torch.from_numpy(splits.train.target_counts(len(splits.subwords)))
    counts[END] += len(splits.train)
    return counts
