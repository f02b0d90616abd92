"""The tables of numbers as cells for HTML, each number of ours with a link to its runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypernetworks.report.columns import Column, from_paper
from hypernetworks.report.differences import Difference, differences
from hypernetworks.report.page.origins import origin_id
from hypernetworks.report.protocol import Table
from hypernetworks.report.tables import Line, heads_of, lines_of

DETAILS = ("profile · data", "seeds")
PAIRED = "difference, paired by seed"


@dataclass(frozen=True)
class Cell:
    """link: the id of what in the page stands behind the text."""

    text: str
    link: str | None = None


@dataclass(frozen=True)
class Grid:
    """rows: their first cell is the row's name."""

    caption: str
    heads: list[str]
    rows: list[list[Cell]]


def plain(caption: str, lines: Sequence[Line]) -> Grid:
    """Lines of text without links."""
    heads = heads_of(lines)
    return Grid(caption, heads, [[Cell(line.get(head, "-")) for head in heads] for line in lines])


def numbers(table: Table, caption: str, columns: Sequence[Column], behind: str) -> Grid:
    """The paper's numbers, the published ones, and, if they have a column, those of this checkout.

    Args:
        behind: the id of what stands behind all numbers of the table.
    """
    lines = _lines(table, columns)
    heads = _ordered(heads_of(lines), columns)
    links = [_links(columns, row.id) for row in table.rows]
    links += [{column.heading: behind for column in columns}] * (len(lines) - len(links))
    rows = [
        [Cell(line.get(head, "-"), _link(head, line, of_line)) for head in heads]
        for line, of_line in zip(lines, links, strict=True)
    ]
    return Grid(caption, heads, rows)


def paired(
    table: Table, caption: str, columns: Sequence[Column], profile: str | None
) -> Grid | None:
    """Each row less the one that it is compared with, seed by seed, of the runs of a profile (None:
    of any); None where no two rows have a seed in common."""
    lines: dict[str, Line] = {}
    links: dict[str, dict[str, str]] = {}
    for column in columns:
        for found in differences(table, column):
            if profile in (None, found.profile):
                of_row = found.row.id
                lines.setdefault(of_row, {}).update(_difference(table, found, column.heading))
                links[of_row] = _links(columns, of_row)
    heads = _ordered(heads_of(list(lines.values())), columns, PAIRED)
    rows = [
        [Cell(line.get(head, "-"), _link(head, line, links[of_row])) for head in heads]
        for of_row, line in lines.items()
    ]
    return Grid(caption, heads, rows) if rows else None


def _difference(table: Table, found: Difference, heading: str) -> Line:
    metric = table.metric
    each = [metric.text(value, "+") for value in found.ours]
    return {
        PAIRED: " - ".join(table.label(row, found.profile) for row in (found.row, found.other)),
        "paper": "-" if found.paper is None else metric.text(found.paper, "+"),
        heading: found.spread.text(metric.digits, "+"),
        f"seed by seed, {heading}": ", ".join(each) if len(each) > 1 else "-",
        "profile · data": found.about,
    }


def _lines(table: Table, columns: Sequence[Column]) -> list[Line]:
    """A line a row with the details of every column, then the baselines of every column."""
    ordered = sorted(columns, key=lambda column: (*_fits(column), column is columns[0]))
    count = len(table.rows)
    whole = lines_of(table, ordered)
    rows, baselines = whole[:count], whole[count:]
    for row, line in zip(table.rows, rows, strict=True):
        for column in columns:
            less = from_paper(table, row, column.evidence[row.id])
            shown = "-" if less is None else table.metric.text(less, "+")
            line[f"{column.heading} - paper"] = shown
    for column in ordered[:-1]:
        found = lines_of(table, [column])
        for line, other in zip(rows, found[:count], strict=True):
            line |= {f"{head}, {column.heading}": other.get(head, "-") for head in DETAILS}
        baselines = baselines + found[count:]
    return rows + baselines


def _fits(column: Column) -> tuple[bool, bool]:
    """How much a column has to say of the labels' profile: what of a row stands but once, such as
    its parameters, is that of the column that has the most, and of the published one else."""
    return column.profile in column.profiles(), bool(column.profiles())


def _ordered(heads: list[str], columns: Sequence[Column], first: str = "row") -> list[str]:
    """The table's own numbers first, in the order of the columns."""
    names = [column.heading for column in columns]
    front = [first, "paper", *names, *(f"{name} - paper" for name in names)]
    return [*(head for head in front if head in heads), *(h for h in heads if h not in front)]


def _links(columns: Sequence[Column], row: str) -> dict[str, str]:
    """By column, the id of what stands behind a row's numbers."""
    newest = {column.heading: column.summary(row).newest() for column in columns}
    return {heading: origin_id(record) for heading, record in newest.items() if record is not None}


def _link(head: str, line: Line, links: dict[str, str]) -> str | None:
    """What stands behind the number under "published", "yours - paper", "valid_bpc, yours"."""
    heading = head.removesuffix(" - paper").rpartition(", ")[2]
    number = not head.startswith(DETAILS) and line.get(head, "-") != "-"
    return links.get(heading) if number else None
