"""Trained models, from what a run leaves: its record and its checkpoint.

What `hypernetworks.load` gives, and what sample, write and translate draw from. A checkpoint is
held to its checksum, and holds tensors and plain values alone; a record is data, and code that it
names runs only when it is trusted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from hypernetworks.app.build import characters, handwriting, images, recorded, translation
from hypernetworks.app.checks import RunError
from hypernetworks.app.found import (
    HANDWRITING,
    IMAGES,
    TEXT,
    TRANSLATION,
    Kind,
    checkpoint_of,
    task_of,
)
from hypernetworks.data.errors import DataError
from hypernetworks.data.images import scaled
from hypernetworks.data.subwords import Subwords
from hypernetworks.data.text import Alphabet
from hypernetworks.models.character import CharacterModel
from hypernetworks.models.gnmt import GNMT
from hypernetworks.models.handwriting import HandwritingModel
from hypernetworks.models.writing import Moments
from hypernetworks.report import records
from hypernetworks.training.files import CheckpointError
from hypernetworks.training.state import Progress

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """A trained model.

    Attributes:
        model: with the weights of the run's best evaluation, in evaluation mode.
        step: the step of these weights.
        record: what the run left of itself, as its file has it: "metrics", "seed", "data" ...
    """

    model: Model
    step: int
    record: records.Record

    @property
    def task(self) -> str:
        """ "images", "characters", "handwriting" or "translation"."""
        return task_of(self.record)

    @property
    def config(self) -> dict[str, Any]:
        """The run's whole configuration, resolved: "model", "dataset", "trainer" ..."""
        config: dict[str, Any] = self.record["config"]
        return config


@dataclass(frozen=True)
class TrainedImages(Trained[nn.Module]):
    """A classifier: model(prepare(images)) are the logits (B, classes).

    Attributes:
        image_shape: (C, H, W).
        classes: how many there are.
        scale: mean and deviation (C,) of each channel of the training images, of values in [0, 1],
            by which images are normalised; None if they are not.
    """

    image_shape: tuple[int, int, int]
    classes: int
    scale: tuple[Tensor, Tensor] | None

    def prepare(self, pictures: Tensor) -> Tensor:
        """Images (B, C, H, W), uint8, as the model was trained on them, without crops."""
        device = next(self.model.parameters()).device
        return scaled(pictures.to(device), self.scale)


@dataclass(frozen=True)
class TrainedCharacters(Trained[CharacterModel]):
    """A character model; `alphabet` encodes text (bytes) as its symbols, and decodes them."""

    alphabet: Alphabet


@dataclass(frozen=True)
class TrainedHandwriting(Trained[HandwritingModel]):
    """A handwriting model; `moments` are mean and deviation (2,) of the offsets that it was trained
    on, for `hypernetworks.write`."""

    moments: Moments


@dataclass(frozen=True)
class TrainedTranslation(Trained[GNMT]):
    """A translation model; `subwords` encodes sentences as ids, without begin and end, and decodes
    them."""

    subwords: Subwords


def load_trained(record: records.Record, trusted: bool = False) -> Trained[Any]:
    """The trained model of a record, of whatever task.

    Args:
        trusted: whether a class that the record names may be imported and run: a record is data,
            and its `_target_` somebody's code.
    Raises:
        RunError: if the run was never evaluated, needs trust, or lacks what its model needs.
        CheckpointError: if the checkpoint is damaged, is another run's or another model's.
    """
    task = task_of(record)
    if task not in LOADERS:
        raise RunError(f"{record.path}: its data set is not known here: edited by hand?")
    return LOADERS[task](record, trusted)


def load_image_model(record: records.Record, trusted: bool = False) -> TrainedImages:
    """The classifier of an image run; raises as `load_trained` does."""
    model, dataset = _configuration(record, IMAGES, trusted)
    shape, classes = recorded.size_of_images(record)
    untrained = images.trained_model(model, shape, classes)
    found = _with_best_weights(untrained, record, IMAGES, Saved.of(record))
    return TrainedImages(*found, record, shape, classes, recorded.scale(record, dataset))


def load_character_model(record: records.Record, trusted: bool = False) -> TrainedCharacters:
    """The model of a text run; raises as `load_trained` does, also if it is no such run."""
    model, dataset = _configuration(record, TEXT, trusted)
    alphabet = Alphabet.from_record(record["data"]["split"])
    symbols = dataset.get("symbols", len(alphabet.symbols))
    untrained = characters.trained_model(model, symbols)
    found = _with_best_weights(untrained, record, TEXT, Saved.of(record))
    return TrainedCharacters(*found, record, alphabet)


def load_handwriting_model(record: records.Record, trusted: bool = False) -> TrainedHandwriting:
    """The model of a handwriting run; raises as `load_trained` does, also if it is no such run."""
    model, dataset = _configuration(record, HANDWRITING, trusted)
    untrained = handwriting.trained_model(model, dataset.get("mixtures", 0))
    found = _with_best_weights(untrained, record, HANDWRITING, Saved.of(record))
    return TrainedHandwriting(*found, record, recorded.moments(record))


def load_translation_model(record: records.Record, trusted: bool = False) -> TrainedTranslation:
    """The model of a translation run, with its subword model, which lies in the checkpoint; raises
    as `load_trained` does, also if it is no such run or the subword model not the record's."""
    model, dataset = _configuration(record, TRANSLATION, trusted)
    saved = Saved.of(record)
    subwords = _subwords(record, saved)
    untrained = translation.trained_model(model, dataset, len(subwords))
    found = _with_best_weights(untrained, record, TRANSLATION, saved)
    return TrainedTranslation(*found, record, subwords)


LOADERS: dict[str, Callable[[records.Record, bool], Trained[Any]]] = {
    "images": load_image_model,
    "characters": load_character_model,
    "handwriting": load_handwriting_model,
    "translation": load_translation_model,
}


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
            "--trust (in Python trust=True) imports and runs it"
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


def _best_step(checkpoint: dict[str, Any], path: Path) -> int | None:
    try:
        return Progress.of(checkpoint["progress"]).best_step
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold what a run saves ({error!r})") from error
