"""Trained models, from what a run leaves: its record and its checkpoint."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from hypernetworks.app.build import build_model
from hypernetworks.app.checks import RunError
from hypernetworks.recurrent.character_model import CharacterModel
from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.training.files import load_checkpoint


def find_run(name: str, profile: str, results: Path) -> records.Record:
    """The record of a run that left a checkpoint.

    Args:
        name: a record's file, or a row such as "table3/lstm_1000" for its newest run here.
    Raises:
        RunError: if there is none.
        RecordError: if a record is damaged.
    """
    if name.endswith(".json"):
        found = [records.read(Path(name))]
    else:
        folder, _, row = name.partition("/")
        table = folder.removeprefix("table").removeprefix("_")
        if table not in records.TABLES or not row:
            raise RunError(f"{name}: give a row, such as table3/lstm_1000, or a record's file")
        found = records.find(results / "runs", table, row, profile)
    left = [record for record in found if checkpoint_of(record).exists()]
    if not left:
        if name.endswith(".json"):
            raise RunError(f"{name}: its checkpoint, {checkpoint_of(found[0])}, is not there")
        raise RunError(
            f"{name}: no run of profile {profile} with a checkpoint under {results / 'runs'}; "
            f"python -m hypernetworks experiment={name} profile={profile} trains one"
        )
    return max(left, key=created)


def checkpoint_of(record: records.Record) -> Path:
    return record.path.parent / record["id"] / "checkpoint.pt"


def load_character_model(record: records.Record) -> tuple[CharacterModel, bytes]:
    """The model with the best weights so far, in evaluation mode, and the bytes of its symbols.

    Raises:
        RunError: if the run is not one of a character model.
        CheckpointError: if the checkpoint is damaged.
    """
    alphabet: Any = record["data"]["split"].get("alphabet")
    if alphabet is None:
        raise RunError(f"{record.path}: not a run of a character model")
    cfg = OmegaConf.create({"model": record["config"]["model"]})
    model = build_model(cfg, "cpu")
    assert isinstance(model, CharacterModel)
    model.load_state_dict(load_checkpoint(checkpoint_of(record))["best_weights"])
    return model.eval(), alphabet.encode("latin-1")
