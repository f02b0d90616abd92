"""A generated line of handwriting with the changes of the gates' generated weights under it (figure
7): as pictures, and moving as it was drawn.

N points of a line, G gates
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.gates import largest_changes
from hypernetworks.report.drawings.ink import (
    COLORS,
    change_by_pen,
    gate_names,
    positions,
    shades,
)
from hypernetworks.report.drawings.lines import lines_of, write_strokes
from hypernetworks.report.drawings.moving import moving
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

WIDTH, MARGIN, LEFT = 11.0, 0.25, 0.45  # inches
TALLEST = 4.0
HEAD, TRACE, GAP = 0.95, 0.42, 0.05


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The one panel's first line with its changes under it.

    Raises:
        RecordError: if line and changes do not fit each other.
    """
    (panel,) = panels
    line, changes = line_and_changes(panel, str(figure.array))
    heading = f"{figure.title}\n{panel.title}"
    return {
        **pictures(lambda: picture(heading, panel.color, line, changes)),
        ".animated.svg": moving(heading, panel.color, line, changes).encode(),
    }


def line_and_changes(panel: Panel, array: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The first of a run's lines (N, 3), and the change of each gate's weights (N - 1, G) when each
    of its points but the first is read.

    Raises:
        RecordError: if they do not fit each other.
    """
    line = lines_of(panel, array)[0]
    changes = panel.array("weight_change", 2).astype(np.float64)
    if len(changes) != len(line) - 1:
        raise RecordError(
            f"{panel.record.path}: changes of shape {changes.shape} for {len(line)} points"
        )
    return line, changes


def picture(
    heading: str, color: str, line: NDArray[Any], changes: NDArray[np.float64]
) -> "Picture":
    """The line, its ink as bright as the weights change there; under it a row a gate, at each
    point's x a bar."""
    points = positions(line)
    low, size = points.min(0), np.ptp(points, axis=0)
    scaled = changes / largest_changes(changes)
    across = WIDTH - LEFT - MARGIN
    down = min(max(across * size[1] / (size[0] or 1), TRACE), TALLEST)
    traces = changes.shape[1] * TRACE
    total = HEAD + down + GAP + traces + MARGIN
    whole = canvas(WIDTH, total)
    means = change_by_pen(line, scaled)
    head = f"{heading}\n{means} of each gate's largest; the redder the ink, the larger the change"
    whole.text(0.5, 1 - 0.1 / total, head, ha="center", va="top", fontsize=9, color=color)
    box = (LEFT / WIDTH, (MARGIN + traces + GAP) / total, across / WIDTH, down / total)
    # One scale across for ink and bars, also of a line that is too tall for its place.
    across_units = max(size[0], size[1] * across / down)
    limits = (low[0], low[0] + across_units)
    axes = whole.add_axes(box)
    axes.set(xlim=limits, ylim=(low[1] + across_units * down / across, low[1]))
    axes.set_axis_off()
    pieces = shades(line, scaled)
    drawn = [points[sorted({piece.first, piece.point})] for piece in pieces]
    write_strokes(axes, drawn, [piece.color for piece in pieces])
    names = gate_names(changes.shape[1])
    for k, (name, bars) in enumerate(zip(names, scaled.T, strict=True)):
        bottom = MARGIN + traces - (k + 1) * TRACE
        axes = whole.add_axes((LEFT / WIDTH, bottom / total, across / WIDTH, 0.85 * TRACE / total))
        axes.vlines(points[1:, 0], 0, bars, colors=COLORS[k], linewidths=0.9, alpha=0.7)
        axes.set(xlim=limits, ylim=(0, 1), xticks=[], yticks=[])
        axes.spines[["top", "left", "right"]].set_visible(False)
        axes.spines["bottom"].set_color("#cccccc")
        axes.set_ylabel(name, rotation=0, ha="right", va="center", color=COLORS[k])
        said = f"largest {changes[:, k].max():.3g}"
        place: Any = {"transform": axes.transAxes, "ha": "right", "va": "top", "fontsize": 6}
        axes.text(
            1, 0.98, said, **place, bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1}
        )
    return whole
