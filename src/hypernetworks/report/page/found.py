"""What was found, in sentences that are made of the numbers."""

from collections.abc import Sequence
from pathlib import Path

from hypernetworks.report.aggregate import spread
from hypernetworks.report.columns import from_paper, published_column
from hypernetworks.report.differences import differences
from hypernetworks.report.page.origins import Origin
from hypernetworks.report.protocol import Table
from hypernetworks.report.verdicts import DOES_NOT, HOLDS, NOT_RUN, OPEN, Verdict


def sentences(
    tables: Sequence[Table], results: Path, origins: Sequence[Origin], verdicts: Sequence[Verdict]
) -> list[str]:
    """How much was run, what stands beside the paper's numbers, what became of its claims."""
    published = [origin for origin in origins if origin.whose == "published"]
    yours = [origin for origin in origins if origin.whose == "yours"]
    found = [
        f"{_runs(published)} {_are(published)} published, of {_count(_rows(published), 'row')}."
        if published
        else "No run is published here yet."
    ]
    if yours:
        found.append(f"{_runs(yours)} of this checkout {_are(yours)} shown beside, as 'yours'.")
    if not origins:
        found.append("None has been run either: make reproduce-table trains the tables' rows.")
    if verdicts:
        found.append(_of_claims(verdicts))
    beside = [said for table in tables if (said := _beside_the_paper(table, results))]
    if beside:
        found.append(f"With the paper's protocol on the paper's data: {'; '.join(beside)}.")
        found.append(
            "All others are shortened, of other data or of tables of our own: they check what the "
            "paper claims and reproduce none of its numbers."
        )
    paired = [said for table in tables if (said := _paired(table, results))]
    if paired:
        found.append(f"Shortened runs of more than one seed, paired: {'; '.join(paired)}.")
    return found


def _beside_the_paper(table: Table, results: Path) -> str | None:
    """ "table 7 (test_error, percent): Normal Convnet 0.70 ± 0.06 (n=3), in the paper 0.72" """
    column, metric, rows = published_column(table, results, "paper"), table.metric, []
    for row in table.rows:
        evidence = column.evidence[row.id]
        if from_paper(table, row, evidence) is not None:
            ours = spread(list(evidence.summary.values(metric.name).values())).text(metric.digits)
            paper = metric.text(row.values[metric.name])
            rows.append(f"{table.label(row, 'paper')} {ours}, in the paper {paper}")
    return f"table {table.id} ({metric.name}, {metric.unit}): {', '.join(rows)}" if rows else None


def _paired(table: Table, results: Path) -> str | None:
    """ "table 2 (test_error, percent): B - A +5.77 ± 0.40 (n=3), in the paper +1.29": of what more
    than one seed says."""
    column, metric, said = published_column(table, results, "lite"), table.metric, []
    for found in differences(table, column):
        if len(found.ours) > 1 and found.profile == "lite":
            labels = [table.label(row, found.profile) for row in (found.row, found.other)]
            paper = found.paper
            beside = "" if paper is None else f", in the paper {metric.text(paper, '+')}"
            said.append(f"{' - '.join(labels)} {found.spread.text(metric.digits, '+')}{beside}")
    return f"table {table.id} ({metric.name}, {metric.unit}): {', '.join(said)}" if said else None


def _of_claims(verdicts: Sequence[Verdict]) -> str:
    """How many of the claims hold, and which."""
    words = {
        HOLDS: ("holds", "hold"),
        DOES_NOT: ("does not hold", "do not hold"),
        OPEN: ("has not enough seeds", "have not enough seeds"),
        NOT_RUN: ("has not been run", "have not been run"),
    }
    counts = []
    for verdict, (one, many) in words.items():
        ids = [found.claim.id for found in verdicts if found.verdict == verdict]
        if ids:
            counts.append(f"{len(ids)} {one if len(ids) == 1 else many} ({', '.join(ids)})")
    return f"Of the paper's claims {', '.join(counts)}."


def _rows(origins: Sequence[Origin]) -> int:
    """How many rows, of which each may have runs of several profiles."""
    return len({run.row for origin in origins for run in origin.runs})


def _runs(origins: Sequence[Origin]) -> str:
    return _count(sum(len(origin.runs) for origin in origins), "run")


def _are(origins: Sequence[Origin]) -> str:
    return "is" if sum(len(origin.runs) for origin in origins) == 1 else "are"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
