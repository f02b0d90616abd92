"""Which records are meant by files, folders and names of rows."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hypernetworks.report import records
from hypernetworks.report.errors import RecordError
from hypernetworks.report.folders import table_of

ID = re.compile(r"[a-z0-9_]+-seed\d+-[0-9a-f]+(-\d+)?")


def records_of(words: Sequence[str], runs: Path) -> list[Path]:
    """The files of the records that are meant.

    Args:
        words: a record's file, a run's folder, a folder with records somewhere in it, or
            TABLE/ROW or TABLE under `runs`, with * for any; none: all under `runs`.
    Raises:
        RecordError: naming a word that means no record.
    """
    found = [path for word in words for path in _of_word(word, runs)]
    return list(dict.fromkeys(found if words else _in(runs)))


def read_all(paths: Iterable[Path]) -> tuple[list[records.Record], list[str]]:
    """The records of files, and a line for each that is damaged."""
    with records.damaged_left_out() as damaged:
        found = records.read_each(paths)
    return found, [f"left out: {why}" for why in damaged.values()]


def of_sound_records(show: Callable[[], int]) -> int:
    """The status of a command that shows what the sound records say; a line on stderr names each
    damaged one, and the status is then not 0."""
    with records.damaged_left_out() as damaged:
        try:
            status = show()
        finally:
            for why in damaged.values():
                print(f"error: left out: {why}", file=sys.stderr)
    return status or int(bool(damaged))


def _of_word(word: str, runs: Path) -> list[Path]:
    place = Path(word)
    if place.suffix == ".json":
        return [place]
    if place.is_dir():
        beside = place.parent / f"{place.name}.json"
        found = [beside] if ID.fullmatch(place.name) and beside.is_file() else _in(place)
    else:
        table, _, row = word.partition("/")
        pattern = f"{table_of(table)}/{row or '*'}/*.json"
        plain = re.fullmatch(r"[\w*?\[\]-]+(/[\w*?\[\]-]+)?", word)
        found = sorted(p for p in runs.glob(pattern) if ID.fullmatch(p.stem)) if plain else []
    if not found:
        raise RecordError(
            f"{word}: no record there; give a record's file, a folder, or TABLE/ROW of what lies "
            f"under {runs}, such as table7/* or custom"
        )
    return found


def _in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.json") if ID.fullmatch(path.stem))
