"""Generated lines of handwriting under each other (figures 16, 17 and 18)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.ink import INK, positions, strokes
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

WIDTH = 11.0  # inches
TALLEST = 16.0
MARGIN, HEAD = 0.3, 0.85
THICK = 1.4  # points
GAP = 0.3  # between two lines, of their usual height
COLUMNS = 24


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The one panel's lines (R, N, 3).

    Raises:
        RecordError: for an array of another shape.
    """
    (panel,) = panels
    lines = lines_of(panel, str(figure.array))
    return pictures(lambda: sheet(f"{figure.title}\n{panel.title}", panel.color, list(lines)))


def lines_of(panel: Panel, array: str) -> NDArray[Any]:
    """Lines (R, N, 3) that a run left.

    Raises:
        RecordError: for an array of another shape.
    """
    lines = panel.array(array, 3)
    if lines.shape[1] < 2 or lines.shape[2] != 3:
        raise RecordError(f"{panel.record.path}: array '{array}' has shape {lines.shape}: no lines")
    return lines


def sheet(heading: str, color: str, lines: Sequence[NDArray[Any]]) -> "Picture":
    """Lines (N, 3) under each other, all on one scale, each as near to those above as both leave
    room: lines that rise or fall lie in each other's bays."""
    corners = [positions(line).min(0) for line in lines]
    places = [positions(line) - corner for line, corner in zip(lines, corners, strict=True)]
    width = max(float(place[:, 0].max()) for place in places) or 1.0
    tops = _tops(places, width)
    height = max(float((place[:, 1] + top).max()) for place, top in zip(places, tops, strict=True))
    height = height or 1.0
    across = WIDTH - 2 * MARGIN
    down = min(across * height / width, TALLEST)
    picture = canvas(WIDTH, HEAD + down + MARGIN)
    total = HEAD + down + MARGIN
    picture.text(0.5, 1 - 0.1 / total, heading, ha="center", va="top", fontsize=9, color=color)
    axes = picture.add_axes((MARGIN / WIDTH, MARGIN / total, across / WIDTH, down / total))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_aspect("equal", anchor="N")
    axes.set_axis_off()
    for line, corner, top in zip(lines, corners, tops, strict=True):
        write_strokes(axes, [stroke - corner + (0, top) for stroke in strokes(line)])
    return picture


def _tops(places: Sequence[NDArray[np.float64]], width: float) -> list[float]:
    """How far down each line's highest point lies."""
    gap = GAP * float(np.median([np.ptp(place[:, 1]) for place in places]))
    floor = np.full(COLUMNS, -np.inf)  # how far down there is ink, in each part of the width
    found: list[float] = []
    for place in places:
        columns = np.minimum((place[:, 0] / width * COLUMNS).astype(int), COLUMNS - 1)
        high, low = np.full(COLUMNS, np.inf), np.full(COLUMNS, -np.inf)
        np.minimum.at(high, columns, place[:, 1])
        np.maximum.at(low, columns, place[:, 1])
        top = max(found[-1] + gap, float((floor - high).max()) + gap) if found else 0.0
        found.append(top)
        floor = np.maximum(floor, low + top)
    return found


def write_strokes(
    axes: "Axes", drawn: Sequence[NDArray[Any]], colors: Sequence[str] | None = None
) -> None:
    """Strokes (n, 2) as a pen leaves them, each of its colour; one without extent is a dot."""
    from matplotlib.collections import LineCollection

    inks = np.array(colors or [INK] * len(drawn))
    long = np.array([bool(np.ptp(stroke, axis=0).any()) for stroke in drawn])
    paths = [stroke for stroke, extends in zip(drawn, long, strict=True) if extends]
    look: Any = {"linewidths": THICK, "capstyle": "round", "joinstyle": "round", "clip_on": False}
    # Snapped to whole pixels, a short stroke straight down or across is gone.
    axes.add_collection(LineCollection(paths, colors=inks[long], snap=False, **look))
    if not long.all():
        x, y = np.stack([drawn[int(k)][0] for k in np.flatnonzero(~long)]).T
        axes.scatter(x, y, s=THICK**2, c=inks[~long], linewidths=0, clip_on=False)
