"""Trained models, from what a run leaves: its record and its checkpoint."""

import re
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from hypernetworks.app.build.characters import trained_model
from hypernetworks.app.checks import RunError
from hypernetworks.app.choices import choices, near
from hypernetworks.app.experiments import table_of
from hypernetworks.data.text import Alphabet
from hypernetworks.models.character import CharacterModel
from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.records import NO_TABLE
from hypernetworks.training.files import Checkpoint, CheckpointError
from hypernetworks.training.state import Progress


def find_run(name: str, profile: str, results: Path) -> records.Record:
    """The record of a run that left a checkpoint.

    Args:
        name: a record's file; or a row such as "table3/lstm_1000", for its newest finished run
            here, or else its newest; of a row with several kinds of run, one of text.
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

    def fitness(record: records.Record) -> tuple[bool, bool, Any]:
        return of_text(record), record["status"] == "finished", created(record)

    return max(left, key=fitness)


def of_text(record: records.Record) -> bool:
    return isinstance(record["data"]["split"].get("alphabet"), str)


def checkpoint_of(record: records.Record) -> Checkpoint:
    return Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")


def load_character_model(
    record: records.Record, trusted: bool = False
) -> tuple[CharacterModel, Alphabet, int]:
    """The model with the best weights so far, in evaluation mode; its alphabet; the step of those
    weights.

    Args:
        trusted: whether a class that the record names may be imported and run: a record is data,
            and its `_target_` somebody's code.
    Raises:
        RunError: if the run is not one of a character model, was never evaluated, or needs trust.
        CheckpointError: if the checkpoint is damaged or is another run's.
    """
    split: Any = record["data"]["split"]
    config = {"model": None, "dataset": None, **record["config"]}
    if not all(isinstance(config[group], dict) for group in ("model", "dataset")):
        raise RunError(f"{record.path}: its config names no model or no data set: edited by hand?")
    if not of_text(record):
        data = config["dataset"].get("name")
        raise RunError(f"{record.path}: a run on {data}, no text: not a character model's run")
    if "_target_" in config["model"] and not trusted:
        raise RunError(
            f"{record.path}: its model is code of somebody's own, {config['model']['_target_']}; "
            "--trust imports and runs it"
        )
    file = checkpoint_of(record)
    checkpoint = file.load()
    if checkpoint.get("identity") != record["id"]:
        raise CheckpointError(f"{file.loaded} belongs to another run than {record['id']}")
    step = _best_step(checkpoint, file.loaded)
    if step is None:
        raise RunError(f"{record.path}: not evaluated yet, so that no weights are the best")
    alphabet = Alphabet.from_record(split)
    symbols = config["dataset"].get("symbols", len(alphabet.symbols))
    named = config["model"] if "_target_" in config["model"] else {"name": None, **config["model"]}
    model = trained_model(OmegaConf.create(named), symbols)
    if not isinstance(model, CharacterModel):
        raise RunError(f"{record.path}: its model is no CharacterModel")
    try:
        model.load_state_dict(checkpoint["best_weights"])
    except Exception as error:  # whatever torch makes of what stands there instead
        raise CheckpointError(f"{file.loaded} does not hold the weights of this model") from error
    return model.eval(), alphabet, step


def _best_step(checkpoint: dict[str, Any], path: Path) -> int | None:
    try:
        return Progress.of(checkpoint["progress"]).best_step
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold what a run saves ({error!r})") from error
