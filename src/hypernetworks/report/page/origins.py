"""Where a number comes from: the runs behind it, their machines and sources, what repeats them."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from hypernetworks.report.columns import Column, about
from hypernetworks.report.custom import row_key
from hypernetworks.report.folders import folder_name
from hypernetworks.report.pages import commits, data_of, device
from hypernetworks.report.protocol import Table
from hypernetworks.report.records import Record, unnamed
from hypernetworks.report.tables import Line


@dataclass(frozen=True)
class Run:
    """id: of the place in the page. row: with its table. facts: the line of a table."""

    id: str
    row: tuple[str, str]
    facts: Line
    whole: str


@dataclass(frozen=True)
class Origin:
    """The runs of one number: all of one configuration and of the same data.

    whose: "published" or "yours"; about: profile and data. settings: what makes the runs the ones
    that they are, a KEY=VALUE a line.
    """

    id: str
    label: str
    whose: str
    about: str
    commands: list[str]
    data: str
    checksums: dict[str, str]
    configuration: str
    settings: list[str]
    runs: list[Run]


def origin_id(newest: Record) -> str:
    """The id of the origin whose newest run this is."""
    return f"from-{run_id(newest)}"


def run_id(record: Record) -> str:
    """The place of a record among all, as an id."""
    *_, tree, table, row, _ = record.path.parts
    return "-".join([tree, table, row, record["id"]])


def origins(table: Table, columns: Sequence[Column]) -> list[Origin]:
    """What stands behind the numbers of these columns, each once, by row."""
    found = {}
    for row in table.rows:
        for column in columns:
            evidence = column.evidence[row.id]
            records = list(evidence.summary.counted.values())
            newest = evidence.summary.newest()
            if newest is not None:
                names = (table.label(row, evidence.profile), column.heading, about(evidence))
                found[origin_id(newest)] = _origin(table, newest, records, *names)
    return list(found.values())


def command(records: Sequence[Record], of_paper: bool) -> str:
    """What runs them again, in the sources and the folder that they were run in.

    Args:
        of_paper: whether their table is the paper's.
    """
    first = records[0]
    row = f"experiment={folder_name(first['table'])}/{first['row']}"
    words = first["overrides"] if unnamed(first) else [row]
    many = ["-m"] if len(records) > 1 else []
    seeds = ",".join(str(record["seed"]) for record in records)
    last = [
        f"profile={first['profile']}",
        *(_precision(first) if of_paper else []),
        f"seed={seeds}",
    ]
    own = first.get("search_path", [])
    return shlex.join(["python", "-m", "hypernetworks", *own, *many, *words, *last])


def _precision(record: Record) -> list[str]:
    """What a run of the paper's protocol was told of it, which is no override there."""
    chosen = record["profile"] == "paper" and record["precision"] != "float32"
    return [f"trainer.precision={record['precision']}"] if chosen else []


def _origin(
    table: Table, newest: Record, records: Sequence[Record], label: str, whose: str, kind: str
) -> Origin:
    return Origin(
        id=origin_id(newest),
        label=label,
        whose=whose,
        about=kind,
        commands=[*_checkouts(records), command(records, table.paper is not None)],
        data=data_of(newest),
        checksums=dict(newest["data"]["checksums"]),
        configuration=", ".join(dict.fromkeys(record.configuration for record in records)),
        settings=_words(newest["protocol"]),
        runs=[_run(table, record) for record in records],
    )


def _run(table: Table, record: Record) -> Run:
    whole = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    row = (str(record["table"]), row_key(record))
    return Run(run_id(record), row, _facts(table, record), whole)


def _checkouts(records: Sequence[Record]) -> list[str]:
    """The commit of the newest of the runs, if there is one that has all of its sources."""
    segments = [segment for record in records for segment in record["segments"]]
    newest = max(segments, key=lambda segment: str(segment["started"]))
    return [f"git checkout {newest['commit']}"] if newest["commit"] and newest["clean"] else []


def _facts(table: Table, record: Record) -> Line:
    values = {}
    for metric in table.metrics:
        if metric.name in record["metrics"]:
            values[metric.name] = metric.text(record["metrics"][metric.name]["value"])
    baseline = record["baseline"]
    if baseline and table.metric.name in baseline["metrics"]:
        values["baseline"] = table.metric.text(baseline["metrics"][table.metric.name]["value"])
    clean = all(segment["clean"] for segment in record["segments"])
    versions = record["versions"]
    return {
        "seed": str(record["seed"]),
        **values,
        "steps": f"{record['steps']:,}",
        "minutes": f"{record['wall_seconds'] / 60:.1f}",
        "machine": f"{device(record)}, {_count(record['machine']['threads'], 'thread')}",
        "commit": commits(record) + ("" if clean else ", with changes"),
        "versions": f"Python {versions['python']}, torch {versions['torch']}",
        "record": "/".join(record.path.parts[-4:]),
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _words(protocol: dict[str, object], group: str = "") -> list[str]:
    """A protocol, a key and its value a line."""
    found = []
    for key, value in protocol.items():
        if isinstance(value, dict) and value:
            found += _words(value, f"{group}{key}.")
        else:
            found.append(f"{group}{key}={json.dumps(value, ensure_ascii=False)}")
    return found
