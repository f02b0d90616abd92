"""Tables with their rows, and figures, the paper's and our own, read from `experiments/`."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypernetworks.report.drawings import DRAWINGS
from hypernetworks.report.errors import RecordError, WordsError
from hypernetworks.report.folders import NO_ROWS, folder_name, table_of, tables_in
from hypernetworks.report.keys import choice, load, take

SHORTENED = ("demo", "lite")
T = TypeVar("T")


@dataclass(frozen=True)
class Metric:
    """A table's metric. better: "lower" or "higher", or None where nobody said; digits: decimals
    that are printed."""

    name: str
    unit: str
    better: str | None
    digits: int

    def text(self, value: float, sign: str = "") -> str:
        return f"{value:{sign}.{self.digits}f}"


@dataclass(frozen=True)
class Row:
    """A row that this project trains.

    values: the paper's number by metric, none in a table of our own. params: parameters as the
    paper prints them. params_exact: those that the equations give, in all ("total") or of a named
    part. compare_with: the row whose seeds this one is paired with.
    """

    id: str
    label: str
    order: int = 0
    values: dict[str, float] = field(default_factory=dict)
    params: float | None = None
    params_exact: dict[str, int] = field(default_factory=dict)
    compare_with: str | None = None


@dataclass(frozen=True)
class Quoted:
    """A row that the paper quotes from others."""

    label: str
    value: float
    params: float | None


@dataclass(frozen=True)
class Shortening:
    """What a profile makes of a table: in words, and what it calls the rows."""

    words: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table of the paper, or one of our own or the user's; `paper` says where it stands there,
    None where it does not. metrics: the first one is the table's, the others are shown beside it.
    """

    id: str
    title: str
    paper: str | None
    metrics: tuple[Metric, ...]
    quoted: tuple[Quoted, ...]
    rows: tuple[Row, ...]
    profiles: dict[str, Shortening]

    @property
    def metric(self) -> Metric:
        return self.metrics[0]

    def row(self, row: str | None) -> Row | None:
        return next((found for found in self.rows if found.id == row), None)

    def difference(self, row: Row, other: Row) -> float | None:
        """What the paper has between two rows; None in a table of our own."""
        mine, its = (r.values.get(self.metric.name) for r in (row, other))
        return None if mine is None or its is None else mine - its

    def label(self, row: Row, profile: str) -> str:
        """What a row is called in a profile: a shortened row says so."""
        shortening = self.profiles.get(profile, Shortening())
        return shortening.labels.get(row.id, row.label)


@dataclass(frozen=True)
class Figure:
    """A figure drawn from the array `array` of the runs of `rows`, each (table, row); without an
    array from their curves. paper: where it stands there, None for one of our own."""

    id: str
    title: str
    paper: str | None
    rows: tuple[tuple[str, str], ...]
    array: str | None
    drawing: str


def load_tables(experiments: Path) -> list[Table]:
    """All tables that have a folder, in the paper's order; those of our own come last.

    Raises:
        RecordError: naming the file and the key.
    """
    return [_load_table(id_, experiments / folder_name(id_)) for id_ in tables_in(experiments)]


def load_figures(experiments: Path) -> dict[str, Figure]:
    """The figures by id, in the order of their file.

    Raises:
        RecordError: naming the file and the key.
    """
    path = experiments / "figures.yaml"
    return {str(key): _figure(str(key), value, path) for key, value in load(path).items()}


def pick(known: Mapping[str, T], name: str, what: str) -> T:
    """The table or figure of that name, in capitals or not.

    Raises:
        WordsError: naming the valid ones, and the nearest if one is near.
    """
    for spelled in (name, name.lower()):
        if spelled in known:
            return known[spelled]
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise WordsError(f"no {what} {name!r}; {hint}there are: {', '.join(known) or 'none'}")


def _load_table(table: str, folder: Path) -> Table:
    path = folder / "table.yaml"
    fields = load(path)
    said = take(fields, "table", str, path)
    if said != table:
        raise RecordError(f"{path}: key 'table' is {said!r}, but the file's place says {table!r}")
    metrics = tuple(_metric(entry, path) for entry in take(fields, "metrics", list, path))
    if not metrics:
        raise RecordError(f"{path}: key 'metrics' names none")
    paper = take(fields, "paper", str, path, None)
    if paper is None and fields.get("quoted"):
        raise RecordError(f"{path}: key 'quoted', but no key 'paper': what does the paper quote?")
    quoted = tuple(
        Quoted(
            take(entry, "label", str, path),
            take(entry, metrics[0].name, float, path),
            take(entry, "params", float, path, None),
        )
        for entry in take(fields, "quoted", list, path, [])
    )
    files = sorted(file for file in folder.glob("*.yaml") if file.stem not in NO_ROWS)
    rows = tuple(sorted((_row(metrics, file, paper) for file in files), key=lambda row: row.order))
    for row in rows:
        if row.compare_with not in (None, *(other.id for other in rows)):
            raise RecordError(
                f"{folder / row.id}.yaml: key 'paper.compare_with' names no row: {row.compare_with}"
            )
    profiles = {name: _shortening(folder / f"{name}.yaml", rows) for name in SHORTENED}
    title = take(fields, "title", str, path)
    return Table(table, title, paper, metrics, quoted, rows, profiles)


def _metric(fields: Any, path: Path) -> Metric:
    return Metric(
        take(fields, "name", str, path),
        take(fields, "unit", str, path),
        choice(fields, "better", ("lower", "higher"), path),
        take(fields, "digits", int, path),
    )


def _row(metrics: tuple[Metric, ...], path: Path, paper: str | None) -> Row:
    fields = load(path)
    exact = take(fields, "paper.params_exact", dict, path, {})
    given = {m.name: take(fields, f"paper.{m.name}", float, path, None) for m in metrics}
    values = {name: value for name, value in given.items() if value is not None}
    if paper is not None:
        take(fields, f"paper.{metrics[0].name}", float, path)  # every row has the table's own
    elif values:
        raise RecordError(
            f"{path}: key 'paper.{next(iter(values))}': table.yaml says of no place in the paper "
            "(key 'paper'), so that no number of a row can be the paper's"
        )
    return Row(
        id=path.stem,
        label=take(fields, "paper.label", str, path),
        order=take(fields, "paper.order", int, path),
        values=values,
        params=take(fields, "paper.params", float, path, None),
        params_exact={part: take(exact, part, int, path) for part in exact},
        compare_with=take(fields, "paper.compare_with", str, path, None),
    )


def _shortening(path: Path, rows: tuple[Row, ...]) -> Shortening:
    """A profile's words and labels: a row's own, else the template's over the paper's."""
    if not path.is_file():
        return Shortening()
    fields = load(path)
    template = take(fields, "label", str, path, "{paper}")
    labels = {}
    unknown = set(take(fields, "rows", dict, path, {})) - {row.id for row in rows}
    if unknown:
        raise RecordError(f"{path}: key 'rows' names no row: {', '.join(sorted(unknown))}")
    for row in rows:
        own = take(fields, f"rows.{row.id}.label", str, path, None)
        labels[row.id] = own or template.replace("{paper}", row.label)
    return Shortening(take(fields, "words", str, path, None), labels)


def _figure(figure: str, fields: Any, path: Path) -> Figure:
    def key(name: str) -> str:
        return f"{figure}.{name}"

    whole = {figure: fields}
    rows = []
    for name in take(whole, key("rows"), list, path):
        folder, _, row = str(name).partition("/")
        table = table_of(folder)
        if folder_name(table) != folder or not table or not row:
            raise RecordError(f"{path}: key '{key('rows')}': {name!r} is not like table7/cnn")
        rows.append((table, row))
    if not rows:
        raise RecordError(f"{path}: key '{key('rows')}' names none")
    drawing = choice(whole, key("drawing"), tuple(DRAWINGS), path)
    if DRAWINGS[drawing].one_row and len(rows) != 1:
        raise RecordError(f"{path}: key '{key('rows')}': {drawing} are drawn of one row")
    array = take(whole, key("array"), str, path) if DRAWINGS[drawing].needs == "arrays" else None
    title, paper = take(whole, key("title"), str, path), take(whole, key("paper"), str, path, None)
    return Figure(figure, title, paper, tuple(rows), array, drawing)
