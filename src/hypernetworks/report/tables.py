"""A table beside the paper's: its cells and its notes, for the terminal and for markdown.

Three columns of numbers: the paper's, those of the published records, and those of the runs of
this checkout. Every cell says how many seeds it stands for and, if the data are not the complete
real ones, which they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from hypernetworks.report import records
from hypernetworks.report.aggregate import Summary, paired_differences, spread, summarize
from hypernetworks.report.protocol import Row, Table

LABEL_WIDTH = 32


@dataclass(frozen=True)
class Column:
    """The numbers of one tree of records in one profile; `summaries` by row."""

    heading: str
    profile: str
    summaries: dict[str, Summary]

    def kinds(self) -> list[str]:
        """The kinds of data behind the numbers."""
        return sorted({k for summary in self.summaries.values() for k in _kinds(summary)})


def published_column(table: Table, results: Path, profile: str) -> Column:
    """The published records of a profile; those of profile paper, if they are reproductions."""
    refuse = records.why_not_paper if profile == "paper" else records.why_not_published
    found = records.find(results / "published", table.id, profile=profile)
    kept = [record for record in found if refuse(record) is None]
    return _column("published", table, profile, kept)


def yours_column(table: Table, results: Path, profile: str) -> Column:
    """What this checkout ran in a profile."""
    return _column("yours", table, profile, records.find(results / "runs", table.id, None, profile))


def _column(heading: str, table: Table, profile: str, found: list[records.Record]) -> Column:
    by_row = {row.id: [r for r in found if r["row"] == row.id] for row in table.rows}
    metric = table.metric.name
    summaries = {row: summarize(of_row, metric) for row, of_row in by_row.items()}
    return Column(heading, profile, summaries)


def terminal_table(table: Table, results: Path, profile: str) -> str:
    """The table as text: paper, published (the given profile; for demo, paper), yours."""
    published = published_column(table, results, "paper" if profile == "demo" else profile)
    columns = [published, yours_column(table, results, profile)]
    notice = notices(*columns)
    title = f"Table {table.id}: {table.title}"
    body = [
        *notice,
        "",
        grid(table, columns, "simple", LABEL_WIDTH),
        "",
        *notice,
        *notes(table, columns),
    ]
    return "\n".join([title, heading(table), *body]) + "\n"


def heading(table: Table) -> str:
    """What is measured, and where the paper reports it."""
    metric = table.metric
    measured = f"{metric.name}, {metric.unit}, {metric.better} is better"
    return f"{measured}; in the paper: {table.paper}"


def grid(
    table: Table, columns: Sequence[Column], style: str, label_width: int | None = None
) -> str:
    """The rows as text; the last column's runs are detailed.

    Args:
        style: one of tabulate's.
        label_width: characters after which a row's label is wrapped; None for never.
    """
    detail = columns[-1]
    digits = table.metric.digits
    head = ["row", "paper", *(c.heading for c in columns), "profile · data", "seeds"]
    lines = [[*head, "parameters"]]
    for quoted in table.quoted:
        marks = ["quoted"] * (len(columns) + 2)
        params = "quoted" if quoted.params is None else f"quoted / {_millions(quoted.params)}"
        lines.append([quoted.label, f"{quoted.value:.{digits}f}", *marks, params])
    for row in table.rows:
        summary = detail.summaries[row.id]
        cells = [_cell(table, column.summaries[row.id]) for column in columns]
        seeds = ", ".join(map(str, summary.counted)) or "-"
        about = [_data(detail, summary), seeds, _parameters(row, summary)]
        lines.append([row.label, f"{row.value:.{digits}f}", *cells, *about])
    lines += [_baseline_line(table, columns, *found) for found in _baselines(table, detail)]
    return tabulate(lines[1:], lines[0], style, disable_numparse=True, maxcolwidths=[label_width])


def notices(*columns: Column) -> list[str]:
    """What must be said above and below numbers that are not the paper's protocol."""
    found = []
    for profile in dict.fromkeys(c.profile for c in columns):
        of_profile = [c for c in columns if c.profile == profile and c.kinds()]
        where = " and ".join(f"'{c.heading}'" for c in of_profile)
        if any("sample" in c.kinds() for c in of_profile):
            found.append(
                f"SAMPLE DATA (generated), profile {profile}: the numbers under {where} show the "
                "machinery and are NOT comparable with the paper's."
            )
        elif of_profile and profile != "paper":
            found.append(
                f"Profile {profile}: a shortened protocol; the numbers under {where} check the "
                "claims and do not reproduce the paper's numbers."
            )
    return found


def notes(table: Table, columns: Sequence[Column]) -> list[str]:
    """The lines under a table: paired differences, what was not counted, what was measured."""
    found = [line for row in table.rows if (line := difference(table, row, columns))]
    shortened = table.profiles.get(columns[-1].profile)
    if shortened:
        found.insert(0, f"Profile {columns[-1].profile}: {shortened}.")
    for column in columns:
        for row in table.rows:
            summary = column.summaries[row.id]
            prefix = f"{column.heading}, {row.label}: "
            found += [prefix + note for note in _doubts(column, summary)]
    parts = {row.label: ", ".join(row.params_exact) for row in table.rows if row.params_exact}
    if len(set(parts.values())) == 1:
        found.append(f"Parameters, ours / the paper's: {next(iter(parts.values()))}.")
    elif parts:
        shown = "; ".join(f"{part} ({label})" for label, part in parts.items())
        found.append(f"Parameters, ours / the paper's: {shown}.")
    return found


def _doubts(column: Column, summary: Summary) -> Iterator[str]:
    for reason, count in summary.left_out.items():
        yield f"{count} {'run' if count == 1 else 'runs'} not counted: {reason}."
    if column.profile == "paper":
        for seed, record in summary.counted.items():
            doubt = records.why_not_paper(record)
            if doubt is not None:
                yield f"† seed {seed} is no reproduction: {doubt}."


def difference(table: Table, row: Row, columns: Sequence[Column]) -> str | None:
    """The paired difference between a row and the one it is compared with, where there is one."""
    other = table.row(row.compare_with) if row.compare_with else None
    if other is None:
        return None
    digits = table.metric.digits
    found = []
    for column in columns:
        pair = (column.summaries[row.id], column.summaries[other.id])
        differences = paired_differences(*pair, table.metric.name)
        if differences:
            text = spread(differences).text(digits, "+") + _mark(pair[0])
            found.append(f"{column.heading} {text}")
    if not found:
        return None
    found.insert(0, f"paper {row.value - other.value:+.{digits}f}")
    return f"{row.label} - {other.label}, paired by seed: {'; '.join(found)}."


def _cell(table: Table, summary: Summary) -> str:
    if not summary.counted:
        return summary.state
    values = summary.values(table.metric.name).values()
    return spread(list(values)).text(table.metric.digits) + _mark(summary)


def _kinds(summary: Summary) -> list[str]:
    return sorted({record["data"]["kind"] for record in summary.counted.values()})


def _mark(summary: Summary) -> str:
    """Names the data behind a number unless they are real and complete; † means a note below."""
    kinds = "".join(f" {kind}" for kind in _kinds(summary) if kind != "real")
    paper = [record for record in summary.counted.values() if record["profile"] == "paper"]
    return kinds + (" †" if any(map(records.why_not_paper, paper)) else "")


def _data(column: Column, summary: Summary) -> str:
    return f"{column.profile} · {', '.join(_kinds(summary))}" if summary.counted else "-"


def _parameters(row: Row, summary: Summary) -> str:
    newest = list(summary.counted.values())[-1:]
    measured = newest[0]["parameters"] if newest else {}
    if not row.params_exact:
        return f"{measured['total']:,}" if newest else "-"
    cells = []
    for part, exact in row.params_exact.items():
        ours = measured.get(part)
        cells.append(f"{'-' if ours is None else f'{ours:,}'} / {exact:,}")
        if ours not in (None, exact) and newest[0]["profile"] == "paper":
            cells[-1] += " DIFFERENT"  # the other profiles may have smaller models
    printed = f" (prints {_millions(row.params)})" if row.params is not None else ""
    return "; ".join(cells) + printed


def _millions(count: float) -> str:
    return f"{count / 1e6:g} M"


def _baselines(table: Table, column: Column) -> list[tuple[str, list[float]]]:
    """(name, distinct values) of the simple models that the runs fitted beside themselves."""
    found: dict[str, set[float]] = {}
    for summary in column.summaries.values():
        for record in summary.counted.values():
            baseline = record["baseline"]
            if baseline and table.metric.name in baseline["metrics"]:
                value = baseline["metrics"][table.metric.name]["value"]
                found.setdefault(baseline["name"], set()).add(value)
    return [(name, sorted(values)) for name, values in sorted(found.items())]


def _baseline_line(
    table: Table, columns: Sequence[Column], name: str, values: list[float]
) -> list[str]:
    digits = table.metric.digits
    shown = sorted({f"{value:.{digits}f}" for value in values}, key=float)
    text = shown[0] if len(shown) == 1 else f"{shown[0]} to {shown[-1]}"
    kinds = columns[-1].kinds()
    marks = "".join(f" {kind}" for kind in kinds if kind != "real")
    empty = ["-"] * (len(columns) - 1)
    about = [f"{columns[-1].profile} · {', '.join(kinds)}", "-", "-"]
    return [f"baseline: {name}", "-", *empty, text + marks, *about]
