"""The paper's claims with their verdicts, and the comparisons that say so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypernetworks.report.claims import load_claims
from hypernetworks.report.claims_table import claimed, seen, what
from hypernetworks.report.page.grids import Cell, Grid
from hypernetworks.report.page.origins import run_id
from hypernetworks.report.protocol import Figure, Table
from hypernetworks.report.verdicts import NOT_RUN, Compared, Verdict, verdicts

HEADS = ["compared", "claimed", "seen", "verdict", "profile · data"]


@dataclass(frozen=True)
class Judged:
    """yours: what this checkout's runs say, None without any of the claim's."""

    id: str
    says: str
    paper: str
    verdict: str
    about: str
    yours: str | None
    evidence: list[Grid]


def judge(
    experiments: Path, tables: list[Table], figures: dict[str, Figure], results: Path
) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts of the published runs, and of this checkout's.

    Raises:
        RecordError: for a mistake in the file of claims, a damaged record, array or curve.
    """
    claims = load_claims(experiments, tables, figures)
    return verdicts(claims, results), verdicts(claims, results, tree="runs")


def judged(published: Verdict, yours: Verdict, known: Collection[str]) -> Judged:
    """known: the ids of the runs that the page has."""
    theirs = None if yours.verdict == NOT_RUN else f"{yours.verdict} ({yours.about})"
    evidence = [_grid(f"{published.claim.id}, published", published.comparisons, known)]
    if theirs:
        evidence.append(_grid(f"{published.claim.id}, yours", yours.comparisons, known))
    claim = published.claim
    about = published.about
    return Judged(claim.id, claim.says, claim.paper, published.verdict, about, theirs, evidence)


def _grid(caption: str, compared: Sequence[Compared], known: Collection[str]) -> Grid:
    return Grid(caption, HEADS, [_row(one, known) for one in compared])


def _row(compared: Compared, known: Collection[str]) -> list[Cell]:
    ids = [run_id(record) for record in compared.records]
    link = next((id_ for id_ in ids if id_ in known), None)
    return [
        Cell(what(compared)),
        Cell(claimed(compared)),
        Cell(seen(compared), link),
        Cell(compared.verdict),
        Cell(compared.about),
    ]
