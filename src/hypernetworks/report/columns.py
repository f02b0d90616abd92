"""The numbers of one tree of records in one profile: what a table shows in a column."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hypernetworks.report import records
from hypernetworks.report.aggregate import Summary, spread, summarize
from hypernetworks.report.custom import row_key
from hypernetworks.report.protocol import Metric, Row, Table

# The profiles whose published numbers are shown, the best first: where the profile that is asked
# for has none, the other's stand in their place, marked.
PREFERRED = {"demo": ("paper", "lite"), "lite": ("lite", "paper"), "paper": ("paper", "lite")}
ANY = ("paper", "lite", "demo")
STAND_IN = "stand-in"


@dataclass(frozen=True)
class Evidence:
    """The records behind a number, and their profile. of_paper: whether the table is the paper's;
    else there is nothing that a run could reproduce, or fail to."""

    profile: str
    summary: Summary
    of_paper: bool = True


@dataclass(frozen=True)
class Column:
    """profile: of the rows' labels; numbers of another one are marked. evidence: by row, that of
    the best profile that has any."""

    heading: str
    profile: str
    evidence: dict[str, Evidence] = field(default_factory=dict)

    def summary(self, row: str) -> Summary:
        return self.evidence[row].summary

    def kinds(self, profile: str) -> list[str]:
        """The kinds of data behind the numbers of a profile."""
        of_profile = [e.summary for e in self.evidence.values() if e.profile == profile]
        return sorted({kind for summary in of_profile for kind in summary.kinds()})

    def profiles(self) -> list[str]:
        """Of the numbers that there are."""
        return list(dict.fromkeys(e.profile for e in self.evidence.values() if e.summary.counted))


def published_column(table: Table, results: Path, profile: str, stand_ins: bool = False) -> Column:
    """The published records; those of profile paper if they are reproductions.

    Args:
        stand_ins: whether, where the profile has no number, that of a stand-in for the paper's data
            takes its place like any other: only where the paper's numbers are not beside it, as in
            a table of our own.
    """
    kept = published_records(table, results)
    if table.paper is not None and not stand_ins:
        kept = [r for r in kept if r["profile"] == profile or not of_stand_in(r)]
    return _column("published", table, profile, PREFERRED[profile], kept)


def published_by_profile(table: Table, results: Path) -> list[Column]:
    """A column of each profile that is the best of some row, with all that it has: a row that has
    numbers of the paper's protocol stays beside the shortened ones that it is compared with."""
    best = published_column(table, results, "paper", stand_ins=True).profiles()
    kept = published_records(table, results)
    shown = [profile for profile in PREFERRED["paper"] if profile in best]
    return [_column("published", table, profile, (profile,), kept) for profile in shown]


def published_records(table: Table, results: Path) -> list[records.Record]:
    """Those of a table that count: of profile paper the reproductions."""
    found = records.find(results / "published", table.id)
    return [record for record in found if _refusal(table, record) is None]


def yours_column(table: Table, results: Path, profile: str) -> Column:
    """What this checkout ran in a profile; of a table of our own, else in another one."""
    found = records.find(results / "runs", table.id)
    profiles = (profile,) if table.paper is not None else (profile, *ANY)
    return _column("yours", table, profile, profiles, found)


def counted(table: Table, results: Path, profile: str) -> dict[str, dict[int, records.Record]]:
    """{row: {seed: record}}: what counts in the table's cells of this profile, published or run by
    this checkout."""
    published = records.find(results / "published", table.id, profile=profile)
    trees = (
        [record for record in published if _refusal(table, record) is None],
        records.find(results / "runs", table.id, profile=profile),
    )
    columns = [_column("", table, profile, (profile,), tree) for tree in trees]
    return {
        row.id: {
            seed: r for column in columns for seed, r in column.summary(row.id).counted.items()
        }
        for row in table.rows
    }


def _refusal(table: Table, record: records.Record) -> str | None:
    if record["profile"] == "paper" and table.paper is not None:
        return records.why_not_paper(record)
    return records.why_not_published(record)


def _column(
    heading: str,
    table: Table,
    shown: str,
    profiles: Iterable[str],
    found: list[records.Record],
) -> Column:
    evidence = {}
    for row in table.rows:
        of_row = [record for record in found if row_key(record) == row.id]
        evidence[row.id] = _best(table, profiles, of_row)
    return Column(heading, shown, evidence)


def _best(table: Table, profiles: Iterable[str], of_row: list[records.Record]) -> Evidence:
    """Of the first profile that has a number; without any, the state of the first."""
    found = []
    for profile in profiles:
        of_profile = [record for record in of_row if record["profile"] == profile]
        found.append(
            Evidence(profile, summarize(of_profile, table.metric.name), table.paper is not None)
        )
    return next((evidence for evidence in found if evidence.summary.counted), found[0])


def cell(metric: Metric, column: Column, row: str) -> str:
    """ "0.70 ± 0.10 (n=3)", "1.971 lite (n=1) prefix", or the state of a row without a number."""
    evidence = column.evidence[row]
    if not evidence.summary.counted:
        return evidence.summary.state
    found = spread(list(evidence.summary.values(metric.name).values()))
    return found.text(metric.digits, mark=_profile(column, evidence)) + doubts(evidence)


def short_cell(metric: Metric, column: Column, row: str) -> str:
    """The same without n, which stands beside it; "-" for a row without this number."""
    evidence = column.evidence[row]
    values = list(evidence.summary.values(metric.name).values())
    if not values:
        return "-"
    profile = _profile(column, evidence)
    text = spread(values).short(metric.digits) + (profile and f" {profile}")
    return text + doubts(evidence)


def of_stand_in(record: records.Record) -> bool:
    return bool(record["data"]["kind"] == STAND_IN)


def incomparable(evidence: Evidence) -> bool:
    """Whether the numbers are of other data than the paper's, so that its own say nothing beside
    them; of generated data, which say nothing by themselves, the notices tell."""
    return STAND_IN in evidence.summary.kinds()


def from_paper(table: Table, row: Row, evidence: Evidence) -> float | None:
    """The mean less the paper's number; None without one of them, and of runs that are not of the
    paper's protocol and data."""
    values = evidence.summary.values(table.metric.name)
    paper = row.values.get(table.metric.name)
    if not values or paper is None or evidence.profile != "paper" or incomparable(evidence):
        return None
    return spread(list(values.values())).mean - paper


def about(evidence: Evidence) -> str:
    """ "paper · real"; "-" without records."""
    kinds = ", ".join(evidence.summary.kinds())
    return f"{evidence.profile} · {kinds}" if kinds else "-"


def doubts(evidence: Evidence) -> str:
    """Names the data behind a number unless they are real and complete, and the precision of the
    paper's protocol unless it is float32's; † means a note below."""
    kinds = "".join(f" {kind}" for kind in evidence.summary.kinds() if kind != "real")
    return f"{kinds}{_precisions(evidence)}{' †' if no_reproductions(evidence) else ''}"


def _precisions(evidence: Evidence) -> str:
    if evidence.profile != "paper" or not evidence.of_paper:
        return ""
    computed = {
        precision for record in evidence.summary.counted.values() for precision in record.precisions
    }
    return "".join(f" {precision}" for precision in sorted(computed - {"float32"}))


def no_reproductions(evidence: Evidence) -> dict[int, str]:
    """{seed: why not} of the runs that look like reproductions of the paper's number."""
    if evidence.profile != "paper" or not evidence.of_paper:
        return {}
    reasons = {s: records.why_not_paper(r) for s, r in evidence.summary.counted.items()}
    return {seed: reason for seed, reason in reasons.items() if reason is not None}


def shown_profile(table: Table, column: Column, row: str) -> str:
    """The profile whose label and parameters a row shows: the column's, but in a table of our own,
    where no number of the paper's asks for one, that of the row's numbers."""
    return column.profile if table.paper is not None else column.evidence[row].profile


def _profile(column: Column, evidence: Evidence) -> str:
    return "" if evidence.profile == column.profile else evidence.profile
