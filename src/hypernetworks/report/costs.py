"""What a run takes: from the records of runs with the same protocol, best of those that ran as it
would."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from hypernetworks.report.records import Record

HERE, PROBED, DIFFERENTLY, ELSEWHERE, UNKNOWN = (
    *("record, this device", "probe", "record, run differently", "record, other device"),
    "unknown",
)


@dataclass(frozen=True)
class Cost:
    """Seconds that a whole run trains and evaluates on the way, None if nothing tells; source: one
    of HERE, PROBED, DIFFERENTLY, ELSEWHERE, UNKNOWN."""

    seconds: float | None
    source: str


def cost(
    same: Iterable[Record], device: str, threads: int | None, precision: str, probed: float | None
) -> Cost:
    """What tells most: runs of one process on this device with as many threads and products in the
    same precision, a probe on it, its other runs, runs of other devices.

    Args:
        same: the records of runs with this protocol.
        device: the name of this one, as `device_of`.
        threads: that the run would have; None if only the run will know: then any number.
        precision: that its products would be computed in. Processors of one name are with and
            without units for bfloat16.
        probed: seconds by a probe, if there was one.
    """
    found = list(same)
    here = [record for record in found if device_of(record["machine"]) == device]
    alike = [record for record in here if _runs_so(record, threads, precision)]
    told = [
        *((_mean(alike), HERE), (probed, PROBED)),
        *((_mean(here), DIFFERENTLY), (_mean(found), ELSEWHERE)),
    ]
    known = (Cost(seconds, source) for seconds, source in told if seconds is not None)
    return next(known, Cost(None, UNKNOWN))


def _runs_so(record: Record, threads: int | None, precision: str) -> bool:
    machine = record["machine"]
    same_threads = threads in (None, machine["threads"])
    return machine["device_count"] == 1 and same_threads and record.precisions == {precision}


def device_of(machine: Mapping[str, Any]) -> str:
    """The GPU's name, or the processor's."""
    return str(machine["cpu"] if machine["device"] == "CPU" else machine["device"])


def share_done(record: Record) -> float:
    """How much of its training a run has behind it, by its limits; patience may end it before."""
    limits = record["config"]["trainer"]
    of = [(record["steps"], limits.get("max_steps")), (record["epochs"], limits.get("max_epochs"))]
    return min(1.0, max((done / limit for done, limit in of if limit), default=0.0))


def duration(seconds: float) -> str:
    """ "40 s", "9 min", "3.2 h", "21 days"."""
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            number = seconds / length
            return (
                f"{number:.1f} {unit}" if number < 10 and unit != "min" else f"{number:,.0f} {unit}"
            )
    return f"{seconds:.0f} s"


def _mean(found: list[Record]) -> float | None:
    """Of whole runs; without any, of what begun ones tell."""
    whole = [record["wall_seconds"] for record in found if record["status"] == "finished"]
    begun = [r["wall_seconds"] / share_done(r) for r in found if share_done(r)]
    return fmean(whole or begun) if whole or begun else None
