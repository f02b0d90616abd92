"""TABLES.md and INDEX.md: all numbers of the published records, and where they come from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypernetworks.report import records
from hypernetworks.report.columns import Column, published_column
from hypernetworks.report.custom import row_key
from hypernetworks.report.notes import notes, notices
from hypernetworks.report.protocol import Table
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.tables import as_text, grid, heading, quoted

COMMAND = "python -m hypernetworks index"
MADE_BY = f"<!-- Written by `{COMMAND}` from the records in this folder. Do not edit. -->"
PREFACE = (
    "Mean ± sample standard deviation over n seeds, beside the paper's numbers; one number (n=1) "
    "is no evidence for an order. Where a row has no number of the paper's protocol, that of the "
    "profile `lite` stands in its place, marked; the models behind those numbers, with their own "
    "parameters, have a table of their own. Parameters beside the paper's are counted at the "
    "paper's size. Every run is listed in [INDEX.md](INDEX.md)."
)


def tables_page(tables: Iterable[Table], results: Path) -> str:
    """TABLES.md."""
    sections = [_section(table, results) for table in tables]
    return "\n\n".join([MADE_BY, "# Published results", PREFACE, *sections]) + "\n"


def _section(table: Table, results: Path) -> str:
    parts = [f"## Table {table.id}: {table.title}", f"Measured: {heading(table)}."]
    parts += _numbers(table, published_column(table, results, "paper"), "paper")
    if table.quoted:
        parts.append(as_text(quoted(table), "github"))
    lite = published_column(table, results, "lite")
    if "lite" in lite.profiles() and table.paper is not None:
        parts += [f"### Table {table.id}, profile lite", *_numbers(table, lite, "lite")]
    return "\n\n".join(parts)


def _numbers(table: Table, column: Column, profile: str) -> list[str]:
    lines = [*notes(table, [column]), *_provenance(table, column, profile)]
    bullets = "\n".join(f"- {line}" for line in lines)
    notice = notices(table, [column])
    return [part for part in (*notice, grid(table, [column], "github"), *notice, bullets) if part]


def _provenance(table: Table, column: Column, profile: str) -> list[str]:
    """Where the numbers of a profile come from; of a table of our own, those of any."""
    lines = []
    for row in table.rows:
        evidence = column.evidence[row.id]
        found = list(evidence.summary.counted.values())
        if found and (evidence.profile == profile or table.paper is None):
            minutes = [f"{record['wall_seconds'] / 60:.1f}" for record in found]
            facts = [
                f"commit {_joined(commits(record) for record in found)}",
                _joined(device(record) for record in found),
                f"data {_joined(data_of(record) for record in found)}",
                f"configuration {_joined(record.configuration for record in found)}",
                f"{' + '.join(minutes)} minutes",
            ]
            lines.append(f"{table.label(row, evidence.profile)}: {'; '.join(facts)}.")
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


def data_of(record: dict[str, Any]) -> str:
    """A data set and the hash of its checksums, shortened."""
    return f"{record['data']['name']} {config_hash(record['data']['checksums'])[:8]}"


def _joined(texts: Iterable[str]) -> str:
    """The distinct texts, in their order."""
    return ", ".join(dict.fromkeys(texts))


def index_page(tables: Iterable[Table], folder: Path) -> str:
    """INDEX.md: every record of the folder, a line each."""
    lines = []
    for table in tables:
        rows = {row.id for row in table.rows}
        for record in (r for r in records.find(folder, table.id) if row_key(r) in rows):
            metric = record["metrics"].get(table.metric.name)
            value = table.metric.text(metric["value"]) if metric else "-"
            link = record.path.relative_to(folder).as_posix()
            lines.append(
                {
                    "table": table.id,
                    "row": record["row"],
                    "profile": record["profile"],
                    "data": records.shown_kind(record["data"]["kind"]),
                    "seed": str(record["seed"]),
                    "metric": f"{table.metric.name} {value}",
                    "steps": str(record["steps"]),
                    "minutes": f"{record['wall_seconds'] / 60:.1f}",
                    "commit": commits(record),
                    "machine": device(record),
                    "record": f"[{record['id']}]({link})",
                }
            )
    count = f"{len(lines)} published {'run' if len(lines) == 1 else 'runs'}."
    parts = [MADE_BY, "# Index of published runs", count, as_text(lines, "github")]
    return "\n\n".join(parts).rstrip() + "\n"
