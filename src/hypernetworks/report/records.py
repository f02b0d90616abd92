"""The record of one run: one validated JSON file, `<tree>/<table>/<row>/<id>.json`.

A tree is `results/runs` (what this checkout ran) or `results/published` (what is committed). The
fields are those of `record.schema.json` beside this file.
"""

import json
import math
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from hypernetworks.report.atomic import write_text

TABLES = ("2", "3", "4", "5", "6", "7", "a1")  # in the paper's order


class RecordError(Exception):
    """A record, table or figure that cannot be read, written or drawn; one line says why."""


class Record(dict[str, Any]):
    """A validated record, and the file it was read from."""

    def __init__(self, fields: dict[str, Any], path: Path) -> None:
        super().__init__(fields)
        self.path = path


def folder_of(tree: Path, table: str, row: str) -> Path:
    """Where the records of a row lie in a tree."""
    return tree / table / row


def write(record: dict[str, Any], folder: Path) -> Path:
    """Writes `<folder>/<id>.json`, atomically: a reader sees the old file or the new one, whole.

    Returns:
        the file's path.
    Raises:
        RecordError: if a field is missing, unknown, of another type, NaN or infinite; then nothing
            is written.
    """
    path = folder / f"{record.get('id')}.json"
    validate(record, path)
    write_text(path, json.dumps(record, indent=2, sort_keys=True, allow_nan=False) + "\n")
    return path


def read(path: Path) -> Record:
    """Reads and validates one record.

    Raises:
        RecordError: naming the file and the field.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read as JSON ({error})") from error
    validate(fields, path)
    if path.stem != fields["id"]:
        raise RecordError(f"{path}: $.id is {fields['id']!r}, but the file is named {path.stem!r}")
    return Record(fields, path)


def find(
    tree: Path, table: str | None = None, row: str | None = None, profile: str | None = None
) -> list[Record]:
    """All records under a tree, or those of a table, a row, a profile; sorted by path.

    Raises:
        RecordError: if any of them is damaged.
    """
    pattern = f"**/{table or '*'}/{row or '*'}/{profile or '*'}-seed*.json"
    return [read(path) for path in sorted(tree.glob(pattern))]


def validate(record: Any, path: Path) -> None:
    """Checks a record against the schema.

    Raises:
        RecordError: naming the file (`path` need not exist) and the field.
    """
    error = best_match(_validator().iter_errors(record))
    if error is not None:
        message = " ".join(error.message.split())
        message = message if len(message) <= 200 else message[:200] + " ..."
        raise RecordError(f"{path}: {error.json_path}: {message}")
    field = _not_finite(record, "$")
    if field is not None:
        raise RecordError(f"{path}: {field}: NaN and infinity are refused")
    start = f"{record['profile']}-seed{record['seed']}-"
    if not record["id"].startswith(start):
        raise RecordError(f"{path}: $.id: {record['id']!r} does not start with {start!r}")


@cache
def _validator() -> Draft202012Validator:
    schema = files("hypernetworks.report").joinpath("record.schema.json")
    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def _not_finite(value: Any, name: str) -> str | None:
    """The JSON path of the first NaN or infinity."""
    if isinstance(value, float):
        return None if math.isfinite(value) else name
    if isinstance(value, dict):
        children = [(item, f"{name}.{key}") for key, item in value.items()]
    elif isinstance(value, list):
        children = [(item, f"{name}[{i}]") for i, item in enumerate(value)]
    else:
        return None
    return next((found for item, at in children if (found := _not_finite(item, at))), None)


def why_not_published(record: dict[str, Any]) -> str | None:
    """Why a run may not be committed among the published records; None if it may."""
    if record["data"]["kind"] == "sample":
        return "sample data"
    if record["table"] == "custom":
        return "a run of no table"
    if record["status"] != "finished":
        return f"not finished ({record['status']})"
    if any(segment["commit"] is None for segment in record["segments"]):
        return "sources without a commit"
    if not all(segment["clean"] for segment in record["segments"]):
        return "sources that differ from their commit"
    if len({segment["source_hash"] for segment in record["segments"]}) > 1:
        return "sources that changed between its segments"
    if record["overrides"]:
        return f"overrides ({', '.join(record['overrides'])})"
    return None


def why_not_paper(record: dict[str, Any]) -> str | None:
    """Why a run may not stand beside the paper's number; None if it may."""
    if record["profile"] != "paper":
        return f"profile {record['profile']}"
    if record["data"]["kind"] != "real":
        return f"{record['data']['kind']} data"
    return why_not_published(record)
