"""Histograms of phi(c) (figure 5)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

SATURATED = 0.9


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """One histogram a panel: the array's shares of equal parts of [-1, 1].

    Each says which share lies beyond -0.9 and 0.9.
    """
    shares = [shares_of(panel, str(figure.array)) for panel in panels]
    return pictures(lambda: _picture(figure.title, panels, shares))


def shares_of(panel: Panel, array: str) -> NDArray[np.float64]:
    """A run's shares of equal parts of [-1, 1]."""
    return panel.array(array, 1).astype(np.float64)


def saturated(share: NDArray[np.float64]) -> float:
    """The share beyond -0.9 and 0.9 of shares of equal parts of [-1, 1].

    Raises:
        RecordError: if 0.9 is no border of the parts.
    """
    outer = len(share) * (1 - SATURATED) / 2
    count = round(outer)
    if not count or abs(outer - count) > 1e-6:
        raise RecordError(f"{len(share)} parts of [-1, 1] have no border at {SATURATED}")
    return float(share[:count].sum() + share[-count:].sum())


def _picture(title: str, panels: Sequence[Panel], shares: Sequence[NDArray[Any]]) -> "Picture":
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    picture = canvas(5 * columns, 3.1 * rows + 0.5, constrained=True)
    picture.suptitle(title, fontsize=11)
    for number, (panel, share) in enumerate(zip(panels, shares, strict=True), start=1):
        axes = picture.add_subplot(rows, columns, number)
        edges = np.linspace(-1, 1, len(share) + 1)
        axes.stairs(share * len(share) / 2, edges, fill=True)
        axes.set_title(panel.title, fontsize=8, color=panel.color)
        text = f"|phi(c)| > {SATURATED:g}: {saturated(share):.1%}"
        axes.text(0.5, 0.93, text, transform=axes.transAxes, ha="center", va="top", fontsize=9)
        axes.set_xlabel("phi(c)", fontsize=8)
        axes.set_ylabel("density", fontsize=8)
    return picture
