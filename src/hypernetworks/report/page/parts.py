"""What the page says of one table: its numbers by profile, its curves, its figures, its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypernetworks.report.columns import Column, published_column, yours_column
from hypernetworks.report.notes import doubtful, notices, shortenings
from hypernetworks.report.page.grids import Grid, numbers, paired, plain
from hypernetworks.report.page.origins import Origin, origins
from hypernetworks.report.page.pictures import Shown, shown
from hypernetworks.report.page.plots import Plot, plots
from hypernetworks.report.protocol import Figure, Table
from hypernetworks.report.tables import heading, quoted

PROFILES = ("paper", "lite", "demo")
TITLES = {"paper": "The paper's rows", "lite": "Profile lite", "demo": "Profile demo"}


@dataclass(frozen=True)
class Numbers:
    """The numbers of a table in one profile."""

    title: str
    notices: list[str]
    grid: Grid
    paired: Grid | None
    notes: list[str]
    plots: list[Plot]


@dataclass(frozen=True)
class Part:
    """id: of its place in the page; provenance: of the place of its runs."""

    id: str
    provenance: str
    title: str
    heading: str
    numbers: list[Numbers]
    quoted: Grid | None
    figures: list[Shown]
    origins: list[Origin]


def part(
    table: Table, place: str, tables: list[Table], figures: Sequence[Figure], results: Path
) -> Part:
    """The part of a table, with the figures whose first row is one of its own.

    Args:
        place: a name in the page that no other table has.
    Raises:
        RecordError: for a damaged record, array or curve.
    """
    found: list[Numbers] = []
    runs: dict[str, Origin] = {}
    for profile in PROFILES if table.paper is not None else PROFILES[:1]:
        published = published_column(table, results, profile)
        yours = yours_column(table, results, profile)
        if profile != "paper" and profile not in published.profiles() and not _begun(yours):
            continue
        columns = [published, yours] if _begun(yours) else [published]
        found.append(_numbers(table, place, profile, columns))
        runs |= {origin.id: origin for origin in origins(table, columns)}
    of_table = [figure for figure in figures if figure.rows[0][0] == table.id]
    return Part(
        id=f"table-{place}",
        provenance=_provenance(place),
        title=f"Table {table.id}: {table.title}",
        heading=heading(table),
        numbers=found,
        quoted=plain("What the paper quotes from others", quoted(table)) if table.quoted else None,
        figures=[drawn for figure in of_table for drawn in shown(figure, tables, results)],
        origins=list(runs.values()),
    )


def _provenance(place: str) -> str:
    return f"provenance-{place}"


def _numbers(table: Table, place: str, profile: str, columns: list[Column]) -> Numbers:
    of_profile = profile if table.paper is not None else None
    title = TITLES[profile] if of_profile else "The rows"
    name = f"Table {table.id}, {title[0].lower()}{title[1:]}"
    return Numbers(
        title=title,
        notices=notices(table, columns),
        grid=numbers(table, name, columns, _provenance(place)),
        paired=paired(table, f"{name}: paired differences", columns, of_profile),
        notes=[*shortenings(table, columns), *doubtful(table, columns)],
        plots=plots(table, of_profile, columns, f"table-{place}-{profile}"),
    )


def _begun(column: Column) -> bool:
    """Whether there is any run of a column's, also one that does not count."""
    summaries = [evidence.summary for evidence in column.evidence.values()]
    return any(summary.counted or summary.left_out for summary in summaries)
