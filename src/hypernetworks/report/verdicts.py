"""What the records say of each claim: it holds, does not hold, or too few seeds have been run.

A comparison is judged by its values seed by seed, those of two rows paired, all of one profile and
one set of data. It holds where the 95 % interval of their mean lies between the claim's bounds,
does not hold where it lies outside, and is left open in between, and for one seed always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypernetworks.report import records
from hypernetworks.report.aggregate import Spread, spread, summarize
from hypernetworks.report.claims import Claim, Comparison
from hypernetworks.report.columns import published_records
from hypernetworks.report.intervals import interval
from hypernetworks.report.panels import Panel
from hypernetworks.report.records import Record, shown_kind

HOLDS, DOES_NOT, OPEN, NOT_RUN = "holds", "does not hold", "not enough seeds", "not run"
PROFILES = ("paper", "lite")
Pair = tuple[Record, ...]
Found = Mapping[str, list[Record]]  # the records of each table


@dataclass(frozen=True)
class Compared:
    """A comparison, judged. runs: by seed a record of each row; values: by seed, of what was
    measured. interval: of their mean, None where there is none."""

    comparison: Comparison
    verdict: str
    profile: str
    runs: dict[int, Pair]
    values: dict[int, float]
    interval: tuple[float, float] | None

    @property
    def spread(self) -> Spread | None:
        """Mean, standard deviation and n; None without values."""
        return spread(list(self.values.values())) if self.values else None

    @property
    def kinds(self) -> list[str]:
        """The kinds of data behind the values, in words."""
        return sorted({shown_kind(r["data"]["kind"]) for pair in self.runs.values() for r in pair})

    @property
    def about(self) -> str:
        """ "lite · stand-in"; "-" without values."""
        return _about(self.profile, self.kinds)

    @property
    def records(self) -> list[Record]:
        return [record for pair in self.runs.values() for record in pair]


@dataclass(frozen=True)
class Verdict:
    """A claim, judged in a profile."""

    claim: Claim
    verdict: str
    profile: str
    comparisons: tuple[Compared, ...]

    @property
    def kinds(self) -> list[str]:
        """The kinds of data behind it, in words."""
        return sorted({kind for compared in self.comparisons for kind in compared.kinds})

    @property
    def about(self) -> str:
        """ "lite · prefix, stand-in"; "-" for a claim that no record speaks of."""
        return _about(self.profile, self.kinds)


def verdicts(
    claims: Sequence[Claim], results: Path, profile: str | None = None, tree: str = "published"
) -> list[Verdict]:
    """A verdict for each claim.

    Args:
        profile: of whose runs; None for the one that has two seeds or more of the most of a claim's
            comparisons, of equals the first of PROFILES.
        tree: "published", or "runs" for those of this checkout.
    Raises:
        RecordError: for a damaged record, array or curve.
    """
    profiles = PROFILES if profile is None else (profile,)
    found = _read(claims, results, tree)
    judged = [[judge(claim, found, p) for p in profiles] for claim in claims]
    return [max(of_claim, key=_weight) for of_claim in judged]  # of equals the first


def judge(claim: Claim, found: Found, profile: str) -> Verdict:
    """The verdict of one profile's runs, of those found of each table."""
    compared = tuple(_compare(c, found[c.table.id], profile) for c in claim.comparisons)
    return Verdict(claim, weakest([c.verdict for c in compared]), profile, compared)


def weakest(found: Sequence[str]) -> str:
    """A claim's verdict, from those of its comparisons."""
    if DOES_NOT in found:
        return DOES_NOT
    return found[0] if len(set(found)) == 1 else OPEN


def _about(profile: str, kinds: list[str]) -> str:
    return f"{profile} · {', '.join(kinds)}" if kinds else "-"


def _read(claims: Sequence[Claim], results: Path, tree: str) -> Found:
    tables = {c.table.id: c.table for claim in claims for c in claim.comparisons}
    if tree == "published":
        return {id_: published_records(table, results) for id_, table in tables.items()}
    return {id_: records.find(results / tree, id_) for id_ in tables}


def _weight(verdict: Verdict) -> tuple[int, int]:
    """How many comparisons have seeds to judge by, and how many a run; whatever they say: a profile
    that was chosen by its verdicts would be no evidence."""
    inexact = [c for c in verdict.comparisons if not c.comparison.quantity.exact]
    return sum(len(c.values) > 1 for c in inexact), sum(bool(c.values) for c in inexact)


def _compare(comparison: Comparison, found: list[Record], profile: str) -> Compared:
    quantity = comparison.quantity
    values, runs = {}, {}
    for seed, pair in _pairs(comparison, found, profile).items():
        panels = [Panel(record["label"], "", record) for record in pair]
        there = quantity.needs is None or all(record[quantity.needs] for record in pair)
        value = quantity.of(panels) if there else None
        if value is not None:
            values[seed], runs[seed] = value, pair
    of_mean = interval(list(values.values()))
    if quantity.exact and values:
        of_mean = min(values.values()), max(values.values())
    verdict = _judged(comparison, of_mean) if values else NOT_RUN
    return Compared(comparison, verdict, profile, runs, values, of_mean)


def _judged(comparison: Comparison, of_mean: tuple[float, float] | None) -> str:
    if of_mean is None:
        return OPEN
    low, high = of_mean
    above = float("-inf") if comparison.above is None else comparison.above
    below = float("inf") if comparison.below is None else comparison.below
    if above < low and high < below:
        return HOLDS
    return DOES_NOT if high <= above or low >= below else OPEN


def _pairs(comparison: Comparison, found: list[Record], profile: str) -> dict[int, Pair]:
    """By seed, a record of each row; only those of the same data and precision."""
    of_profile = [record for record in found if record["profile"] == profile]
    of_rows = [
        summarize(
            (record for record in of_profile if record["row"] == row.id),
            comparison.table.metric.name,
        ).counted
        for row in comparison.rows
    ]
    seeds = set.intersection(*(set(of_row) for of_row in of_rows))
    pairs = {seed: tuple(of_row[seed] for of_row in of_rows) for seed in sorted(seeds)}
    return {seed: pair for seed, pair in pairs.items() if _comparable(pair)}


def _comparable(pair: Pair) -> bool:
    kinds = [(r["data"]["kind"], r["data"]["checksums"], r["precision"]) for r in pair]
    return all(kind == kinds[0] for kind in kinds)
