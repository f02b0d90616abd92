"""Plots of the selection's metric against the steps (figure 6)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, missing, pictures, tables_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

Curve = tuple[str, list[int], list[float]]


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """A plot a table; in the place of a table without panels stands what is missing.

    Raises:
        RecordError: for curves of different metrics in one plot.
    """
    curves = [(panel, panel.curve()) for panel in panels]
    plots = {
        table: [(panel, curve) for panel, curve in curves if panel.record["table"] == table]
        for table in tables_of(figure)
    }
    for of_table in plots.values():
        names = {metric for _, (metric, _, _) in of_table}
        if len(names) > 1:
            raise RecordError(f"curves of different metrics: {', '.join(sorted(names))}")
    return pictures(lambda: _picture(figure.title, plots, missing(figure, panels)))


def _picture(
    title: str, plots: dict[str, list[tuple[Panel, Curve]]], said: dict[str, str]
) -> "Picture":
    picture = canvas(8 if len(plots) == 1 else 6.5 * len(plots), 5, constrained=True)
    if len(plots) > 1:
        picture.suptitle(title, fontsize=11)
    for number, (table, curves) in enumerate(plots.items(), start=1):
        axes = picture.add_subplot(1, len(plots), number)
        above = title if len(plots) == 1 else f"Table {table}"
        if curves:
            _plot(axes, above, curves)
        else:
            _say(axes, above, said[table])
    return picture


def _plot(axes: "Axes", above: str, curves: Sequence[tuple[Panel, Curve]]) -> None:
    for panel, (_, steps, values) in curves:
        axes.plot(steps, values, marker=".", label=panel.label)
    panels = [panel for panel, _ in curves]
    data = "; ".join(dict.fromkeys(panel.about for panel in panels))
    axes.set_title(f"{above}\n{data}", fontsize=10, color=panels[0].color)
    axes.set_xlabel("step")
    metric, _, _ = curves[0][1]
    axes.set_ylabel(f"{metric}, during training")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)


def _say(axes: "Axes", above: str, words: str) -> None:
    axes.set_title(above, fontsize=10)
    lines = words.replace(", which", ",\nwhich").replace("; ", ";\n")
    axes.text(0.5, 0.5, lines, transform=axes.transAxes, ha="center", va="center", fontsize=9)
    axes.set(xticks=[], yticks=[])
