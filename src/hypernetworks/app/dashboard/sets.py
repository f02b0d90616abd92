"""What the runs of each table log on each of its data sets, by the names that tracking gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from omegaconf import DictConfig

from hypernetworks.app import metric_names as names
from hypernetworks.app.build import builder_of
from hypernetworks.app.media import TRANSLATIONS, names_of
from hypernetworks.app.params import compose_row
from hypernetworks.report.folders import folder_name
from hypernetworks.report.protocol import Figure, Table

PROFILES = ("paper", "lite", "demo")


@dataclass(frozen=True)
class Shown:
    """A table's runs on one data set.

    name: of the set. curve: of a metric of validation; line: of the paper's number on its axis, if
    there is one. finals: the table's metrics, each perhaps with the paper's. media: pictures and
    pages; texts: tables of sentences.
    """

    table: Table
    name: str
    generated: bool
    curve: str
    line: tuple[str, ...]
    finals: tuple[tuple[str, ...], ...]
    media: tuple[str, ...]
    texts: tuple[str, ...]


def sets_of(tables: Sequence[Table], figures: Sequence[Figure], only: str | None) -> list[Shown]:
    """The sets of all tables, or of the one with the id `only`: those of its profiles, the paper's
    first."""
    found: dict[tuple[str, str], Shown] = {}
    for table in tables:
        for profile in PROFILES if only in (None, table.id) else ():
            shown = _shown(
                table, _composed(_first_row(table), profile), _arrays(table, tables, figures)
            )
            found.setdefault((table.id, shown.name), shown)
    return list(found.values())


@cache
def _composed(row: str, profile: str) -> DictConfig:
    return compose_row(row, profile)


def _shown(table: Table, cfg: DictConfig, arrays: Sequence[str]) -> Shown:
    of_set = names.set_name(cfg.dataset.name, cfg.profile.data)
    task = builder_of(cfg).TASK
    beside = cfg.profile.data != "stand-in"  # the paper's numbers say nothing of other data
    quoted = [m.name for m in table.metrics if any(m.name in row.values for row in table.rows)]
    quoted = quoted if beside else []
    metric, line = _curve(task, quoted)
    pictures = [name for array in arrays if array != TRANSLATIONS for name in names_of(array)]
    return Shown(
        table=table,
        name=of_set,
        generated=cfg.profile.data == "sample",
        curve=names.curve(of_set, metric),
        line=(names.paper(of_set, line),) if line else (),
        finals=tuple(_final(of_set, m.name, m.name in quoted) for m in table.metrics),
        media=tuple(names.media(of_set, name) for name in dict.fromkeys(pictures)),
        texts=tuple(names.media(of_set, name) for name in arrays if name == TRANSLATIONS),
    )


def _curve(task: Any, quoted: Sequence[str]) -> tuple[str, str | None]:
    """What is drawn of training, and which of the paper's numbers belongs beside it: the metric
    that selects the weights, or another one of validation where only that is the paper's too."""
    selected: str = task.selection
    split, _, name = selected.partition("_")
    alike = [quote for quote in quoted if quote.partition("_")[2] == name]
    if alike or not quoted:
        return selected, selected if selected in alike else next(iter(alike), None)
    return f"{split}_{quoted[0].partition('_')[2]}", quoted[0]


def _final(of_set: str, metric: str, quoted: bool) -> tuple[str, ...]:
    ours = names.final(of_set, metric)
    return (ours, names.paper(of_set, metric)) if quoted else (ours,)


def _arrays(table: Table, tables: Sequence[Table], figures: Sequence[Figure]) -> list[str]:
    """What the runs of a table leave to be shown: what its figures are drawn of; of a table without
    a figure, those of the tables of its task."""
    return _drawn_of([table.id], figures) or _drawn_of(
        [other.id for other in tables if _task(other) == _task(table)], figures
    )


def _drawn_of(tables: Sequence[str], figures: Sequence[Figure]) -> list[str]:
    drawn = [f.array for f in figures if f.array and f.rows[0][0] in tables]
    return list(dict.fromkeys(drawn))


def _task(table: Table) -> str:
    task: str = _composed(_first_row(table), "demo").dataset.task
    return task


def _first_row(table: Table) -> str:
    return f"{folder_name(table.id)}/{table.rows[0].id}"
