"""The paper's claims as data, read from `experiments/claims.yaml`.

A claim is made of comparisons: each a quantity of one row or between two, and the bounds between
which the paper says it lies. All must hold for the claim to hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypernetworks.report.errors import RecordError
from hypernetworks.report.folders import folder_name, table_of
from hypernetworks.report.keys import load, take
from hypernetworks.report.protocol import Figure, Metric, Row, Table, pick
from hypernetworks.report.quantities import (
    Parameters,
    Quantity,
    TableMetric,
    figure_quantity,
)

FILE = "claims.yaml"
KINDS = ("metric", "parameters", "figure")
KEYS = {*KINDS, "at", "rows", "above", "below"}


@dataclass(frozen=True)
class Comparison:
    """quantity: what is measured of the rows. above, below: the bounds that the paper's words
    give, None for none."""

    quantity: Quantity
    table: Table
    rows: tuple[Row, ...]
    above: float | None
    below: float | None


@dataclass(frozen=True)
class Claim:
    """says: what the paper claims, in our words; paper: where."""

    id: str
    says: str
    paper: str
    comparisons: tuple[Comparison, ...]


def load_claims(
    experiments: Path, tables: Sequence[Table], figures: Mapping[str, Figure]
) -> list[Claim]:
    """The claims in the order of their file.

    Raises:
        RecordError: naming the file, the claim and what is wrong or unknown in it.
    """
    path = experiments / FILE
    known = {table.id: table for table in tables}
    found = []
    for id_, fields in load(path).items():
        where = f"{path}: {id_}"
        lines = take({id_: fields}, f"{id_}.comparisons", list, path)
        if not lines:
            raise RecordError(f"{where}: key 'comparisons' names none")
        says, paper = (take({id_: fields}, f"{id_}.{key}", str, path) for key in ("says", "paper"))
        comparisons = []
        for number, line in enumerate(lines, start=1):
            try:
                comparisons.append(_comparison(line, known, figures, path))
            except RecordError as error:
                reason = str(error).removeprefix(f"{path}: ")
                raise RecordError(f"{where}, comparison {number}: {reason}") from error
        found.append(Claim(id_, says, paper, tuple(comparisons)))
    return found


def _comparison(
    fields: Any, tables: Mapping[str, Table], figures: Mapping[str, Figure], path: Path
) -> Comparison:
    unknown = set(fields) - KEYS if isinstance(fields, dict) else {fields}
    if unknown:
        raise RecordError(
            f"{', '.join(map(repr, unknown))}: the keys are {', '.join(sorted(KEYS))}"
        )
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1:
        raise RecordError(f"one of the keys {', '.join(KINDS)}, not {len(kinds)}")
    table, rows = _rows(take(fields, "rows", list, path), tables)
    name = take(fields, kinds[0], str, path)
    at = take(fields, "at", str, path, None)
    quantity = _quantity(kinds[0], name, at, table, rows, figures)
    if len(rows) != quantity.rows:
        raise RecordError(f"key 'rows': {quantity.rows} are compared, not {len(rows)}")
    above, below = (take(fields, key, float, path, None) for key in ("above", "below"))
    if above is None and below is None:
        raise RecordError("a bound is missing: key 'above' or 'below'")
    if above is not None and below is not None and above >= below:
        raise RecordError(f"nothing lies above {above:g} and below {below:g}")
    return Comparison(quantity, table, rows, above, below)


def _rows(names: list[Any], tables: Mapping[str, Table]) -> tuple[Table, tuple[Row, ...]]:
    """The rows of names like table7/cnn, all of one table."""
    parts = [str(name).partition("/") for name in names]
    folders = {folder for folder, _, _ in parts}
    if len(folders) != 1:
        raise RecordError("key 'rows': one table's, like table7/cnn")
    [folder] = folders
    table = pick({folder_name(id_): table for id_, table in tables.items()}, folder, "table")
    assert table_of(folder) == table.id
    known = {row.id: row for row in table.rows}
    return table, tuple(pick(known, row, f"row of {folder}") for _, _, row in parts)


def _quantity(
    kind: str,
    name: str,
    at: str | None,
    table: Table,
    rows: tuple[Row, ...],
    figures: Mapping[str, Figure],
) -> Quantity:
    if kind == "figure":
        return figure_quantity(_figure(name, table, rows, figures), at)
    if at is not None:
        raise RecordError("key 'at' belongs to a figure")
    if kind == "metric":
        metrics = {metric.name: metric for metric in table.metrics}
        metric: Metric = pick(metrics, name, "metric of the table")
        return TableMetric(metric)
    for row in rows:
        pick(row.params_exact, name, f"part that is counted of {row.id}")
    return Parameters(name)


def _figure(
    name: str, table: Table, rows: tuple[Row, ...], figures: Mapping[str, Figure]
) -> Figure:
    figure = pick(figures, name, "figure")
    drawn = {row: row for id_, row in figure.rows if id_ == table.id}
    for row in rows:
        pick(drawn, row.id, f"row of {folder_name(table.id)} in figure {name}")
    return figure
