"""TABLES.md, INDEX.md and the README's results, from the published records alone, and the check
that they still match.

All are pure functions of the records and of `experiments/`: no dates, no order of files on a
disk, nothing of the machine that writes them.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tabulate import tabulate

from hypernetworks.report import records
from hypernetworks.report.atomic import write_text
from hypernetworks.report.protocol import Table, load_tables
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.tables import (
    Column,
    difference,
    grid,
    heading,
    notes,
    notices,
    published_column,
)

COMMAND = "python -m hypernetworks.report index"
BLOCK = re.compile("(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
MADE_BY = f"<!-- Written by `{COMMAND}` from the records in this folder. Do not edit. -->"


def write_published(results: Path, experiments: Path) -> list[Path]:
    """Writes `results`/published/TABLES.md and INDEX.md anew, and the results in the README.md
    beside `results`, where it has a place for them.

    Raises:
        RecordError: if a record or an experiment's file is damaged.
    """
    pages = _pages(results, experiments)
    for path, text in pages.items():
        write_text(path, text)
    return list(pages)


def check_published(results: Path, experiments: Path) -> str | None:
    """What is wrong with the published folder, in one line; None if nothing.

    Every record there must be valid, publishable, at the place that its fields say and whole with
    its curve and arrays; the pages and the README's results must be what the records give.
    """
    folder = results / "published"
    try:
        rows = {(t.id, row.id) for t in load_tables(experiments) for row in t.rows}
        for path in sorted(folder.rglob("*.json")):
            fault = _fault(records.read(path), folder, rows)
            if fault is not None:
                return f"{path}: {fault}"
        pages = _pages(results, experiments)
    except records.RecordError as error:
        return str(error)
    for path, text in pages.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            return f"{path} is not what the published records give; run: {COMMAND}"
    return None


def _fault(record: records.Record, folder: Path, rows: set[tuple[str, str]]) -> str | None:
    place = records.folder_of(folder, record["table"], record["row"])
    if record.path.parent != place:
        return f"belongs into {place}"
    if (record["table"], record["row"]) not in rows:
        return f"table {record['table']} has no row {record['row']}"
    for name in (record["curve"], record["arrays"]):
        if name is not None and not (place / name).is_file():
            return f"{name} is missing beside it"
    reason = records.why_not_published(record)
    return f"may not be published: {reason}" if reason else None


def _pages(results: Path, experiments: Path) -> dict[Path, str]:
    tables = load_tables(experiments)
    folder = results / "published"
    sections = [_section(table, results) for table in tables]
    preface = (
        "Mean ± sample standard deviation over n seeds, beside the paper's numbers; one number "
        "(n=1) is no evidence for an order. Every run is listed in [INDEX.md](INDEX.md)."
    )
    pages = {
        folder / "TABLES.md": "\n\n".join([MADE_BY, "# Published results", preface, *sections])
        + "\n",
        folder / "INDEX.md": _index(tables, folder),
    }
    readme = results.parent / "README.md"
    if readme.is_file():
        short = "\n\n".join(_short(table, results) for table in tables)
        text = readme.read_text(encoding="utf-8")
        pages[readme] = BLOCK.sub(lambda _: f"\n{short}\n\n", text)
    return pages


def _short(table: Table, results: Path) -> str:
    """A table for the README: the paper beside the published runs."""
    column = published_column(table, results, "paper")
    differences = [line for row in table.rows if (line := difference(table, row, [column]))]
    title = f"**Table {table.id}. {table.title}** ({heading(table)})"
    return "\n\n".join([title, grid(table, [column], "github"), *differences])


def _section(table: Table, results: Path) -> str:
    parts = [f"## Table {table.id}: {table.title}", f"Measured: {heading(table)}."]
    parts += _numbers(table, published_column(table, results, "paper"))
    lite = published_column(table, results, "lite")
    if any(summary.counted for summary in lite.summaries.values()):
        parts += [f"### Table {table.id}, profile lite", *_numbers(table, lite)]
    return "\n\n".join(parts)


def _numbers(table: Table, column: Column) -> list[str]:
    lines = [*notes(table, [column]), *_provenance(table, column)]
    bullets = "\n".join(f"- {line}" for line in lines)
    notice = notices(column)
    return [part for part in (*notice, grid(table, [column], "github"), *notice, bullets) if part]


def _provenance(table: Table, column: Column) -> list[str]:
    """Where each row's numbers come from."""
    lines = []
    for row in table.rows:
        found = list(column.summaries[row.id].counted.values())
        if found:
            minutes = [f"{record['wall_seconds'] / 60:.1f}" for record in found]
            facts = [
                f"commit {_joined(commits(record) for record in found)}",
                _joined(device(record) for record in found),
                f"data {_joined(_data(record) for record in found)}",
                f"configuration {_joined(record['config_hash'][:8] for record in found)}",
                f"{' + '.join(minutes)} minutes",
            ]
            lines.append(f"{row.label}: {'; '.join(facts)}.")
    return lines


def commits(record: dict[str, Any]) -> str:
    """The commits of a run's segments, shortened."""
    return _joined((segment["commit"] or "none")[:10] for segment in record["segments"])


def device(record: dict[str, Any]) -> str:
    """What a run computed on: "NVIDIA H100", "4 x NVIDIA H100", "CPU (Intel Xeon)"."""
    machine = record["machine"]
    name = str(machine["device"])
    if name.lower() == "cpu":
        name = f"{name} ({machine['cpu']})"
    return name if machine["device_count"] == 1 else f"{machine['device_count']} x {name}"


def _data(record: dict[str, Any]) -> str:
    return f"{record['data']['name']} {config_hash(record['data']['checksums'])[:8]}"


def _joined(texts: Iterable[str]) -> str:
    """The distinct texts, in their order."""
    return ", ".join(dict.fromkeys(texts))


def _index(tables: list[Table], folder: Path) -> str:
    lines = []
    for table in tables:
        for record in records.find(folder, table.id):
            metric = record["metrics"].get(table.metric.name)
            value = f"{metric['value']:.{table.metric.digits}f}" if metric else "-"
            link = record.path.relative_to(folder).as_posix()
            where = [table.id, record["row"], record["profile"], record["data"]["kind"]]
            what = [record["seed"], f"{table.metric.name} {value}", record["steps"]]
            cost = [f"{record['wall_seconds'] / 60:.1f}", commits(record), device(record)]
            lines.append([*where, *what, *cost, f"[{record['id']}]({link})"])
    head = ["table", "row", "profile", "data", "seed", "metric", "steps", "minutes", "commit"]
    text = tabulate(lines, [*head, "machine", "record"], "github", disable_numparse=True)
    count = f"{len(lines)} published {'run' if len(lines) == 1 else 'runs'}."
    return "\n\n".join([MADE_BY, "# Index of published runs", count, text]) + "\n"
