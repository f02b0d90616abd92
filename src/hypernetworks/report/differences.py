"""Rows against each other: differences paired by seed, and how many are in the paper's order."""

from dataclasses import dataclass
from itertools import combinations

from hypernetworks.report.aggregate import Spread, paired_differences, spread
from hypernetworks.report.columns import Column, about, incomparable
from hypernetworks.report.protocol import Row, Table


@dataclass(frozen=True)
class Difference:
    """A row less the one that it is compared with, seed by seed, in one profile; about: profile
    and data; paper: None where ours are of other data than the paper's,
    and in a table of our own."""

    row: Row
    other: Row
    profile: str
    about: str
    paper: float | None
    ours: list[float]

    @property
    def spread(self) -> Spread:
        return spread(self.ours)


def differences(table: Table, column: Column) -> list[Difference]:
    """Those of the rows that have numbers of one profile for the same seeds."""
    name, found = table.metric.name, []
    for row in table.rows:
        other = table.row(row.compare_with)
        if other is None:
            continue
        mine, its = column.evidence[row.id], column.evidence[other.id]
        ours = paired_differences(mine.summary, its.summary, name)
        if ours and mine.profile == its.profile:
            paper = None if incomparable(mine) else table.difference(row, other)
            found.append(Difference(row, other, mine.profile, about(mine), paper, ours))
    return found


def order(table: Table, column: Column) -> str | None:
    """How many pairs of rows of the column's profile are in the paper's order, in words; None for
    fewer than three rows, and for those of a table of our own."""
    if table.paper is None:
        return None
    name, profile = table.metric.name, column.profile
    values = {
        row.id: spread(list(e.summary.values(name).values())).mean
        for row in table.rows
        if (e := column.evidence[row.id]).summary.counted and e.profile == profile
    }
    rows = [row for row in table.rows if row.id in values]
    if len(rows) < 3:
        return None
    pairs = list(combinations(rows, 2))
    other = [
        f"{table.label(a, profile)} and {table.label(b, profile)}"
        for a, b in pairs
        if (a.values[name] - b.values[name]) * (values[a.id] - values[b.id]) < 0
    ]
    exceptions = f"; in the other order: {'; '.join(other)}" if other else ""
    agree = len(pairs) - len(other)
    return f"{agree} of {len(pairs)} pairs of rows are in the paper's order{exceptions}."
