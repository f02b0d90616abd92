"""Parsed lines kept beside the files that they were parsed from, held to those and to a checksum.

One file: what `torch.save` wrote, and behind it a line with its SHA-256.
"""

import io
import logging
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from hypernetworks.data import kept
from hypernetworks.data.lines import Lines

FORMAT = 2  # of the file

log = logging.getLogger("hypernetworks")


@dataclass(frozen=True)
class Parsed:
    """What a reader makes of its files, before anything is selected.

    Attributes:
        checksums: {part of the source: hash of its content}, for the record.
        counts: totals and omissions by name, for the record.
    """

    lines: Lines
    checksums: dict[str, str]
    counts: dict[str, int]


def parsed(
    cache: Path,
    sources: Sequence[Path],
    settings: Mapping[str, object],
    parse: Callable[[], Parsed],
) -> Parsed:
    """What `parse` returns, or what it returned before for the same files and settings.

    Files are the same if their paths from the cache's folder, their sizes and times of change are.
    Of processes that come at once, one parses and the others wait for it. Where the cache cannot
    be written, one line in the log says so.

    Args:
        cache: the file to keep it in.
        sources: all files that `parse` reads or might read.
        settings: what else the outcome depends on, a version of the reader among it; as JSON.
    Raises:
        DataError: if a source is gone, and what `parse` raises.
    """
    key = kept.key(cache.parent, sources, {"format": FORMAT, **settings})
    found = _read(cache, key)
    if found is not None:
        return found
    with kept.alone(cache):
        found = _read(cache, key)  # another process may have written it meanwhile
        if found is None:
            found = parse()
            _write(cache, key, found)
    return found


def _read(cache: Path, key: str) -> Parsed | None:
    """None if it is not there, damaged, or of other files or settings."""
    try:
        body = kept.unsealed(memoryview(cache.read_bytes()))
        if body is None:
            return None
        value = torch.load(io.BytesIO(body), weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError):
        return None
    if value["key"] != key:
        return None
    return Parsed(Lines(**value["lines"]), value["checksums"], value["counts"])


def _write(cache: Path, key: str, found: Parsed) -> None:
    content = io.BytesIO()
    torch.save({"key": key, **vars(found), "lines": vars(found.lines)}, content)
    try:
        kept.write(cache, content.getvalue())
    except OSError as error:
        log.warning("parsed data are not kept, the next run parses them again: %s", error)
