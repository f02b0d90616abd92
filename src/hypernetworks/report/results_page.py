"""What stands between the marks of README.md and docs/results.md."""

from pathlib import Path

from hypernetworks.report.aggregate import spread
from hypernetworks.report.columns import (
    Column,
    Evidence,
    about,
    doubts,
    from_paper,
    incomparable,
    published_by_profile,
    published_column,
)
from hypernetworks.report.differences import Difference, differences, order
from hypernetworks.report.drawings.translations import OtherSentences, markdown, side_by_side
from hypernetworks.report.figure_numbers import of_figure
from hypernetworks.report.figures import published_panels
from hypernetworks.report.pages import device
from hypernetworks.report.protocol import Figure, Table
from hypernetworks.report.tables import (
    Line,
    as_text,
    baselines,
    heading,
    parameters,
    value_range,
)

SHORTENED = (
    "Rows of the profile `lite` are shortened, as their names say: they check the paper's claims "
    "at a smaller scale and reproduce none of its numbers. One seed (n=1) is no evidence for an "
    "order."
)
NONE = "No run of the paper's rows is published yet."
DRAWN = (".png", ".animated.svg", ".txt", ".html")


def best_table(tables: list[Table], results: Path) -> str:
    """One table of every row of the paper that has published numbers, each with the best that it
    has; the tables of our own by name."""
    lines, ours = [], []
    for table in tables:
        column = published_column(table, results, "paper", stand_ins=True)
        if table.paper is None:
            ours += [f"`{table.id}` ({table.title})"] if column.profiles() else []
            continue
        for label, evidence, row in _shown(table, [column]):
            metric = table.metric
            paper = table.row(row)
            number = paper.values.get(metric.name) if paper else None
            number = None if incomparable(evidence) else number
            lines.append(
                {
                    "table": table.id,
                    "row": label,
                    "measured": f"{metric.name}, {metric.unit}",
                    "paper": "-" if number is None else metric.text(number),
                    "ours": _ours(table, evidence),
                    "profile · data": about(evidence),
                }
            )
    parts = [as_text(lines, "github"), SHORTENED] if lines else [NONE]
    parts += [f"Tables of our own, in docs/results.md: {'; '.join(ours)}."] if ours else []
    return "\n\n".join(parts)


def tables_and_figures(
    tables: list[Table], figures: dict[str, Figure], results: Path, drawn: Path
) -> str:
    """A section a table: its rows, their differences, baselines, figures.

    Args:
        drawn: the folder of the drawn figures, beside the page.
    """
    sections = [SHORTENED]
    for table in tables:
        if columns := published_by_profile(table, results):
            sections.append(f"## Table {table.id}. {table.title}\n\n{heading(table)}.")
            sections += _numbers(table, columns)
            of_table = [figure for figure in figures.values() if figure.rows[0][0] == table.id]
            sections += [_figure(figure, tables, results, drawn) for figure in of_table]
    return "\n\n".join(section for section in sections if section)


def _shown(table: Table, columns: list[Column]) -> list[tuple[str, Evidence, str]]:
    """(label in the profile of its numbers, the records behind them, row)."""
    rows = [(row, column.evidence[row.id]) for row in table.rows for column in columns]
    return [(table.label(row, e.profile), e, row.id) for row, e in rows if e.summary.counted]


def _ours(table: Table, evidence: Evidence) -> str:
    values = list(evidence.summary.values(table.metric.name).values())
    return spread(values).text(table.metric.digits) + doubts(evidence)


def _numbers(table: Table, columns: list[Column]) -> list[str]:
    lines: list[Line] = []
    for label, evidence, row_id in _shown(table, columns):
        found = list(evidence.summary.counted.values())
        row = table.row(row_id)
        assert row is not None  # it is one of the table's
        paper = None if incomparable(evidence) else row.values.get(table.metric.name)
        less = from_paper(table, row, evidence)
        lines.append(
            {
                "row": label,
                "profile · data": about(evidence),
                "paper": "-" if paper is None else table.metric.text(paper),
                "ours": _ours(table, evidence),
                "ours - paper": "-" if less is None else table.metric.text(less, "+"),
                "parameters": parameters(row, evidence, evidence.profile),
                "minutes": " + ".join(f"{record['wall_seconds'] / 60:.1f}" for record in found),
                "machine": ", ".join(dict.fromkeys(device(record) for record in found)),
            }
        )
    parts = [as_text(lines, "github")]
    compared = [_difference(table, found) for c in columns for found in differences(table, c)]
    parts += [as_text(compared, "github")] if compared else []
    said = [text for column in columns if (text := _order(table, column))]
    for name, where, values in (found for column in columns for found in baselines(table, column)):
        said.append(f"{name}, the baseline ({where}): {value_range(table, values)}.")
    return [*parts, "\n".join(f"- {line}" for line in said)]


def _order(table: Table, column: Column) -> str | None:
    text = order(table, column)
    return f"Profile {column.profile}: {text}" if text else None


def _difference(table: Table, found: Difference) -> Line:
    names = [table.label(row, found.profile) for row in (found.row, found.other)]
    each = [table.metric.text(value, "+") for value in found.ours]
    return {
        "difference, paired by seed": " - ".join(names),
        "profile · data": found.about,
        "paper": "-" if found.paper is None else table.metric.text(found.paper, "+"),
        "ours": found.spread.text(table.metric.digits, "+"),
        "seed by seed": ", ".join(each) if len(each) > 1 else "-",
    }


def _figure(figure: Figure, tables: list[Table], results: Path, drawn: Path) -> str:
    """The figure's numbers or samples, and its pictures where they are drawn."""
    said = of_figure(figure, tables, results)
    parts = [f"Figure {figure.id}, profile {said[0]}: {said[1]}."] if said else []
    parts += _samples(figure, tables, results) if figure.drawing == "translations" else []
    for path in sorted(drawn.glob(f"figure{figure.id}-*")):
        if path.name.endswith(DRAWN):
            title = f"Figure {figure.id}: {figure.title}"
            mark = "!" if path.suffix in (".png", ".svg") else ""
            parts.append(f"{mark}[{title}]({drawn.name}/{path.name})")
    return "\n\n".join(parts)


def _samples(figure: Figure, tables: list[Table], results: Path) -> list[str]:
    """What the published runs made of the same sentences, or why that cannot be shown."""
    panels = published_panels(figure, tables, results)
    if panels is None:
        return []
    runs = "; ".join(f"{panel.label}: {panel.about}" for panel in panels)
    try:
        table = markdown(panels, side_by_side(panels, str(figure.array)))
    except OtherSentences as error:  # of one row a newer run is published than of another
        return [f"Figure {figure.id}: {error}."]
    return [f"Figure {figure.id}: {figure.title} ({runs}).", table]
