"""Generated files and the manifest beside them, which says what they are and of what bytes."""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

NAME = "generated.json"
PART = ".generating-"  # of folders with files that are being generated
LOCK = ".lock"  # in such a folder: held by the process that generates
ABANDONED = 3600.0  # seconds after which such a folder is swept up, unless its lock is held


def is_whole(folder: Path, wanted: dict[str, object]) -> bool:
    """Whether the folder holds what is wanted, undamaged."""
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        files = {name: _md5(folder / name) for name in manifest["md5"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return bool(manifest == {**wanted, "md5": files})


@contextmanager
def generating(folder: Path, wanted: dict[str, object]) -> Iterator[Path]:
    """Has files generated beside the folder and, once all are written, moved into it.

    Of processes that generate at once, each puts the same bytes: in any order all are whole. What
    a killed process left half-made beside the folder is removed.

    Args:
        folder: of the files, each of which is replaced at once; with them comes the manifest.
            Its subfolders hold nothing else afterwards.
        wanted: what the manifest says beside the files' checksums.
    Yields:
        an empty temporary folder to write the files to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=PART) as temporary:
        part = Path(temporary)
        with FileLock(part / LOCK):
            yield part
            names = sorted(_names(part))
            about = {**wanted, "md5": {name: _md5(part / name) for name in names}}
            (part / NAME).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
            for name in _left_over(folder, names):
                (folder / name).unlink(missing_ok=True)
            for name in (*names, NAME):  # the manifest last
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).replace(folder / name)


def _names(part: Path) -> list[str]:
    """The files under the folder, named from there."""
    files = (path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
    return [name for name in files if name != LOCK]


def _left_over(folder: Path, names: list[str]) -> set[str]:
    """What lies beside the names in their subfolders: of another version, another size."""
    tops = {Path(name).parts[0] for name in names if "/" in name}
    there = {f"{top}/{name}" for top in tops for name in _names(folder / top)}
    return there - set(names)


def _sweep(parent: Path) -> None:
    for part in parent.glob(f"{PART}*"):
        with suppress(OSError, Timeout):  # another process sweeps it as well, or is at work on it
            if time.time() - part.stat().st_mtime < ABANDONED:
                continue
            with FileLock(part / LOCK, timeout=0):
                shutil.rmtree(part)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()
