"""What a record must be: its schema, and what a schema cannot say."""

import json
import math
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from hypernetworks.report.errors import RecordError
from hypernetworks.report.provenance import config_hash

SCHEMAS = {1: "record.v1.schema.json", 2: "record.schema.json"}
CURRENT = 2
LONGEST = 200  # characters of a schema's message


def validate(record: Any, path: Path, version: int = CURRENT) -> None:
    """Checks a record against a version's schema, its numbers, times, id and protocol.

    Raises:
        RecordError: naming the file (`path` need not exist) and the field.
    """
    try:
        fault = _fault(record, version)
    except RecursionError:
        fault = "$: nested too deeply"
    if fault is not None:
        raise RecordError(f"{path}: {fault}")


def version_of(record: Any, path: Path) -> int:
    """The version of a record that was read.

    Raises:
        RecordError: if this package does not know it.
    """
    found = record.get("schema_version") if isinstance(record, dict) else None
    if isinstance(found, bool) or found not in SCHEMAS:
        known = " and ".join(map(str, SCHEMAS))
        text = _short(repr(found))
        newer = isinstance(found, int) and found > CURRENT
        why = "; a newer version of this package wrote it" if newer else ""
        raise RecordError(f"{path}: $.schema_version: {text} is not known; {known} are{why}")
    return int(found)


def _fault(record: Any, version: int) -> str | None:
    error = best_match(_validator(version).iter_errors(record))
    if error is not None:
        return f"{error.json_path}: {_short(error.message)}"
    field = _impossible(record, "$")
    if field is not None:
        return f"{field}: NaN, infinity and numbers beyond 1e308 are refused"
    start = f"{record['profile']}-seed{record['seed']}-"
    if not record["id"].startswith(start):
        return f"$.id: {record['id']!r} does not start with {start!r}"
    return _wrong_time(record) or (_wrong_protocol(record) if version == CURRENT else None)


@cache
def _validator(version: int) -> Draft202012Validator:
    schema = files("hypernetworks.report").joinpath(SCHEMAS[version])
    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def _short(message: str) -> str:
    message = " ".join(message.split())
    return message if len(message) <= LONGEST else message[:LONGEST] + " ..."


def _impossible(value: Any, name: str) -> str | None:
    """The JSON path of the first number that no float holds."""
    if isinstance(value, int | float):
        return None if _holds(value) else name
    if isinstance(value, dict):
        children = [(item, f"{name}.{key}") for key, item in value.items()]
    elif isinstance(value, list):
        children = [(item, f"{name}[{i}]") for i, item in enumerate(value)]
    else:
        return None
    return next((found for item, at in children if (found := _impossible(item, at))), None)


def _holds(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _wrong_time(record: dict[str, Any]) -> str | None:
    times = {"$.created": record["created"], "$.finished": record["finished"]}
    times |= {f"$.segments[{i}].started": s["started"] for i, s in enumerate(record["segments"])}
    for field, time in times.items():
        try:
            datetime.fromisoformat(time or record["created"])
        except ValueError:
            return f"{field}: {time!r} is no time"
    return None


def _wrong_protocol(record: dict[str, Any]) -> str | None:
    protocol = record["protocol"]
    for field in ("table", "row", "profile"):
        if protocol[field] != record[field]:
            return (
                f"$.protocol.{field} is {protocol[field]!r}, but $.{field} is {record[field]!r}: "
                "edited by hand?"
            )
    if record["config_hash"] != config_hash(protocol):
        return "$.config_hash is not the hash of $.protocol: edited by hand?"
    return None
