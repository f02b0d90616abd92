"""Lines of handwriting in memory (section 4.5 of the paper, table 5).

R lines, P points of all lines together, T points of a line
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hypernetworks.data.errors import DataError


@dataclass(frozen=True)
class Lines:
    """Lines of pen points, one after another; x to the right, y down.

    Attributes:
        points: (P, 3) float32: dx and dy from the point before, 0 at a line's first; 1 at the last
            point of a stroke, else 0.
        starts: (R + 1,) int64: line r is points[starts[r]:starts[r + 1]].
        groups: (R,) int64: which lines belong together (a form, a writer), as numbers from 0.
        characters: (R,) int64: of the line's text, -1 where it is not known.
    """

    points: Tensor
    starts: Tensor
    groups: Tensor
    characters: Tensor

    @classmethod
    def of(cls, lines: list[Tensor], groups: list[int], characters: list[int]) -> "Lines":
        """From a list of lines (T, 3)."""
        lengths = torch.tensor([0, *map(len, lines)], dtype=torch.int64)
        points = torch.cat(lines) if lines else torch.zeros(0, 3)
        return cls(
            points.float(), lengths.cumsum(0), torch.tensor(groups), torch.tensor(characters)
        )

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def lengths(self) -> Tensor:
        """Points of each line (R,)."""
        return self.starts.diff()

    @property
    def strokes(self) -> Tensor:
        """Strokes of each line (R,)."""
        ends = torch.cat([torch.zeros(1), self.points[:, 2]]).double().cumsum(0)
        return ends[self.starts].diff().long()

    def line(self, row: int) -> Tensor:
        """(T, 3), a view."""
        return self.points[self.starts[row] : self.starts[row + 1]]

    def __getitem__(self, rows: Tensor) -> "Lines":
        """The lines of these numbers (R',), or of a mask (R,)."""
        rows = rows.nonzero()[:, 0] if rows.dtype == torch.bool else rows
        lengths = self.lengths[rows]
        starts = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
        lines = self.points.split(self.lengths.tolist())
        points = torch.cat([self.points[:0], *(lines[row] for row in rows.tolist())])
        return Lines(points, starts, self.groups[rows], self.characters[rows])


@dataclass(frozen=True)
class Selection:
    """Which lines are kept: with this many points, strokes, characters of known text.

    max_points: None for no bound. min_characters: 0 keeps lines without a known text too.
    """

    min_points: int = 300
    max_points: int | None = None
    min_strokes: int = 1
    min_characters: int = 0

    def __str__(self) -> str:
        most = "" if self.max_points is None else f" to {self.max_points}"
        known = f", {self.min_characters} characters" if self.min_characters else ""
        return f"{self.min_points}{most} points, {self.min_strokes} strokes{known}"

    def of(self, lines: Lines) -> Tensor:
        """A mask (R,).

        Raises:
            DataError: if it keeps none.
        """
        kept = (lines.lengths >= self.min_points) & (lines.strokes >= self.min_strokes)
        if self.max_points is not None:
            kept &= lines.lengths <= self.max_points
        if self.min_characters:
            kept &= lines.characters >= self.min_characters
        if not kept.any():
            raise DataError(f"none of the {len(lines):,} lines has {self}")
        return kept


@dataclass(frozen=True)
class LineSplits:
    """Training and validation lines (there is no test split); provenance: for the record."""

    train: Lines
    valid: Lines
    provenance: dict[str, object]


def split_by_group(lines: Lines, share: float, seed: int) -> tuple[Lines, Lines]:
    """(the rest, a share of the groups): whole groups drawn at random, so that no hand is in both.

    Each part has one group at least.

    Raises:
        DataError: if there is one group alone.
    """
    groups = lines.groups.unique()
    if len(groups) < 2:
        raise DataError("all lines are by one writer, or of one form: a split needs two")
    order = torch.randperm(len(groups), generator=torch.Generator().manual_seed(seed))
    count = min(max(round(share * len(groups)), 1), len(groups) - 1)
    drawn = torch.isin(lines.groups, groups[order[:count]])
    return lines[~drawn], lines[drawn]


def moments(lines: Lines) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (2,) of dx and dy over the lines' offsets: all points but the
    first of each line, which has none before it.

    Raises:
        DataError: if all offsets of an axis are the same.
    """
    within = torch.ones(len(lines.points), dtype=torch.bool)
    within[lines.starts[:-1]] = False
    offsets = lines.points[within, :2].double()
    mean, std = offsets.mean(0), offsets.std(0, correction=0)
    if not (std > 0).all():
        raise DataError("all offsets of the training lines are the same: nothing to normalise by")
    return mean.float(), std.float()
