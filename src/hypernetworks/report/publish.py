"""Copies runs among the published records, which are immutable."""

from collections.abc import Sequence
from pathlib import Path

from hypernetworks.atomic import write_bytes
from hypernetworks.report import checksums, records
from hypernetworks.report.published import write_published


def publish(paths: Sequence[Path], results: Path, experiments: Path) -> list[Path]:
    """Copies records with their curves and arrays, then writes TABLES.md and INDEX.md anew.

    All are checked before the first is copied.

    Args:
        paths: the records' files.
    Returns:
        the published records' files, also of those that were published before.
    Raises:
        RecordError: for generated data, an unfinished run, sources without a commit or that differ
            from it, overrides, a missing curve or array file, or other content under the same
            name; if a published file changed.
    """
    checksums.refuse_changes(results / "published")
    for path in paths:
        _copies(path, results / "published")
    targets = []
    for path in paths:
        # Asked anew: two of the paths may go by one name.
        for source, target in _copies(path, results / "published").items():
            write_bytes(target, source.read_bytes())
        targets.append(target)
    write_published(results, experiments)
    return targets


def _copies(path: Path, published: Path) -> dict[Path, Path]:
    """{file: where it goes}, the record last: none is ever published without its files."""
    record = records.read(path)
    reason = records.why_not_published(record)
    if reason is not None:
        raise records.RecordError(f"{path}: may not be published: {reason}")
    home = records.folder_of(published, record["table"], record["row"])
    names = [name for name in (record["curve"], record["arrays"]) if name is not None]
    for name in names:
        if not (path.parent / name).is_file():
            raise records.RecordError(f"{path}: {name} is missing beside it")
        record.content(name)  # held to its checksum
    found = {path.parent / name: home / name for name in (*names, path.name)}
    for source, target in found.items():
        if target.is_file() and target.read_bytes() != source.read_bytes():
            raise records.RecordError(
                f"{target}: published with other content, and records are immutable; "
                "FORCE=1 makes another run under another name"
            )
    return found
