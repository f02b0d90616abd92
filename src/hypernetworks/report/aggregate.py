"""The records of one row: which of them count, and what they say together."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypernetworks.report.records import Record, shown_kind, status_of, unnamed

OTHER_PRECISION = "another precision"
SHOWN_STATUS = {"time_limit": "time limit"}


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation of n values; `sd` is None for n = 1."""

    mean: float
    sd: float | None
    n: int

    def text(self, digits: int, sign: str = "", mark: str = "") -> str:
        """ "0.71 ± 0.02 (n=3)", "0.64 (n=1)", or with a mark "0.64 lite (n=1)"; sign "+" writes
        the mean's sign always."""
        return f"{self.short(digits, sign)}{mark and ' ' + mark} (n={self.n})"

    def short(self, digits: int, sign: str = "") -> str:
        """ "0.71 ± 0.02" """
        sd = "" if self.sd is None else f" ± {self.sd:.{digits}f}"
        return f"{self.mean:{sign}.{digits}f}{sd}"


@dataclass(frozen=True)
class Summary:
    """The records of one row in one tree and profile.

    counted: one record a seed, by rising seed. left_out: {reason: how many}. state: what to show
    where nothing counts ("not run", "diverged", "interrupted at step 1200").
    """

    counted: dict[int, Record]
    left_out: dict[str, int]
    state: str

    def values(self, metric: str) -> dict[int, float]:
        """{seed: value} of a metric, of the records that have it."""
        having = {s: r["metrics"] for s, r in self.counted.items() if metric in r["metrics"]}
        return {seed: float(metrics[metric]["value"]) for seed, metrics in having.items()}

    def newest(self) -> Record | None:
        """The record that was started last, of those that count."""
        return max(self.counted.values(), key=created, default=None)

    def kinds(self) -> list[str]:
        """The kinds of data behind the numbers, in words."""
        return sorted({shown_kind(r["data"]["kind"]) for r in self.counted.values()})


def summarize(records: Iterable[Record], metric: str) -> Summary:
    """Counts finished records without overrides that have the metric, the newest of each seed; of
    the paper's protocol those in float32 before those in another precision.

    All of them have the newest record's configuration and data: a mean over two protocols, or two
    sets of data, is none of either.
    """
    counted: dict[int, Record] = {}
    left_out: Counter[str] = Counter()
    state = "not run"
    for record in sorted(records, key=_rank):
        reason = _why_not_counted(record, metric)
        if reason is not None:
            left_out[reason] += 1
            if record["status"] != "finished" and (unnamed(record) or not record["overrides"]):
                state = state_of(record)
            continue
        if record["seed"] in counted:
            same = counted[record["seed"]]["precision"] == record["precision"]
            left_out["an older run of the same seed" if same else OTHER_PRECISION] += 1
        counted[record["seed"]] = record
    for reason, older in _of_other_runs(counted).items():
        left_out[reason] += len(older)
        counted = {seed: record for seed, record in counted.items() if seed not in older}
    return Summary(dict(sorted(counted.items())), dict(sorted(left_out.items())), state)


def _of_other_runs(counted: dict[int, Record]) -> dict[str, list[int]]:
    """{reason: the seeds whose record has another configuration, or other data, than the newest}"""
    newest = max(counted.values(), key=_rank, default=None)
    found: dict[str, list[int]] = {}
    for seed, record in counted.items():
        assert newest is not None
        if _chosen_precision(record) != _chosen_precision(newest):
            found.setdefault(OTHER_PRECISION, []).append(seed)
        elif record["config_hash"] != newest["config_hash"]:
            found.setdefault("an older configuration of the row", []).append(seed)
        elif record["data"]["checksums"] != newest["data"]["checksums"]:
            found.setdefault("other data than the newest run's", []).append(seed)
    return found


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of at least one value."""
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), sd, len(values))


def paired_differences(row: Summary, other: Summary, metric: str) -> list[float]:
    """row - other for every seed that both have, in the same precision."""
    first, second = row.values(metric), other.values(metric)
    both = [seed for seed in first if seed in second]
    same = [s for s in both if row.counted[s]["precision"] == other.counted[s]["precision"]]
    return [first[seed] - second[seed] for seed in same]


def created(record: dict[str, Any]) -> datetime:
    """When a run was first started; orders forced repeats."""
    return datetime.fromisoformat(record["created"])


def _chosen_precision(record: Record) -> str | None:
    """That of a run of the paper's protocol, which has none; elsewhere it is a part of the row."""
    return str(record["precision"]) if record["profile"] == "paper" else None


def _rank(record: Record) -> tuple[bool, datetime]:
    """What counts before others comes last."""
    return _chosen_precision(record) in (None, "float32"), created(record)


def _why_not_counted(record: Record, metric: str) -> str | None:
    if record["overrides"] and not unnamed(record):
        return f"overrides ({', '.join(record['overrides'])})"
    if record["status"] != "finished":
        return state_of(record)
    return None if metric in record["metrics"] else f"no {metric}"


def state_of(record: Record) -> str:
    """How a run ended, or where it is: "diverged", "interrupted at step 1200"."""
    status = status_of(record)
    if status in ("diverged", "failed", "finished"):
        return status
    return f"{SHOWN_STATUS.get(status, status)} at step {record['steps']}"
