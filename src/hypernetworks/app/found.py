"""Which run is meant by a row, a record's file or a run's folder, and of what kind it is."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import nn

from hypernetworks.app.checks import RunError
from hypernetworks.app.choices import choices, near
from hypernetworks.app.datasets import DATASETS
from hypernetworks.models.character import CharacterModel
from hypernetworks.models.gnmt import GNMT
from hypernetworks.models.handwriting import HandwritingModel
from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.folders import table_of
from hypernetworks.report.records import NO_TABLE
from hypernetworks.training.files import Checkpoint

Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Kind(Generic[Model]):
    """The runs of a task: what they are of, whose models they train. What their records say of the
    data's split has a `key` whose value is a `type`."""

    task: str
    name: str
    whose: str
    model: type[Model]
    key: str
    type: type

    def fits(self, record: records.Record) -> bool:
        split = record["data"]["split"]
        return task_of(record) == self.task and isinstance(split.get(self.key), self.type)


IMAGES = Kind("images", "images", "image", nn.Module, "valid", int)
TEXT = Kind("characters", "text", "character", CharacterModel, "alphabet", str)
HANDWRITING = Kind("handwriting", "handwriting", "handwriting", HandwritingModel, "mean", list)
TRANSLATION = Kind("translation", "sentence pairs", "translation", GNMT, "subwords", dict)


def task_of(record: records.Record) -> str:
    """The task that the run's data set brings; "" of a data set that is not known here."""
    dataset = DATASETS.get(record["protocol"]["dataset"].get("name"))
    return "" if dataset is None else str(dataset.task)


def find_run(
    name: str, profile: str, results: Path, kind: Kind[Any] | None = None
) -> records.Record:
    """The record of a run that left a checkpoint.

    Args:
        name: a record's file, or its run's folder beside it; or a row such as "table3/lstm_1000",
            for its newest finished run here, one without overrides if there is one, or else its
            newest; of a row with several kinds of run, one of this kind.
    Raises:
        RunError: if there is none.
        RecordError: if a record is damaged.
    """
    file = _record_file(Path(name))
    if file is not None:
        record = records.read(file)
        if not checkpoint_of(record).exists():
            raise RunError(f"{name}: its checkpoint, {checkpoint_of(record).path}, is not there")
        return record
    folder, _, row = name.partition("/")
    if not re.fullmatch(r"[a-z0-9_]+/[a-z0-9_]+", name):
        remedy = "give a row, such as table3/lstm_1000, a record's file or its run's folder"
        raise RunError(f"{name}: {remedy}")
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
        return kind is None or kind.fits(record), finished, as_it_is, created(record)

    return max(left, key=fitness)


def checkpoint_of(record: records.Record) -> Checkpoint:
    return Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")


def _record_file(path: Path) -> Path | None:
    """The record that a path means; None if it is neither a record nor a run's folder."""
    if path.suffix == ".json":
        return path
    beside = path.parent / f"{path.name}.json"
    return beside if path.name and path.is_dir() and beside.is_file() else None
