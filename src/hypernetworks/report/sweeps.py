"""What a sweep of one's own ends with: a line a run."""

from collections.abc import Iterable

from tabulate import tabulate

from hypernetworks.report.aggregate import state_of
from hypernetworks.report.custom import name_of
from hypernetworks.report.records import Record, shown_kind


def summary(found: Iterable[Record]) -> str:
    """The runs as text, in their order: what each is, its headline's metrics with their units (or
    how it ended), its profile and data, its record."""
    lines = []
    for record in found:
        kind = shown_kind(record["data"]["kind"])
        lines.append(
            [
                f"{record['table']}/{record['row']}",
                f"seed {record['seed']}",
                name_of(record),
                _numbers(record),
                f"{record['profile']} · {kind}",
                str(record.path),
            ]
        )
    return tabulate(lines, tablefmt="plain", disable_numparse=True)


def _numbers(record: Record) -> str:
    if record["status"] != "finished":
        return state_of(record)
    measured = [name for name in record["headline"] if name in record["metrics"]]
    numbers = [(name, record["metrics"][name]) for name in measured]
    return ", ".join(f"{name} {m['value']:.4g} {m['unit']}" for name, m in numbers) or "no metric"
