"""Files that are always the old one or the new one, whole; an error names its file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_bytes(path: Path, content: bytes | memoryview, before: Path | None = None) -> None:
    """Writes through a neighbouring `.part` file; makes the folder if needed.

    Args:
        before: where the old file goes once the new one lies whole beside it. A kill may leave
            that one alone.
    Raises:
        OSError: naming the file; then the old one stays, and nothing half-written.
    """
    part = path.with_name(path.name + ".part")
    with named(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if before is not None and path.exists():
                path.replace(before)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text with Unix line ends."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Gives the path to an OSError within that names no file: of a write to a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
