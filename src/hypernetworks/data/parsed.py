"""Parsed lines kept beside the files that they were parsed from, held to those and to a checksum.

One file: what `torch.save` wrote, and behind it a line with its SHA-256.
"""

import hashlib
import io
import json
import logging
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock

from hypernetworks.atomic import write_bytes
from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Lines

FORMAT = 1  # of the file
DIGEST = 73  # bytes of the last line

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
    key = _key(cache.parent, sources, settings)
    found = _read(cache, key)
    if found is not None:
        return found
    with _alone(cache):
        found = _read(cache, key)  # another process may have written it meanwhile
        if found is None:
            found = parse()
            _write(cache, key, found)
    return found


def _key(folder: Path, sources: Sequence[Path], settings: Mapping[str, object]) -> str:
    stamps, inside = [], f"{folder}{os.sep}"
    for path in sources:
        try:
            about = path.stat()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        stamps.append((str(path).removeprefix(inside), about.st_size, about.st_mtime_ns))
    text = json.dumps([FORMAT, dict(settings), stamps], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(cache: Path, key: str) -> Parsed | None:
    """None if it is not there, damaged, or of other files or settings."""
    try:
        content = memoryview(cache.read_bytes())
        body, last = content[:-DIGEST], content[-DIGEST:]
        if bytes(last) != _digest(body):
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
    digest = _digest(content.getbuffer())
    content.seek(0, io.SEEK_END)
    content.write(digest)
    try:
        write_bytes(cache, content.getbuffer())
    except OSError as error:
        log.warning("parsed data are not kept, the next run parses them again: %s", error)


def _digest(content: memoryview) -> bytes:
    return f"\nsha256 {hashlib.sha256(content).hexdigest()}\n".encode()


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One process at a time; all at once where no lock can be had, such as in a read-only folder.

    Then none can write the cache either, or what one writes into another's fails its checksum.
    """
    lock = FileLock(cache.with_name(f".{cache.name}.lock"))
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
