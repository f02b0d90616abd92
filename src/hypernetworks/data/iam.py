"""The IAM on-line handwriting database (Liwicki & Bunke, 2005), read as Graves (2013) read it.

He trains on three of its four lists of forms and validates on testset_v; there is no test split.
The files lie under data_dir/iam, see `iam_layout`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate
from hypernetworks.data.iam_layout import STROKES, VALID, Layout
from hypernetworks.data.lines import Lines, LineSplits, Selection
from hypernetworks.data.parsed import Parsed, parsed
from hypernetworks.data.pen import PAUSE, filled, without_jumps

VERSION = 1  # of the reader: raised when it would read other lines
CACHE = "parsed.pt"


@dataclass(frozen=True)
class Cleaning:
    """Graves' thresholds, each None for "not at all".

    Attributes:
        gap: seconds; more within a stroke, and readings are missing: they are interpolated.
        jump: sensor units; a longer step within a stroke is impossible, and removed.
    """

    gap: float | None
    jump: float | None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not value > 0:
                raise DataError(f"dataset.{name}={value}: it must be above 0, or null for none")
        if self.gap is not None and self.gap >= PAUSE:
            raise DataError(
                f"dataset.gap={self.gap}: it must be below {PAUSE:g}; nothing is missing in a pause"
            )


def load(
    data_dir: Path, kind: str, selection: Selection, gap: float | None, jump: float | None
) -> LineSplits:
    """Loads the database, or generated lines in the same files.

    Args:
        data_dir: where the user put the files; they cannot be downloaded without registration.
        kind: "real", or "sample" for generated lines under data_dir/generated. Real data with
            other counts than the database's are of the kind "part" in the record, which never
            stands for the whole.
        gap: see `Cleaning`.
        jump: see `Cleaning`.
    Raises:
        DataError: if files are missing or damaged, a form is in two lists, or no line is selected.
    """
    cleaning = Cleaning(gap, jump)
    if selection.min_characters:
        raise DataError(
            f"dataset.min_characters={selection.min_characters}: the text of IAM's lines is not "
            "read; leave it at 0"
        )
    if kind == "real":
        folder = data_dir / "iam"
    elif kind == "sample":
        from hypernetworks.data.generated import iam_files

        folder = data_dir / "generated" / "iam"
        generate(folder, iam_files.write)
    else:
        raise DataError(f"the IAM database has real and generated data, no {kind!r} data")
    layout = Layout.of(folder)
    if kind == "real" and not layout.is_whole():
        kind = "part"
    listed = [path for name in layout.lists for path in layout.listed(name)]
    found = parsed(
        folder / CACHE,
        [*layout.lists.values(), *listed],
        {"iam": VERSION, **vars(cleaning)},
        lambda: _parse(layout, cleaning),
    )
    train, valid = _split(found, selection)
    counts = {**found.counts, "unlisted_lines": layout.unlisted()}
    counts["unselected_lines"] = len(found.lines) - len(train) - len(valid)
    split = {"train": len(train), "valid": len(valid), "train_points": len(train.points)}
    split |= {"valid_points": len(valid.points)}
    about = {"name": "iam", "kind": kind, "checksums": found.checksums}
    return LineSplits(train, valid, {**about, "split": {**split, **vars(cleaning), **counts}})


def _parse(layout: Layout, cleaning: Cleaning) -> Parsed:
    """All lines of the lists, the training set's first.

    counts: of forms, of lines by list, and of what was left out or put in.
    """
    counts = {"forms": 0, "empty_lines": 0, "empty_strokes": 0}
    counts |= {"removed_points": 0, "divided_strokes": 0, "interpolated_points": 0}
    lines: list[Tensor] = []
    groups: list[int] = []
    ink = hashlib.sha256()
    for name, members in layout.forms.items():
        before = len(lines)
        for form in members:
            of_form = list(_lines(layout.files[form], cleaning, ink, counts))
            lines += of_form
            groups += [counts["forms"]] * len(of_form)
            counts["forms"] += 1
        counts[name] = len(lines) - before
    checksums = {
        n: hashlib.sha256(path.read_bytes()).hexdigest() for n, path in layout.lists.items()
    }
    checksums[STROKES] = ink.hexdigest()
    return Parsed(Lines.of(lines, groups, [-1] * len(lines)), checksums, counts)


def _lines(
    paths: Sequence[Path], cleaning: Cleaning, ink: "hashlib._Hash", counts: dict[str, int]
) -> Iterator[Tensor]:
    """The offsets (T, 3) of each file that is not empty; adds to the hash and the counts."""
    from hypernetworks.data.iam_xml import read

    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        ink.update(f"{path.name} {len(content)}\n".encode() + content)
        readings, empty = read(content, path)
        counts["empty_strokes"] += empty
        if cleaning.jump is not None and len(readings):
            readings, removed, divided = without_jumps(readings, cleaning.jump)
            counts["removed_points"] += removed
            counts["divided_strokes"] += divided
        if not len(readings):
            counts["empty_lines"] += 1
            continue
        if cleaning.gap is not None:
            readings, new = filled(readings, cleaning.gap)
            counts["interpolated_points"] += new
        yield readings.offsets()


def _split(found: Parsed, selection: Selection) -> tuple[Lines, Lines]:
    """The selected lines for training and for validation; those of the last list are the latter.

    Raises:
        DataError: if one has none.
    """
    kept = selection.of(found.lines).nonzero()[:, 0]
    trained = kept < len(found.lines) - found.counts[VALID]
    for part, rows in (("training", trained), ("validation", ~trained)):
        if not rows.any():
            raise DataError(f"no line for {part} has {selection}")
    return found.lines[kept[trained]], found.lines[kept[~trained]]
