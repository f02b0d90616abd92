"""The paper's claims as data, read from `experiments/claims.yaml`.

A claim is made of comparisons: each a quantity of one row or between two, and the bounds between
which the paper says it lies. All must hold for the claim to hold.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypernetworks.report.errors import RecordError
from hypernetworks.report.folders import folder_name
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
KEYS = (*KINDS, "at", "rows", "above", "below")


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
    return [_claim(id_, fields, known, figures, path) for id_, fields in load(path).items()]


def _claim(
    id_: str, fields: Any, tables: Mapping[str, Table], figures: Mapping[str, Figure], path: Path
) -> Claim:
    whole = {id_: fields}
    lines = take(whole, f"{id_}.comparisons", list, path)
    if not lines:
        raise RecordError(f"{path}: key '{id_}.comparisons' names none")
    comparisons = []
    for number, line in enumerate(lines, start=1):
        try:
            comparisons.append(_comparison(line, tables, figures, path))
        except RecordError as error:
            reason = str(error).removeprefix(f"{path}: ")
            raise RecordError(f"{path}: {id_}, comparison {number}: {reason}") from error
    says, paper = (take(whole, f"{id_}.{key}", str, path) for key in ("says", "paper"))
    return Claim(id_, says, paper, tuple(comparisons))


def _comparison(
    fields: Any, tables: Mapping[str, Table], figures: Mapping[str, Figure], path: Path
) -> Comparison:
    if not isinstance(fields, dict) or not set(fields) <= set(KEYS):
        raise RecordError(f"{fields!r}: the keys are {', '.join(KEYS)}")
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1:
        raise RecordError(f"one of the keys {', '.join(KINDS)}, not {len(kinds)}")
    table, rows = _rows(take(fields, "rows", list, path), tables)
    name = take(fields, kinds[0], str, path)
    at = take(fields, "at", str, path, None)
    quantity = _quantity(kinds[0], name, at, table, rows, figures)
    if len(rows) != quantity.rows:
        raise RecordError(f"key 'rows': {quantity.rows} are compared, not {len(rows)}")
    return Comparison(quantity, table, rows, *_bounds(fields, path))


def _bounds(fields: Any, path: Path) -> tuple[float | None, float | None]:
    above, below = (take(fields, key, float, path, None) for key in ("above", "below"))
    given = [bound for bound in (above, below) if bound is not None]
    if not given:
        raise RecordError("a bound is missing: key 'above' or 'below'")
    if not all(map(math.isfinite, given)):
        raise RecordError("bounds must be finite numbers")
    if len(given) == 2 and given[0] >= given[1]:
        raise RecordError(f"nothing lies above {above:g} and below {below:g}")
    return above, below


def _rows(names: list[Any], tables: Mapping[str, Table]) -> tuple[Table, tuple[Row, ...]]:
    """The rows of names like table7/cnn, all of one table."""
    parts = [str(name).partition("/") for name in names]
    folders = {folder for folder, _, _ in parts}
    if len(folders) != 1 or len(set(parts)) != len(parts):
        raise RecordError("key 'rows': different rows of one table, like table7/cnn")
    [folder] = folders
    table = pick({folder_name(id_): table for id_, table in tables.items()}, folder, "table")
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
