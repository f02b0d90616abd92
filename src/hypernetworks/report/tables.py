"""A table beside the paper's: its cells, for the terminal and for markdown.

Three columns of numbers: the paper's, those of the published records, and those of the runs of
this checkout. Every cell says how many seeds it stands for and, if they are not the asked profile's
on the complete real data, of which they are.
"""

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from hypernetworks.report.columns import (
    Column,
    Evidence,
    about,
    cell,
    incomparable,
    published_column,
    short_cell,
    shown_profile,
    yours_column,
)
from hypernetworks.report.notes import notes, notices
from hypernetworks.report.protocol import Row, Table

LABEL_WIDTH = 32
Line = dict[str, str]


def terminal_table(table: Table, results: Path, profile: str) -> str:
    """The table as text: paper, published (the given profile; for demo, paper), yours."""
    columns = [
        published_column(table, results, profile),
        yours_column(table, results, profile),
    ]
    notice = notices(table, columns)
    title = f"Table {table.id}: {table.title}"
    body = [
        *notice,
        "",
        grid(table, columns, "simple", LABEL_WIDTH),
        "",
        *notice,
        *notes(table, columns),
    ]
    return "\n".join([title, heading(table), *body]) + "\n"


def heading(table: Table) -> str:
    """What is measured, and where the paper reports it."""
    metric = table.metric
    better = f", {metric.better} is better" if metric.better else ""
    where = f"; in the paper: {table.paper}" if table.paper else ""
    return f"{metric.name}, {metric.unit}{better}{where}"


def grid(
    table: Table, columns: Sequence[Column], style: str, label_width: int | None = None
) -> str:
    """The rows as text; the last column's runs are detailed.

    Args:
        style: one of tabulate's.
        label_width: characters after which a row's label is wrapped; None for never.
    """
    return as_text(lines_of(table, columns), style, label_width)


def lines_of(table: Table, columns: Sequence[Column]) -> list[Line]:
    """A line a row, in their order, then one a baseline; the last column's runs are detailed."""
    rows = [_line(table, row, columns) for row in table.rows]
    return rows + [_baseline(table, columns[-1], *found) for found in baselines(table, columns[-1])]


def quoted(table: Table) -> list[Line]:
    """The rows that the paper quotes from others."""
    head = f"quoted by the paper, {table.metric.name}"
    return [
        {"from": q.label, head: table.metric.text(q.value), "parameters": millions(q.params)}
        for q in table.quoted
    ]


def heads_of(lines: Sequence[Line]) -> list[str]:
    """The heads that any of the lines has; one with nothing below it is left out."""
    heads = dict.fromkeys(head for line in lines for head in line)
    return [head for head in heads if any(line.get(head, "-") != "-" for line in lines)]


def as_text(lines: Sequence[Line], style: str, label_width: int | None = None) -> str:
    """The lines under the heads that any of them has."""
    used = heads_of(lines)
    cells = [[line.get(head, "-") for head in used] for line in lines]
    if style == "github":
        cells = [[text.replace("|", "\\|") for text in line] for line in cells]
    return tabulate(cells, used, style, disable_numparse=True, maxcolwidths=[label_width])


def _line(table: Table, row: Row, columns: Sequence[Column]) -> Line:
    detail = columns[-1]
    evidence = detail.evidence[row.id]
    profile = shown_profile(table, detail, row.id)
    line = {"row": table.label(row, profile), "paper": _paper(table, row, 0, columns)}
    line |= {column.heading: cell(table.metric, column, row.id) for column in columns}
    for number, metric in enumerate(table.metrics[1:], start=1):
        line[f"{metric.name}, paper"] = _paper(table, row, number, columns)
        for column in columns:
            line[f"{metric.name}, {column.heading}"] = short_cell(metric, column, row.id)
    line["profile · data"] = about(evidence)
    line["seeds"] = ", ".join(map(str, evidence.summary.counted)) or "-"
    line["parameters"] = parameters(row, evidence, profile)
    if detail.profile == "paper":
        line["paper prints"] = millions(row.params)
    return line


def _paper(table: Table, row: Row, number: int, columns: Sequence[Column]) -> str:
    metric = table.metrics[number]
    if any(incomparable(column.evidence[row.id]) for column in columns):
        return "-"
    return metric.text(row.values[metric.name]) if metric.name in row.values else "-"


def parameters(row: Row, evidence: Evidence, profile: str) -> str:
    """The parameters of a row in a profile: of the paper's size those that the equations give, of
    another one those of its models."""
    record = evidence.summary.newest()
    measured = record["parameters"] if record else {}
    if not row.params_exact:
        return f"{measured['total']:,}" if record else "-"
    of_paper = evidence.profile == "paper"
    if not of_paper and profile != "paper":
        counts = {part: measured[part] for part in row.params_exact if part in measured}
        return "; ".join(_count(part, count) for part, count in counts.items()) or "-"
    cells = []
    for part, exact in row.params_exact.items():
        ours = measured.get(part, exact) if of_paper else exact
        different = "" if ours == exact else f", DIFFERENT from {exact:,}"
        cells.append(_count(part, ours) + different)
    return "; ".join(cells)


def _count(part: str, count: int) -> str:
    return f"{count:,}" + ("" if part == "total" else f" ({part})")


def millions(count: float | None) -> str:
    """As the paper prints it: "4.25 M"."""
    return "-" if count is None else f"{count / 1e6:g} M"


def baselines(table: Table, column: Column) -> list[tuple[str, str, list[float]]]:
    """(name, profile · data, distinct values) of the simple models fitted beside the runs."""
    found: dict[tuple[str, str], set[float]] = {}
    for evidence in column.evidence.values():
        for record in evidence.summary.counted.values():
            baseline = record["baseline"]
            if baseline and table.metric.name in baseline["metrics"]:
                value = baseline["metrics"][table.metric.name]["value"]
                found.setdefault((baseline["name"], about(evidence)), set()).add(value)
    return [(*key, sorted(values)) for key, values in sorted(found.items())]


def _baseline(table: Table, column: Column, name: str, about: str, values: list[float]) -> Line:
    profile, _, kinds = about.partition(" · ")
    marks = [profile] * (profile != column.profile) + kinds.split(", ")
    text = " ".join([value_range(table, values), *(mark for mark in marks if mark != "real")])
    return {"row": f"baseline: {name}", column.heading: text, "profile · data": about}


def value_range(table: Table, values: list[float]) -> str:
    """ "21.50", or "21.50 to 22.50"."""
    shown = sorted({table.metric.text(value) for value in values}, key=float)
    return shown[0] if len(shown) == 1 else f"{shown[0]} to {shown[-1]}"
