"""What is outstanding: the seeds of tables' rows without a record that counts, the most useful
first.

The order is that of REASONS: begun runs; seeds that a claim lacks, where all rows that one of its
comparisons needs have a number, but not yet of all wanted seeds; the first seed of rows without a
number; further seeds; last, shortened runs of what the paper's protocol has measured. But for begun
runs all of `lite` comes before `paper`. For one reason, what takes the least time comes first, and
last what nobody knows the time of.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from omegaconf import DictConfig

from hypernetworks.app.data_there import Missing, missing
from hypernetworks.app.identity import locate, protocol
from hypernetworks.app.params import compose_words
from hypernetworks.report import records
from hypernetworks.report.aggregate import state_of
from hypernetworks.report.claims import Claim
from hypernetworks.report.columns import counted
from hypernetworks.report.costs import Cost, cost, share_done
from hypernetworks.report.folders import folder_name
from hypernetworks.report.protocol import Row, Table
from hypernetworks.report.provenance import config_hash
from hypernetworks.training.settings import PRECISIONS

BEGUN, CLAIM, FIRST, FURTHER, MEASURED = REASONS = (
    *("begun", "a claim lacks seeds", "no number yet", "further seeds"),
    "measured in profile paper",
)
PROFILES = ("lite", "paper")
LACKS = "needs data: "


@dataclass(frozen=True)
class Here:
    """This checkout on this device. words: what every run's command line has beside its row,
    profile and seed. bfloat16: what such products are computed in here. probes: seconds by
    `Known.key`."""

    results: Path
    words: tuple[str, ...]
    device: str
    bfloat16: str
    probes: Mapping[str, float]


@dataclass(frozen=True)
class Known:
    """A row in a profile. experiment: as the command line names it. whole: what a run costs. have:
    the seeds with a number of the row as it is now. runs: those of this checkout. missing: of its
    data."""

    experiment: str
    profile: str
    row: Row
    cfg: DictConfig
    key: str
    whole: Cost
    have: frozenset[int]
    runs: list[records.Record]
    missing: Missing


@dataclass(frozen=True)
class Pending:
    """An outstanding run. reason: one of REASONS. path: its record's, there or not. begun: the
    record, if it is there. obstacle: why the run is not chosen."""

    known: Known
    seed: int
    reason: str
    path: Path
    begun: records.Record | None
    obstacle: str | None

    @property
    def name(self) -> str:
        return f"{self.known.experiment} {self.known.profile} seed {self.seed}"

    @property
    def seconds(self) -> float | None:
        """What is left of it costs."""
        done = 0.0 if self.begun is None else share_done(self.begun)
        whole = self.known.whole.seconds
        return None if whole is None else whole * (1 - done)

    def now(self) -> "Pending":
        """With its record as it is by now."""
        return replace(self, begun=records.read(self.path)) if self.path.exists() else self

    def to_download(self) -> set[str]:
        """What of its data it would download now."""
        return set(missing(self.known.cfg).by_run) if self.known.missing.by_run else set()


def outstanding(
    table: Table, profile: str, seeds: Iterable[int], here: Here, claims: Sequence[Claim]
) -> list[Pending]:
    """The wanted seeds of a table's rows that have no number that counts, in the rows' order.

    A table of our own has no protocol of the paper's, so that nothing of it is outstanding there.

    Raises:
        RecordError: if a record is damaged.
    """
    if profile == "paper" and table.paper is None:
        return []
    numbers = counted(table, here.results, profile)
    in_paper = counted(table, here.results, "paper") if profile == "lite" else {}
    trees = [
        records.find(here.results / tree, table.id, profile=profile)
        for tree in ("runs", "published")
    ]
    known = {
        row.id: _known(table, row, profile, numbers[row.id], trees, here) for row in table.rows
    }
    claimed = {
        row
        for rows in _rows_of_comparisons(table, claims)
        if all(known[row].have for row in rows)
        for row in rows
    }
    found = []
    for row, of in known.items():
        wanted = [seed for seed in dict.fromkeys(seeds) if seed not in of.have]
        for seed in wanted:
            if in_paper.get(row, {}).get(seed):
                reason = MEASURED
            elif of.have:
                reason = CLAIM if row in claimed else FURTHER
            else:
                reason = FIRST if seed == wanted[0] else FURTHER
            found.append(_pending(of, seed, reason))
    return found


def in_order(found: Iterable[Pending]) -> list[Pending]:
    """The most useful first; equals stay as they are."""

    def place(run: Pending) -> tuple[bool, int, int, float]:
        profile, reason = PROFILES.index(run.known.profile), REASONS.index(run.reason)
        return run.reason != BEGUN, profile, reason, inf if run.seconds is None else run.seconds

    return sorted(found, key=place)


def _rows_of_comparisons(table: Table, claims: Sequence[Claim]) -> list[list[str]]:
    """Of each comparison of the claims that several seeds decide, the rows."""
    compared = [comparison for claim in claims for comparison in claim.comparisons]
    return [
        [row.id for row in comparison.rows]
        for comparison in compared
        if comparison.table.id == table.id and not comparison.quantity.exact
    ]


def _known(
    table: Table,
    row: Row,
    profile: str,
    numbers: Mapping[int, records.Record],
    trees: list[list[records.Record]],
    here: Here,
) -> Known:
    experiment = f"{folder_name(table.id)}/{row.id}"
    cfg = compose_words(f"experiment={experiment}", f"profile={profile}", *here.words)
    identity = config_hash(protocol(cfg))
    runs, published = ([r for r in tree if r["row"] == row.id] for tree in trees)
    same = [record for record in (*runs, *published) if record["config_hash"] == identity]
    threads = "" if cfg.threads is None else f", threads={cfg.threads}"
    asked = cfg.trainer.precision
    precision = here.bfloat16 if asked == "bfloat16" else asked
    key = f"{experiment} {profile} {identity[:8]} on {here.device}{threads}, {precision}"
    counts = _of_any_precision(cfg) if profile == "paper" else {identity}
    have = frozenset(seed for seed, r in numbers.items() if r["config_hash"] in counts)
    whole = cost(same, here.device, cfg.threads, precision, here.probes.get(key))
    return Known(experiment, profile, row, cfg, key, whole, have, runs, missing(cfg))


def _of_any_precision(cfg: DictConfig) -> set[str]:
    """What a row of the paper's protocol is called, which says nothing of precision."""
    found = set()
    for precision in PRECISIONS:
        other = deepcopy(cfg)
        other.trainer.precision = precision
        found.add(config_hash(protocol(other)))
    return found


def _pending(known: Known, seed: int, reason: str) -> Pending:
    known.cfg.seed = seed
    path = locate(known.cfg, known.runs).record
    begun = next((record for record in known.runs if record.path.stem == path.stem), None)
    obstacle = _obstacle(known, begun)
    if begun is not None and obstacle is None:
        reason = BEGUN
    return Pending(known, seed, reason, path, begun, obstacle)


def _obstacle(known: Known, begun: records.Record | None) -> str | None:
    if begun is not None:
        status = records.status_of(begun)
        if status == "running":
            return f"another process is {state_of(begun)}"
        if status == "finished":
            return "finished, but its number does not count: force=true runs it again"
        if status == "diverged":
            return "diverged, as it would again"
    lacking = known.missing.by_hand
    return f"{LACKS}{first_of(lacking)}" if lacking else None


def first_of(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if paths[1:] else ""
    return f"{paths[0]}{more}"
