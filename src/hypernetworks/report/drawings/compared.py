"""The curves of compared runs: a plot a comparison, a colour a configuration, a curve a seed."""

import json
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from hypernetworks.report.aggregate import state_of
from hypernetworks.report.comparison import Comparison, Line
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures
from hypernetworks.report.records import Record, unnamed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

Curve = tuple[list[int], list[float]]
WIDTH = 50  # characters of a legend's line


def picture(comparisons: Sequence[Comparison]) -> tuple[dict[str, bytes], list[str]]:
    """{".png": ..., ".svg": ...}, and a line for each curve that cannot be read."""
    curves: dict[str, Curve] = {}
    damaged = []
    for run in (run for c in comparisons for line in c.lines for run in line.runs):
        try:
            curves[str(run.path)] = readings(run)
        except RecordError as error:
            damaged.append(f"left out: {error}")
    return pictures(lambda: _picture(comparisons, curves)), damaged


def readings(run: Record) -> Curve:
    """Steps and values of the metric that a run was selected by; of one that is not over, what it
    has logged so far.

    Raises:
        RecordError: if the curve of a run that is over is missing or damaged.
    """
    if run["curve"] is not None:
        _, steps, values = Panel("", "", run).curve()
        return steps, values
    log = run.path.parent / run["id"] / "metrics.jsonl"
    lines = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    found = [_reading(line, run["selection"]["metric"]) for line in lines.splitlines()]
    whole = [reading for reading in found if reading is not None]
    return [step for step, _ in whole], [value for _, value in whole]


def _reading(line: str, metric: str) -> tuple[int, float] | None:
    """A kill leaves half a last line; most lines are of steps between evaluations."""
    try:
        found = json.loads(line)
        return int(found["step"]), float(found[metric])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _picture(comparisons: Sequence[Comparison], curves: dict[str, Curve]) -> "Picture":
    heights = [_height(comparison) for comparison in comparisons]
    drawing = canvas(11, sum(heights), constrained=True)
    grid = drawing.add_gridspec(len(comparisons), 1, height_ratios=heights)
    for place, comparison in enumerate(comparisons):
        _plot(drawing.add_subplot(grid[place]), comparison, curves)
    return drawing


def _height(comparison: Comparison) -> float:
    """Inches that the plot or its legend need."""
    labels = [_label(line, comparison) for line in comparison.lines]
    return max(4.5, 1 + 0.13 * sum(label.count("\n") + 1 for label in labels))


def _plot(axes: "Axes", comparison: Comparison, curves: dict[str, Curve]) -> None:
    import matplotlib

    colors = matplotlib.colormaps["turbo"]
    for place, line in enumerate(comparison.lines):
        label: str | None = _label(line, comparison)
        for run in line.runs:
            steps, values = curves.get(str(run.path), ([], []))
            style = "-" if run["status"] == "finished" else "--"
            color = colors((place + 0.5) / len(comparison.lines))
            axes.plot(steps, values, style, marker=".", color=color, label=label)
            label = None
    any_run = Panel("", "", comparison.lines[0].runs[0])
    axes.set_title(comparison.about, fontsize=10, color=any_run.color)
    axes.set_xlabel("step")
    axes.set_ylabel(f"{comparison.selection.name}, during training")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    axes.grid(alpha=0.3)


def _label(line: Line, comparison: Comparison) -> str:
    """A row by its name; a run without one, or one row's configurations, by what differs."""
    alike = sum(other.name == line.name for other in comparison.lines) > 1
    settings = ", ".join(f"{key}={value}" for key, value in line.shown(comparison.keys).items())
    by_settings = settings and (alike or unnamed(line.runs[0]))
    about = f"{line.name}: {settings}" if by_settings else line.name
    ended = sorted({state_of(run) for run in line.runs} - {"finished"})
    return fill(f"{about} ({', '.join(ended)})" if ended else about, WIDTH)
