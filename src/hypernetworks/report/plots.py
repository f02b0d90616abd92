"""Plots of runs: histograms of phi(c) (figure 5), the validation metric by steps (figure 6)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.panels import Panel, canvas, pictures
from hypernetworks.report.records import RecordError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SATURATED = 0.9


def draw_histograms(title: str, panels: Sequence[Panel], array: str) -> dict[str, bytes]:
    """One histogram a panel: the array's shares of equal parts of [-1, 1].

    Each says which share lies beyond -0.9 and 0.9.
    """
    shares = [panel.array(array, 1).astype(np.float64) for panel in panels]
    return pictures(lambda: _histograms(title, panels, shares))


def _histograms(
    title: str, panels: Sequence[Panel], shares: Sequence[NDArray[np.float64]]
) -> "Drawing":
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    drawing = canvas(5 * columns, 3.1 * rows + 0.5, constrained=True)
    drawing.suptitle(title, fontsize=11)
    for number, (panel, share) in enumerate(zip(panels, shares, strict=True), start=1):
        axes = drawing.add_subplot(rows, columns, number)
        edges = np.linspace(-1, 1, len(share) + 1)
        axes.stairs(share * len(share) / 2, edges, fill=True)
        axes.set_title(panel.title, fontsize=8, color=panel.color)
        text = f"|phi(c)| > {SATURATED:g}: {saturated(share):.1%}"
        axes.text(0.5, 0.93, text, transform=axes.transAxes, ha="center", va="top", fontsize=9)
        axes.set_xlabel("phi(c)", fontsize=8)
        axes.set_ylabel("density", fontsize=8)
    return drawing


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


def draw_curves(title: str, panels: Sequence[Panel]) -> dict[str, bytes]:
    """All panels in one plot: the selection's metric against the steps."""
    curves = [panel.curve() for panel in panels]
    names = {metric for metric, _, _ in curves}
    if len(names) > 1:
        raise RecordError(f"curves of different metrics: {', '.join(sorted(names))}")
    return pictures(lambda: _curves(title, panels, curves))


def _curves(
    title: str, panels: Sequence[Panel], curves: Sequence[tuple[str, list[int], list[float]]]
) -> "Drawing":
    drawing = canvas(8, 5, constrained=True)
    axes = drawing.add_subplot()
    for panel, (_, steps, values) in zip(panels, curves, strict=True):
        axes.plot(steps, values, marker=".", label=panel.name)
    data = "; ".join(dict.fromkeys(panel.about for panel in panels))
    axes.set_title(f"{title}\n{data}", fontsize=10, color=panels[0].color)
    axes.set_xlabel("step")
    axes.set_ylabel(f"{curves[0][0]}, as estimated during training")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return drawing
