"""Plots of the selection's metric against the steps (figure 6)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

Curve = tuple[str, list[int], list[float]]


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """All panels in one plot.

    Raises:
        RecordError: for curves of different metrics.
    """
    curves = [panel.curve() for panel in panels]
    names = {metric for metric, _, _ in curves}
    if len(names) > 1:
        raise RecordError(f"curves of different metrics: {', '.join(sorted(names))}")
    return pictures(lambda: _picture(figure.title, panels, curves))


def _picture(title: str, panels: Sequence[Panel], curves: Sequence[Curve]) -> "Picture":
    picture = canvas(8, 5, constrained=True)
    axes = picture.add_subplot()
    for panel, (_, steps, values) in zip(panels, curves, strict=True):
        axes.plot(steps, values, marker=".", label=panel.label)
    data = "; ".join(dict.fromkeys(panel.about for panel in panels))
    axes.set_title(f"{title}\n{data}", fontsize=10, color=panels[0].color)
    axes.set_xlabel("step")
    axes.set_ylabel(f"{curves[0][0]}, as estimated during training")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return picture
