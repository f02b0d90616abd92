"""SHA256SUMS of the published files: it grows, and what it lists never changes."""

import hashlib
import re
from pathlib import Path

from hypernetworks.atomic import write_text
from hypernetworks.report.errors import RecordError

NAME = "SHA256SUMS"  # as `sha256sum --check` reads it
PAGES = (NAME, "TABLES.md", "INDEX.md")  # are written anew each time
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def extend(folder: Path) -> Path | None:
    """Adds the files that are not listed yet; None if there is nothing to list.

    Raises:
        RecordError: if a listed file is missing or has changed.
    """
    listed, found = _listed(folder), _found(folder)
    fault = _changed(listed, found, folder)
    if fault is not None:
        raise RecordError(fault)
    if not found:
        return None
    lines = [f"{found[name]}  {name}\n" for name in sorted(found)]
    write_text(folder / NAME, "".join(lines))
    return folder / NAME


def fault(folder: Path) -> str | None:
    """What differs from SHA256SUMS, in one line; None if nothing.

    Raises:
        RecordError: if it cannot be read.
    """
    listed, found = _listed(folder), _found(folder)
    new = sorted(set(found) - set(listed))
    if new:
        return f"{folder / new[0]}: not in {NAME}"
    return _changed(listed, found, folder)


def refuse_changes(folder: Path) -> None:
    """Raises RecordError if a listed file is missing or has changed."""
    changed = _changed(_listed(folder), _found(folder), folder)
    if changed is not None:
        raise RecordError(changed)


def _changed(listed: dict[str, str], found: dict[str, str], folder: Path) -> str | None:
    for name, checksum in listed.items():
        if name not in found:
            return f"{folder / name}: in {NAME}, but missing; published files stay"
        if found[name] != checksum:
            return f"{folder / name}: not what {NAME} says; published files are immutable"
    return None


def _listed(folder: Path) -> dict[str, str]:
    path = folder / NAME
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    for number, match in enumerate(matches, start=1):
        if match is None:
            raise RecordError(f"{path}: line {number} is no checksum and name")
    listed = {match[2]: match[1] for match in matches if match}
    if len(listed) < len(lines):
        raise RecordError(f"{path}: a file is listed twice")
    return listed


def _found(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if name not in PAGES
    }
