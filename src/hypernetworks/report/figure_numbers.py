"""What the figures of the published runs show, in numbers and words."""

from collections.abc import Sequence
from pathlib import Path

from hypernetworks.report.drawings.gates import (
    change_by_kind,
    in_words,
    largest_changes,
    text_and_changes,
)
from hypernetworks.report.drawings.histograms import SATURATED, saturated, shares_of
from hypernetworks.report.drawings.ink import change_by_pen
from hypernetworks.report.drawings.pen import line_and_changes
from hypernetworks.report.figures import published_panels
from hypernetworks.report.panels import Panel
from hypernetworks.report.protocol import Figure, Table


def of_figure(figure: Figure, tables: list[Table], results: Path) -> tuple[str, str] | None:
    """(profile, what the figure's numbers are) of the published runs; None without them."""
    said = {
        "histograms": _saturation,
        "gates": _changes,
        "pen": _changes_of_pen,
        "curves": _catching_up,
    }
    panels = published_panels(figure, tables, results) if figure.drawing in said else None
    if panels is None:
        return None
    return str(panels[0].record["profile"]), said[figure.drawing](figure, tables, panels)


def _saturation(figure: Figure, tables: list[Table], panels: Sequence[Panel]) -> str:
    shares = [
        f"{panel.label} {saturated(shares_of(panel, str(figure.array))):.1%}" for panel in panels
    ]
    return f"the share of |phi(c)| > {SATURATED:g}: {'; '.join(shares)}"


def _changes(figure: Figure, tables: list[Table], panels: Sequence[Panel]) -> str:
    (panel,) = panels
    text, changes = text_and_changes(panel, str(figure.array))
    means = change_by_kind(text, changes / largest_changes(changes))
    return f"{panel.label}, of each gate's largest change: {in_words(means)}"


def _changes_of_pen(figure: Figure, tables: list[Table], panels: Sequence[Panel]) -> str:
    (panel,) = panels
    line, changes = line_and_changes(panel, str(figure.array))
    means = change_by_pen(line, changes / largest_changes(changes))
    return f"{panel.label}, of each gate's largest change: {means}"


def _catching_up(figure: Figure, tables: list[Table], panels: Sequence[Panel]) -> str:
    """When each row is where the one that it is compared with ends."""
    by_row = {(p.record["table"], p.record["row"]): p for p in panels}
    known = {table.id: table for table in tables}
    found = []
    for (table, row_id), panel in by_row.items():
        row = known[table].row(row_id)
        other = by_row.get((table, row.compare_with or "")) if row else None
        if other is not None:
            _, steps, values = panel.curve()
            _, its_steps, its_values = other.curve()
            sign = -1 if panel.record["selection"]["better"] == "higher" else 1
            reached = [
                s for s, v in zip(steps, values, strict=True) if sign * v <= sign * its_values[-1]
            ]
            when = f"after {reached[0]:,} steps" if reached else "nowhere"
            found.append(
                f"{panel.label} is {when} where {other.label} ends (after {its_steps[-1]:,})"
            )
    return "; ".join(found) or "no two rows are compared"
