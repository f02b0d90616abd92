"""The record of one run: one validated JSON file, `<tree>/<table>/<row>/<id>.json`.

A tree is `results/runs` (what this checkout ran) or `results/published` (what is committed). The
fields are those of `record.schema.json` beside this file; records of version 1 are read in the form
of version 2. A record is held to the checksum that its file ends up with; of what lies beside it,
the record says the checksums.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hypernetworks.atomic import write_text
from hypernetworks.holder import holder
from hypernetworks.report.errors import RecordError as RecordError
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.upgrade import upgrade
from hypernetworks.report.validation import validate, version_of

NO_TABLE = "custom"  # the table and row of a run that belongs to none
_damaged: ContextVar[dict[Path, str] | None] = ContextVar("damaged", default=None)
MOVE = "move it away, and run it again if it is yours"


class Record(dict[str, Any]):
    """A validated record of version 2, and the file it was read from."""

    def __init__(self, fields: dict[str, Any], path: Path) -> None:
        super().__init__(fields)
        self.path = path

    @property
    def folder(self) -> Path:
        """What only the run itself needs; its process holds it, if there is one."""
        return self.path.parent / str(self["id"])

    def content(self, name: str) -> bytes:
        """The bytes of a file beside the record.

        Raises:
            RecordError: if it cannot be read, or is not the one that the run left.
        """
        path = self.path.with_name(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
        said = self.get("files", {}).get(name)
        if said is not None and said != sha256(content):
            raise RecordError(f"{path}: damaged: its SHA-256 is not the one in {self.path.name}")
        return content

    @property
    def precisions(self) -> set[str]:
        """What its products were computed in; where it does not say, what was asked for."""
        asked = str(self["precision"])
        return {segment.get("computed_in", asked) for segment in self["segments"]}

    @property
    def configuration(self) -> str:
        """The part of the id that stands for the configuration; in version 1 it was of another
        hash than `config_hash` is."""
        return str(self["id"]).split("-")[2]


def folder_of(tree: Path, table: str, row: str) -> Path:
    """Where the records of a row lie in a tree."""
    return tree / table / row


def write(record: dict[str, Any], folder: Path) -> Path:
    """Writes `<folder>/<id>.json`, atomically: a reader sees the old file or the new one, whole.

    Returns:
        the file's path.
    Raises:
        RecordError: if a field is missing, unknown, of another type, NaN or infinite, or the
            protocol is not what the other fields say; then nothing is written.
    """
    path = folder / f"{record.get('id')}.json"
    validate(record, path)
    whole = {**record, "checksum": config_hash(record)}
    write_text(path, json.dumps(whole, indent=2, sort_keys=True, allow_nan=False) + "\n")
    return path


def read(path: Path) -> Record:
    """Reads and validates one record, of either version.

    Raises:
        RecordError: naming the file and the field.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise RecordError(f"{path}: cannot be read as JSON (nested too deeply); {MOVE}") from None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read as JSON ({error}); {MOVE}") from error
    version = version_of(fields, path)
    validate(fields, path, version)
    if path.stem != fields["id"]:
        raise RecordError(f"{path}: $.id is {fields['id']!r}, but the file is named {path.stem!r}")
    checksum = fields.pop("checksum", None)  # of the file alone; records of before have none
    if checksum not in (None, config_hash(fields)):
        raise RecordError(
            f"{path}: $.checksum is of another record: damaged or edited by hand; {MOVE}"
        )
    if version == 1:
        try:
            fields = upgrade(fields)
        except RecordError as error:
            raise RecordError(f"{path}: {error}") from error
    return Record(fields, path)


def sha256(content: bytes) -> str:
    """As `files` of a record says it."""
    return hashlib.sha256(content).hexdigest()


def find(
    tree: Path, table: str | None = None, row: str | None = None, profile: str | None = None
) -> list[Record]:
    """All records under a tree, or those of a table, a row, a profile; sorted by path.

    Raises:
        RecordError: as `read_each` does.
    """
    pattern = f"**/{table or '*'}/{row or '*'}/{profile or '*'}-seed*.json"
    return read_each(sorted(tree.glob(pattern)))


def read_each(paths: Iterable[Path]) -> list[Record]:
    """The records of files.

    Raises:
        RecordError: if any of them is damaged; not within `damaged_left_out`.
    """
    damaged, found = _damaged.get(), []
    for path in paths:
        try:
            found.append(read(path))
        except RecordError as error:
            if damaged is None:
                raise
            damaged[path] = str(error)
    return found


@contextmanager
def damaged_left_out() -> Iterator[dict[Path, str]]:
    """Within, a damaged record keeps nobody from seeing the others: where several are read, it is
    left out.

    Yields:
        what is wrong with each that was left out.
    """
    damaged: dict[Path, str] = {}
    token = _damaged.set(damaged)
    try:
        yield damaged
    finally:
        _damaged.reset(token)


def status_of(record: dict[str, Any]) -> str:
    """The status, but "crashed" of a run whose file says running by a process that is gone."""
    status: str = record["status"]
    if status != "running" or not isinstance(record, Record):
        return status
    return "crashed" if holder(record.folder) is None else status


def why_not_published(record: dict[str, Any]) -> str | None:
    """Why a run may not be committed among the published records; None if it may."""
    if record["data"]["kind"] == "sample":
        return "generated data"
    if record["table"] == NO_TABLE:
        return "a run of no table"
    if record["status"] != "finished":
        return f"not finished ({status_of(record)})"
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
        return f"{shown_kind(record['data']['kind'])} data"
    return why_not_published(record)


def unnamed(record: dict[str, Any]) -> bool:
    """Whether a run has no row of its own: then its configuration is all that tells it apart."""
    return NO_TABLE in (record["table"], record["row"])


def shown_kind(kind: str) -> str:
    """A kind of data in words: records call generated data a sample."""
    return "generated" if kind == "sample" else kind
