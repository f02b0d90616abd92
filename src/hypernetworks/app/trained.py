"""Trained models, from what a run leaves: its record and its checkpoint."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from hypernetworks.app.build import characters, handwriting, translation
from hypernetworks.app.checks import RunError
from hypernetworks.app.choices import choices, near
from hypernetworks.data.errors import DataError
from hypernetworks.data.subwords import Subwords
from hypernetworks.data.text import Alphabet
from hypernetworks.models.character import CharacterModel
from hypernetworks.models.gnmt import GNMT
from hypernetworks.models.handwriting import HandwritingModel
from hypernetworks.models.writing import Moments
from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.folders import table_of
from hypernetworks.report.records import NO_TABLE
from hypernetworks.training.files import Checkpoint, CheckpointError
from hypernetworks.training.state import Progress

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Kind(Generic[Model]):
    """What a command draws, of whose models. Records of such runs are told by what they say of
    their data's split: a `key` whose value is a `type`."""

    name: str
    whose: str
    model: type[Model]
    key: str
    type: type

    def fits(self, record: records.Record) -> bool:
        return isinstance(record["data"]["split"].get(self.key), self.type)


TEXT = Kind("text", "character", CharacterModel, "alphabet", str)
HANDWRITING = Kind("handwriting", "handwriting", HandwritingModel, "mean", list)
TRANSLATION = Kind("sentence pairs", "translation", GNMT, "subwords", dict)


def find_run(name: str, profile: str, results: Path, kind: Kind[Any]) -> records.Record:
    """The record of a run that left a checkpoint.

    Args:
        name: a record's file; or a row such as "table3/lstm_1000", for its newest finished run
            here, one without overrides if there is one, or else its newest; of a row with several
            kinds of run, one of this kind.
    Raises:
        RunError: if there is none.
        RecordError: if a record is damaged.
    """
    if name.endswith(".json"):
        record = records.read(Path(name))
        if not checkpoint_of(record).exists():
            raise RunError(f"{name}: its checkpoint, {checkpoint_of(record).path}, is not there")
        return record
    folder, _, row = name.partition("/")
    if not re.fullmatch(r"[a-z0-9_]+/[a-z0-9_]+", name):
        raise RunError(f"{name}: give a row, such as table3/lstm_1000, or a record's file")
    found = records.find(results / "runs", table_of(folder), row, profile)
    left = [record for record in found if checkpoint_of(record).exists()]
    if not left:
        known = [] if folder == NO_TABLE else choices()["experiment"]
        remedy = f"; python -m hypernetworks experiment={name} profile={profile} trains one"
        raise RunError(
            f"{name}: no run of profile {profile} with a checkpoint under {results / 'runs'}"
            f"{remedy if name in known else near(name, known) if known else ''}"
        )

    def fitness(record: records.Record) -> tuple[bool, bool, bool, Any]:
        finished, as_it_is = record["status"] == "finished", not record["overrides"]
        return kind.fits(record), finished, as_it_is, created(record)

    return max(left, key=fitness)


def checkpoint_of(record: records.Record) -> Checkpoint:
    return Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")


def load_character_model(
    record: records.Record, trusted: bool = False
) -> tuple[CharacterModel, int, Alphabet]:
    """The model with the best weights so far, in evaluation mode; the step of those weights; its
    alphabet.

    Args:
        trusted: whether a class that the record names may be imported and run: a record is data,
            and its `_target_` somebody's code.
    Raises:
        RunError: if the run is not one of a character model, was never evaluated, or needs trust.
        CheckpointError: if the checkpoint is damaged or is another run's.
    """
    model, dataset = _configuration(record, TEXT, trusted)
    alphabet = Alphabet.from_record(record["data"]["split"])
    symbols = dataset.get("symbols", len(alphabet.symbols))
    untrained = characters.trained_model(model, symbols)
    return *_with_best_weights(untrained, record, TEXT, Saved.of(record)), alphabet


def load_handwriting_model(
    record: records.Record, trusted: bool = False
) -> tuple[HandwritingModel, int, Moments]:
    """The same of a handwriting model, with the moments of its training offsets.

    Raises:
        RunError, CheckpointError: as `load_character_model` does.
    """
    model, dataset = _configuration(record, HANDWRITING, trusted)
    untrained = handwriting.trained_model(model, dataset.get("mixtures", 0))
    found = _with_best_weights(untrained, record, HANDWRITING, Saved.of(record))
    return *found, _moments(record)


def load_translation_model(
    record: records.Record, trusted: bool = False
) -> tuple[GNMT, int, Subwords]:
    """The same of a translation model, with its subword model, which lies in the checkpoint.

    Raises:
        RunError, CheckpointError: as `load_character_model` does; also if the subword model is not
            the one that the record names.
    """
    model, dataset = _configuration(record, TRANSLATION, trusted)
    saved = Saved.of(record)
    subwords = _subwords(record, saved)
    untrained = translation.trained_model(model, dataset, len(subwords))
    return *_with_best_weights(untrained, record, TRANSLATION, saved), subwords


def _configuration(
    record: records.Record, kind: Kind[Any], trusted: bool
) -> tuple[DictConfig, dict[str, Any]]:
    """What the record says of its model and its data set."""
    config = {"model": None, "dataset": None, **record["config"]}
    model, dataset = config["model"], config["dataset"]
    if not (isinstance(model, dict) and isinstance(dataset, dict)):
        raise RunError(f"{record.path}: its config names no model or no data set: edited by hand?")
    if not kind.fits(record):
        raise RunError(
            f"{record.path}: a run on {dataset.get('name')}, no {kind.name}: not a "
            f"{kind.whose} model's run"
        )
    if "_target_" in model and not trusted:
        raise RunError(
            f"{record.path}: its model is code of somebody's own, {model['_target_']}; "
            "--trust imports and runs it"
        )
    return OmegaConf.create(model if "_target_" in model else {"name": None, **model}), dataset


@dataclass(frozen=True)
class Saved:
    """What lies in a run's checkpoint, and in which file."""

    content: dict[str, Any]
    path: Path

    @classmethod
    def of(cls, record: records.Record) -> "Saved":
        """The checkpoint of a record.

        Raises:
            CheckpointError: if it is damaged or another run's.
        """
        file = checkpoint_of(record)
        content = file.load()
        if content.get("identity") != record["id"]:
            raise CheckpointError(f"{file.loaded} belongs to another run than {record['id']}")
        return cls(content, file.loaded)


def _with_best_weights(
    model: nn.Module, record: records.Record, kind: Kind[Model], saved: Saved
) -> tuple[Model, int]:
    """The model with the best weights so far, in evaluation mode, and the step of those weights."""
    if not isinstance(model, kind.model):
        raise RunError(f"{record.path}: its model is no {kind.model.__name__}")
    step = _best_step(saved.content, saved.path)
    if step is None:
        raise RunError(f"{record.path}: not evaluated yet, so that no weights are the best")
    try:
        model.load_state_dict(saved.content["best_weights"])
    except Exception as error:  # whatever torch makes of what stands there instead
        raise CheckpointError(f"{saved.path} does not hold the weights of this model") from error
    return model.eval(), step


def _subwords(record: records.Record, saved: Saved) -> Subwords:
    try:
        content = saved.content["processes"][0]["task"]["subwords"]
        subwords = Subwords(bytes(content.tolist()))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, DataError) as error:
        raise CheckpointError(f"{saved.path} holds no subword model") from error
    expected = record["data"]["split"]["subwords"].get("sha256")
    if subwords.sha256 != expected:
        raise CheckpointError(
            f"{saved.path}: its subword model has the SHA-256 {subwords.sha256}, the record says "
            f"{expected}: its ids would stand for other words"
        )
    return subwords


def _moments(record: records.Record) -> Moments:
    split = record["data"]["split"]
    try:
        mean, std = (torch.tensor(split[name], dtype=torch.float32) for name in ("mean", "std"))
    except (KeyError, TypeError, ValueError, RuntimeError):
        mean = std = torch.zeros(0)
    if not mean.shape == std.shape == (2,) or not (torch.cat([mean, 1 / std]).isfinite().all()):
        raise RunError(f"{record.path}: its split has no mean and std of offsets: edited by hand?")
    return mean, std


def _best_step(checkpoint: dict[str, Any], path: Path) -> int | None:
    try:
        return Progress.of(checkpoint["progress"]).best_step
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold what a run saves ({error!r})") from error
