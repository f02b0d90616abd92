"""Files kept beside the data that they were made from, held to those and to a checksum.

A file's last line has the SHA-256 of what is before it.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from hypernetworks.atomic import write_bytes
from hypernetworks.data.errors import DataError

DIGEST = 73  # bytes of the last line


def key(folder: Path, sources: Sequence[Path], settings: Mapping[str, object]) -> str:
    """What files and settings come to: the same for the same ones.

    Files are the same if their paths from the folder, their sizes and times of change are.

    Args:
        settings: what else an outcome depends on, a version of its format among it; as JSON.
    Raises:
        DataError: if a source is gone.
    """
    stamps, inside = [], f"{folder}{os.sep}"
    for path in sources:
        try:
            about = path.stat()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        stamps.append((str(path).removeprefix(inside), about.st_size, about.st_mtime_ns))
    text = json.dumps([dict(settings), stamps], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, content: bytes) -> None:
    """Writes the file with its checksum, whole or not at all.

    Raises:
        OSError: naming the file.
    """
    write_bytes(path, content + _last_line(memoryview(content)))


def unsealed(content: memoryview) -> memoryview | None:
    """What the file's content is without its checksum; None if it is damaged."""
    body, last = content[:-DIGEST], content[-DIGEST:]
    return body if bytes(last) == _last_line(body) else None


def _last_line(content: memoryview) -> bytes:
    return f"\nsha256 {hashlib.sha256(content).hexdigest()}\n".encode()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time; all at once where no lock can be had, such as in a read-only folder.

    Then none can write the file either, or what one writes into another's fails its checksum.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
