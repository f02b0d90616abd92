"""What the paper reports, read from `experiments/`: its tables with their rows, its figures."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from hypernetworks.report.records import TABLES, RecordError

DRAWINGS = ("kernels", "filters", "gates", "histograms", "curves", "text")
_MISSING: Any = object()
T = TypeVar("T")


@dataclass(frozen=True)
class Metric:
    """A table's metric. better: "lower" or "higher"; digits: decimals that the paper prints."""

    name: str
    unit: str
    better: str
    digits: int


@dataclass(frozen=True)
class Row:
    """A row that this project trains.

    value: the paper's number. params: parameters as the paper prints them. params_exact: those
    that the equations give, in all ("total") or of a named part. compare_with: the row whose
    seeds this one is paired with.
    """

    id: str
    label: str
    order: int
    value: float
    params: float | None
    params_exact: dict[str, int]
    compare_with: str | None


@dataclass(frozen=True)
class Quoted:
    """A row that the paper quotes from others."""

    label: str
    value: float
    params: float | None


@dataclass(frozen=True)
class Table:
    """A table of the paper; `paper` says where it stands there."""

    id: str
    title: str
    paper: str
    metric: Metric
    quoted: tuple[Quoted, ...]
    rows: tuple[Row, ...]
    profiles: dict[str, str]

    def row(self, row: str) -> Row | None:
        return next((found for found in self.rows if found.id == row), None)


@dataclass(frozen=True)
class Figure:
    """A figure drawn from the array `array` of the runs of `rows`, each (table, row); without an
    array from their curves."""

    id: str
    title: str
    paper: str
    rows: tuple[tuple[str, str], ...]
    array: str | None
    drawing: str


def folder_name(table: str) -> str:
    """The folder of a table in `experiments/`: "7" -> "table7", "a1" -> "table_a1"."""
    return f"table{table}" if table.isdigit() else f"table_{table}"


def load_tables(experiments: Path) -> list[Table]:
    """All tables that have a folder, in the paper's order.

    Raises:
        RecordError: naming the file and the key.
    """
    present = [table for table in TABLES if (experiments / folder_name(table)).is_dir()]
    return [_load_table(table, experiments / folder_name(table)) for table in present]


def load_figures(experiments: Path) -> dict[str, Figure]:
    """The figures by id, in the order of their file.

    Raises:
        RecordError: naming the file and the key.
    """
    path = experiments / "figures.yaml"
    return {str(key): _figure(str(key), value, path) for key, value in _load(path).items()}


def pick(known: Mapping[str, T], name: str, what: str) -> T:
    """The table or figure of that name.

    Raises:
        RecordError: naming the valid ones, and the nearest if one is near.
    """
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise RecordError(f"no {what} {name!r}; {hint}there are: {', '.join(known) or 'none'}")


def _load_table(table: str, folder: Path) -> Table:
    path = folder / "table.yaml"
    fields = _load(path)
    _expect(fields, "table", table, path)
    metric = Metric(
        _take(fields, "metric.name", str, path),
        _take(fields, "metric.unit", str, path),
        _choice(fields, "metric.better", ("lower", "higher"), path),
        _take(fields, "metric.digits", int, path),
    )
    quoted = tuple(
        Quoted(
            _take(entry, "label", str, path),
            _take(entry, metric.name, float, path),
            _take(entry, "params", float, path, None),
        )
        for entry in _take(fields, "quoted", list, path, [])
    )
    files = sorted(file for file in folder.glob("*.yaml") if file != path)
    rows = tuple(sorted((_row(table, metric, file) for file in files), key=lambda r: r.order))
    for row in rows:
        if row.compare_with not in (None, *(other.id for other in rows)):
            raise RecordError(
                f"{folder / row.id}.yaml: key 'paper.compare_with' names no row: {row.compare_with}"
            )
    title, paper = _take(fields, "title", str, path), _take(fields, "paper", str, path)
    said = _take(fields, "profiles", dict, path, {})
    profiles = {name: _take(said, name, str, path) for name in said}
    return Table(table, title, paper, metric, quoted, rows, profiles)


def _row(table: str, metric: Metric, path: Path) -> Row:
    fields = _load(path)
    _expect(fields, "table", table, path)
    _expect(fields, "row", path.stem, path)
    exact = _take(fields, "paper.params_exact", dict, path, {})
    return Row(
        id=path.stem,
        label=_take(fields, "paper.label", str, path),
        order=_take(fields, "paper.order", int, path),
        value=_take(fields, f"paper.{metric.name}", float, path),
        params=_take(fields, "paper.params", float, path, None),
        params_exact={part: _take(exact, part, int, path) for part in exact},
        compare_with=_take(fields, "paper.compare_with", str, path, None),
    )


def _figure(figure: str, fields: Any, path: Path) -> Figure:
    def key(name: str) -> str:
        return f"{figure}.{name}"

    whole = {figure: fields}
    rows = []
    for name in _take(whole, key("rows"), list, path):
        folder, _, row = str(name).partition("/")
        table = folder.removeprefix("table").removeprefix("_")
        if table not in TABLES or folder_name(table) != folder or not row:
            raise RecordError(f"{path}: key '{key('rows')}': {name!r} is not like table7/cnn")
        rows.append((table, row))
    drawing = _choice(whole, key("drawing"), DRAWINGS, path)
    if drawing == "gates" and len(rows) != 1:
        raise RecordError(f"{path}: key '{key('rows')}': gates are drawn of one row")
    return Figure(
        id=figure,
        title=_take(whole, key("title"), str, path),
        paper=_take(whole, key("paper"), str, path),
        rows=tuple(rows),
        array=None if drawing == "curves" else _take(whole, key("array"), str, path),
        drawing=drawing,
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        fields = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, YAMLError, OmegaConfBaseException) as error:
        raise RecordError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(fields, dict):
        raise RecordError(f"{path}: holds no keys")
    return {str(key): value for key, value in fields.items()}


def _take(fields: Any, key: str, kind: type, path: Path, default: Any = _MISSING) -> Any:
    """The value of a dotted key; whole numbers serve as float."""
    value = fields
    for part in key.split("."):
        value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
    if value is _MISSING or (value is None and default is None):
        if default is _MISSING:
            raise RecordError(f"{path}: key '{key}' is missing")
        return default
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise RecordError(f"{path}: key '{key}' must be of type {kind.__name__}, is {value!r}")
    return value


def _choice(fields: Any, key: str, choices: tuple[str, ...], path: Path) -> str:
    value = _take(fields, key, str, path)
    if value not in choices:
        raise RecordError(f"{path}: key '{key}' must be {' or '.join(choices)}, is {value!r}")
    return str(value)


def _expect(fields: Any, key: str, value: str, path: Path) -> None:
    found = _take(fields, key, str, path)
    if found != value:
        raise RecordError(f"{path}: key '{key}' is {found!r}, but the file's place says {value!r}")
