"""Files that are always the old one or the new one, whole."""

import os
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Writes through a neighbouring `.part` file; makes the folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text with Unix line ends."""
    write_bytes(path, text.encode("utf-8"))
