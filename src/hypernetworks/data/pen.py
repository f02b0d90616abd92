"""A line as a pen's readings: cleaned as Graves did, and as offsets (Graves, 2013, section 4).

"Recording errors were corrected by interpolating to fill in for missing readings, and removing
steps whose length exceeded a certain threshold": the thresholds are not stated.

T readings of a line
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PAUSE = 1.0  # seconds: in a longer time the pen rested or the clock was set; nothing is missing
FASTEST = 0.001  # seconds between readings: no pen is read more often


@dataclass(frozen=True)
class Readings:
    """A line of one reading or more.

    Attributes:
        points: (T, 2), x to the right and y down.
        times: (T,) seconds.
        strokes: (T,) int64: those of one stroke have the same number, which rises.
    """

    points: NDArray[np.float64]
    times: NDArray[np.float64]
    strokes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, kept: NDArray[np.bool_]) -> "Readings":
        return Readings(self.points[kept], self.times[kept], self.strokes[kept])

    def within(self) -> NDArray[np.bool_]:
        """(T - 1,): which steps are within a stroke."""
        return np.diff(self.strokes) == 0

    def offsets(self) -> Tensor:
        """(T, 3): dx, dy from the reading before, 0 at the first; 1 at a stroke's last, else 0."""
        steps = np.diff(self.points, axis=0, prepend=self.points[:1])
        return torch.from_numpy(np.column_stack([steps, np.append(~self.within(), True)])).float()


def without_jumps(readings: Readings, jump: float) -> tuple[Readings, int, int]:
    """Removes impossible steps: longer than `jump`, within a stroke.

    A reading that is that far from the one before and the one after is removed, and one that such
    a step leaves alone. Where two longer runs are that far apart, the pen was lifted unseen: they
    become two strokes.

    Returns:
        the others, maybe none; how many readings were removed; how many strokes were divided.
    """
    far = _far(readings, jump)
    if not far.any():
        return readings, 0, 0
    once = readings[~np.concatenate([[False], far[:-1] & far[1:], [False]])]
    far = _far(once, jump)
    runs = np.cumsum(np.append(0, far | ~once.within()))
    beside_far = np.append(far, False) | np.append(False, far)
    kept = ~(beside_far & (np.bincount(runs)[runs] == 1))
    divided = len(np.unique(runs[kept])) - len(np.unique(once.strokes[kept]))
    found = Readings(once.points[kept], once.times[kept], runs[kept])
    return found, len(readings) - len(found), divided


def _far(readings: Readings, jump: float) -> NDArray[np.bool_]:
    """(T - 1,): which steps are impossible."""
    lengths = np.hypot(*np.diff(readings.points, axis=0).T)
    return readings.within() & (lengths > jump)


def filled(readings: Readings, gap: float) -> tuple[Readings, int]:
    """Puts readings where they are missing: where more than `gap` seconds pass within a stroke.

    They lie on a straight line, evenly, at the interval at which the line's pen was read: the mean
    of its steps in time but for gaps and single missing readings. Times are rounded, so that no
    step is the interval itself.

    Returns:
        all readings, how many of them are new.
    """
    # Without the last digits, a step of 0.05 is not more than 0.05.
    passed, within = np.diff(readings.times).round(6), readings.within()
    usual = passed[within & (passed > 0) & (passed <= gap)]
    if not len(usual):
        return readings, 0
    interval = max(float(usual[usual < 1.5 * np.median(usual)].mean()), FASTEST)
    gaps = within & (passed > gap) & (passed <= PAUSE)
    missing = np.where(gaps, np.rint(passed / interval) - 1, 0).astype(np.int64)
    if not missing.any():
        return readings, 0
    pieces = np.append(missing + 1, 1)  # every reading, and those that are missing behind it
    before = np.repeat(np.arange(len(readings)), pieces)
    nth = np.arange(len(before)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    at = before + nth / pieces[before]
    numbers = np.arange(len(readings))
    x, y, times = (np.interp(at, numbers, v) for v in (*readings.points.T, readings.times))
    found = Readings(np.stack([x, y], 1), times, readings.strokes[before])
    return found, int(missing.sum())
