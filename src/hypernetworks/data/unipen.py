"""UNIPEN's training set, release train_r01_v07, category 8 (free text): a stand-in for IAM's lines.

Files under data_dir/unipen/train_r01_v07: data/8/**.dat, and under include/ what they include. Its
conditions ask that no writer or donor is named: nothing here that reaches a record or a log does.
Resolutions that donors declared are not used, some are wrong: offsets are scaled by the writer.

R lines, T points of a line
"""

import hashlib
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate
from hypernetworks.data.ink_rows import Points, rows
from hypernetworks.data.lines import Lines, LineSplits, Selection, split_by_group
from hypernetworks.data.parsed import Parsed, parsed
from hypernetworks.data.unipen_format import DamagedError, OmittedError, document

NAME = "unipen"
RELEASE = "train_r01_v07"
CATEGORY = "8"
# Lines and writers; the second of rows that were written out again, of which the rule divides some.
WHOLE = ((21_130, 430), (21_182, 430))
VERSION = 1  # of what the files are read as: parsed lines of another are parsed anew

log = logging.getLogger("hypernetworks")


def load(
    data_dir: Path,
    kind: str,
    selection: Selection,
    divide: bool,
    dequantise: bool,
    valid_share: float,
    split_seed: int,
) -> LineSplits:
    """Loads UNIPEN's lines of text, or generated ones in the same files.

    Offsets are divided by a number a writer: the standard deviation of dx and dy, taken together,
    over all points but the first of the selected lines. The writers that have selected lines are
    split, so that no hand is in both parts.

    Args:
        data_dir: where data lie.
        kind: "stand-in", or "sample" for generated lines under data_dir/generated.
        divide: whether a segment's rows of writing are told apart by the rule of `ink_rows`; else
            each segment is a line. Of 21,130 rows that were written out as segments of their own,
            the rule divides 52 again, none of which has a text: true is right for those too.
        dequantise: whether coordinates are spread at random within their unit; with split_seed.
        valid_share: of the writers, for validation.
    Raises:
        DataError: if files are missing or damaged, or nothing is selected.
    """
    if not 0 < valid_share < 1:
        raise DataError(f"dataset.valid_share={valid_share}: choose a share between 0 and 1")
    if kind == "stand-in":
        folder = data_dir / NAME / RELEASE
    elif kind == "sample":
        from hypernetworks.data.generated import unipen_files

        folder = data_dir / "generated" / NAME / RELEASE
        generate(folder, unipen_files.write)
    else:
        raise DataError(f"UNIPEN has stand-in and generated data, no {kind!r} data")
    found = read(folder, divide)
    if kind == "stand-in" and (found.counts["lines"], found.counts["writers"]) not in WHOLE:
        log.warning(
            "UNIPEN has %d lines by %d writers instead of %d by %d: are all files there?",
            *(found.counts["lines"], found.counts["writers"], *WHOLE[0]),
        )
    lines = found.lines[selection.of(found.lines)]
    lines = scaled(dequantised(lines, split_seed) if dequantise else lines)
    train, valid = split_by_group(lines, valid_share, split_seed)
    split: dict[str, object] = {"divide": divide, **found.counts}
    split["unselected_lines"] = len(found.lines) - len(lines)
    for name, part in {"train": train, "valid": valid}.items():
        split |= {
            name: len(part),
            f"{name}_points": len(part.points),
            f"{name}_writers": len(part.groups.unique()),
        }
    about: dict[str, object] = {
        "name": NAME,
        "kind": kind,
        "checksums": found.checksums,
        "split": split,
    }
    return LineSplits(train, valid, about)


def read(folder: Path, divide: bool) -> Parsed:
    """All lines of category 8, offsets in device units, y down; groups are the writers.

    Args:
        folder: of the release, with data and include.
    Raises:
        DataError: if files are missing or damaged.
    """
    data, include = folder / "data" / CATEGORY, folder / "include"
    files = sorted(path for path in data.rglob("*.dat") if path.is_file())
    if not files:
        raise DataError(
            f"UNIPEN's training set is not there: no {data}/**/*.dat. Get {RELEASE} from "
            "https://doi.org/10.5281/zenodo.1195803 (International Unipen Foundation, CC BY 4.0; "
            "cite Guyon et al., ICPR 1994) and put its folders data and include into "
            f"{folder} (HYPERNETWORKS_DATA or data_dir=... sets another place). "
            "Without any data, the demo shows the machinery: make reproduce-table TABLE=5"
        )
    included = sorted(path for path in include.rglob("*") if path.is_file())
    settings = {"divide": divide, "version": VERSION}
    cache = folder / f"lines-{'divided' if divide else 'whole'}.pt"
    return parsed(cache, files + included, settings, lambda: _parse(data, files, include, divide))


def dequantised(lines: Lines, seed: int) -> Lines:
    """With each coordinate moved at random within the unit to which it was rounded.

    Of whole numbers a density can be made as large as one likes, by ever narrower Gaussians around
    them: a fifth of these offsets are 0 in x.
    """
    generator = torch.Generator().manual_seed(seed)
    moved = torch.rand(len(lines.points), 2, generator=generator) - 0.5
    points = lines.points.clone()
    points[1:, :2] += moved.diff(dim=0)
    points[lines.starts[:-1][lines.lengths > 0], :2] = 0
    return Lines(points, lines.starts, lines.groups, lines.characters)


def scaled(lines: Lines) -> Lines:
    """With each group's offsets divided by their standard deviation, but for lines' first."""

    def of_group(values: Tensor) -> Tensor:
        """Sums of values of points (P,)."""
        until = torch.cat([torch.zeros(1, dtype=torch.float64), values.cumsum(0)])
        return lines.groups.bincount(until[lines.starts].diff())

    dx, dy, _ = lines.points.double().unbind(1)
    count = 2 * lines.groups.bincount((lines.lengths - 1).double())
    mean = of_group(dx + dy) / count  # the first are 0
    variance = of_group(dx * dx + dy * dy) / count - mean.square()
    deviation = torch.where(variance > 0, variance.sqrt(), 1)[lines.groups].float()
    points = lines.points.clone()
    points[:, :2] /= deviation.repeat_interleave(lines.lengths)[:, None]
    return Lines(points, lines.starts, lines.groups, lines.characters)


def _parse(data: Path, files: list[Path], include: Path, divide: bool) -> Parsed:
    lines: list[Tensor] = []
    groups: list[int] = []
    characters: list[int] = []
    writers: dict[tuple[str, str], int] = {}
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()

    def content(path: Path) -> bytes:
        text = path.read_bytes()
        digest.update(text)
        return text

    for number, path in enumerate(files, 1):
        try:
            found = document(path, include, content)
        except DamagedError as error:
            # Paths have the names of donors and writers in them.
            raise DataError(
                f"UNIPEN: file {number} of {len(files)} under data/{CATEGORY}, sorted by path, "
                f"{error}; unpack data and include again"
            ) from None
        donor = path.relative_to(data).parts[0]
        for segment in found.segments:
            counts["segments"] += 1
            try:
                if segment.kind != "TEXT":
                    raise OmittedError("not_text")
                first, strokes = found.strokes(segment.delineation)
            except OmittedError as fault:
                counts[f"omitted_{fault}"] += 1
                continue
            written = rows(strokes) if divide else [strokes]
            known = segment.label is not None and len(written) == 1
            writer = donor, found.writer(first) or str(path)
            for row in written:
                lines.append(offsets(row))
                groups.append(writers.setdefault(writer, len(writers)))
                characters.append(len(segment.label or "") if known else -1)
    faults = ", ".join(f"{counts[name]} {name}" for name in sorted(counts) if name != "segments")
    if not lines:
        raise DataError(
            f"{data}: none of the {counts['segments']} segments can be read ({faults or 'empty'}); "
            "unpack data and include again"
        )
    if faults:
        log.warning("UNIPEN: of %d segments, some are left out: %s", counts["segments"], faults)
    counts["lines"], counts["writers"] = len(lines), len(writers)
    return Parsed(Lines.of(lines, groups, characters), {"files": digest.hexdigest()}, dict(counts))


def offsets(strokes: list[Points]) -> Tensor:
    """A line (T, 3) of strokes (n, 2) with y up, their coordinates rounded."""
    points = np.rint(np.concatenate(strokes))
    line = np.zeros((len(points), 3), dtype=np.float32)
    line[1:, :2] = np.diff(points, axis=0) * (1, -1)
    line[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return torch.from_numpy(line)
