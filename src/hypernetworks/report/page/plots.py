"""The curves of a table's runs, as SVG within the page, in the page's own colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from hypernetworks.report.columns import Column, Evidence, incomparable
from hypernetworks.report.panels import Panel, canvas, pictures
from hypernetworks.report.protocol import Row, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

WIDTH, HEIGHT = 5.4, 3.3  # inches: of about a phone's width
POINTS = 72  # an inch
COLORS = 10  # of the style sheet, --row0 ...
MARKS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "*": "★"}
# What matplotlib draws with, and what becomes of it in the page.
INK, FAINT = "#5e0000", "#5e0001"
LARGE = 4.0  # a metric that falls to less than its LARGEth part has an axis of logarithms
OfPaper = dict[int, tuple[str, float]]  # by row, the metric and the number


@dataclass(frozen=True)
class Curve:
    """A run's curve. number: of the row, for its colour and mark."""

    number: int
    yours: bool
    steps: list[int]
    values: list[float]


@dataclass(frozen=True)
class Entry:
    """A line of a plot's legend."""

    color: str
    mark: str
    label: str
    style: str = "solid"


@dataclass(frozen=True)
class Plot:
    """Curves of one metric."""

    svg: Markup
    metric: str
    legend: list[Entry]


def plots(table: Table, profile: str | None, columns: Sequence[Column], place: str) -> list[Plot]:
    """A plot for each metric by which the runs of a profile were selected; None: of any profile.

    Args:
        place: begins the ids of what is in it.
    Raises:
        RecordError: for a damaged curve.
    """
    by_metric: dict[str, list[Curve]] = {}
    labels, lines = {}, {}
    for number, row in enumerate(table.rows):
        for column in columns:
            evidence = column.evidence[row.id]
            if profile not in (None, evidence.profile):
                continue
            for record in evidence.summary.counted.values():
                if record["curve"]:
                    labels[number] = table.label(row, evidence.profile)
                    metric, steps, values = Panel(labels[number], "", record).curve()
                    curve = Curve(number, column.heading == "yours", steps, values)
                    by_metric.setdefault(metric, []).append(curve)
                    lines[metric, number] = _paper(row, evidence, metric)
    found: list[Plot] = []
    for metric, curves in by_metric.items():
        of_paper = {c.number: line for c in curves if (line := lines[metric, c.number])}
        names = ", ".join(labels[number] for number in dict.fromkeys(c.number for c in curves))
        title = f"{metric} during training, against the step: {names}"
        svg = _inline(_svg(metric, curves, of_paper), f"{place}-curves{len(found)}", title)
        found.append(Plot(svg, metric, _legend(labels, curves, of_paper)))
    return found


def _paper(row: Row, evidence: Evidence, metric: str) -> tuple[str, float] | None:
    """The paper's number beside a curve of its protocol and data: of the same metric, else of the
    same one on another split."""
    if evidence.profile != "paper" or incomparable(evidence):
        return None
    same = [name for name in row.values if name.rpartition("_")[2] == metric.rpartition("_")[2]]
    names = [metric] if metric in row.values else same
    return (names[0], row.values[names[0]]) if names else None


def _svg(metric: str, curves: Sequence[Curve], of_paper: OfPaper) -> str:
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}):
        drawn = pictures(lambda: _picture(metric, curves, of_paper), ("svg",))
    return drawn[".svg"].decode()


def _picture(metric: str, curves: Sequence[Curve], of_paper: OfPaper) -> "Picture":
    picture = canvas(WIDTH, HEIGHT, constrained=True)
    picture.patch.set_visible(False)
    axes = picture.add_subplot()
    for curve in curves:
        look: Any = {"color": _drawn(curve.number), "linewidth": 1.3, "markersize": 4}
        every = max(1, len(curve.steps) // 8)
        axes.plot(
            curve.steps,
            curve.values,
            marker=list(MARKS)[curve.number % len(MARKS)],
            markevery=(curve.number % every, every),
            linestyle="--" if curve.yours else "-",
            **look,
        )
    for number, (_, value) in of_paper.items():
        axes.axhline(value, color=_drawn(number), linewidth=1, linestyle=":")
    _finish(axes, metric, [value for curve in curves for value in curve.values])
    return picture


def _finish(axes: "Axes", metric: str, values: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if min(values) > 0 and max(values) > LARGE * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel(metric, color=INK, parse_math=False)
    axes.tick_params(which="both", color=INK, labelcolor=INK)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(INK)


def _drawn(number: int) -> str:
    return f"#5e01{number % COLORS:02x}"


def _color(number: int) -> str:
    return f"var(--row{number % COLORS})"


def _legend(labels: dict[int, str], curves: Sequence[Curve], of_paper: OfPaper) -> list[Entry]:
    found = []
    for number in dict.fromkeys(curve.number for curve in curves):
        mark = list(MARKS.values())[number % len(MARKS)]
        kinds = dict.fromkeys(curve.yours for curve in curves if curve.number == number)
        for yours in kinds:
            label = labels[number] + (", yours" if yours else "")
            found.append(Entry(_color(number), mark, label, "dashed" if yours else "solid"))
        if number in of_paper:
            name, value = of_paper[number]
            found.append(Entry(_color(number), "", f"the paper's {name}, {value:g}", "dotted"))
    return found


def _inline(svg: str, place: str, title: str) -> Markup:
    """A picture of matplotlib's as a part of a page: without its head and style, with ids that no
    other picture has, in the page's colours, with a title for those who do not see it."""
    drawn = svg[svg.index('<g id="figure_1"') :]
    drawn = re.sub(r'(?<=\bid=")|(?<=href="#)|(?<=url\(#)', f"{place}-", drawn)
    drawn = drawn.replace("xlink:href", "href")
    for number in range(COLORS):
        drawn = drawn.replace(_drawn(number), _color(number))
    drawn = drawn.replace(INK, "currentColor").replace(FAINT, "var(--line)")
    size = f"0 0 {WIDTH * POINTS:g} {HEIGHT * POINTS:g}"
    head = f'<svg class="plot" role="img" viewBox="{size}"><title>{escape(title)}</title>'
    return Markup(head + drawn)
