"""`make reproduce-next HOURS=8`: runs what is outstanding, the most useful first, until the time is
up; what runs then stops at a checkpoint, and the same command goes on with it.

Each run is a process of its own, `python -m hypernetworks experiment=...`; as many run side by side
as `make reproduce-table` would run. Next comes the first of the plan that can end in the time left;
if none can, the first one, as far as it gets. A signal does what the end of the time does. Runs
download data as ever; what one could not get no other one of the plan is begun for before it is
there.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hypernetworks.app.mirror import wandb_id, where_offline
from hypernetworks.app.outstanding import answered, find, here_of, parser, table_of, total
from hypernetworks.app.plan import Here, Pending, first_of
from hypernetworks.app.reproduce import jobs_here
from hypernetworks.app.workers import STARTED_BY
from hypernetworks.data.errors import NO_DOWNLOAD
from hypernetworks.data.files import WRITABLE
from hypernetworks.locations import checkout_root
from hypernetworks.report import provenance, records
from hypernetworks.report.sweeps import summary
from hypernetworks.training.stopping import SIGNALS, StopFlag, stop_on_signals

ASK_EVERY = 0.5  # seconds between two looks at the runs
# By a signal: after a checkpoint, or before there was a run.
STOPPED = {status for signum in SIGNALS for status in (128 + signum, -signum)}


def main(arguments: list[str]) -> int:
    """Status 0 when the time is up or nothing is left; 1 if a run failed; that of a signal."""
    found = parser("reproduce-next", __doc__)
    found.add_argument("--hours", type=_hours, required=True, help="8, 0.5: time for all of it")
    options = found.parse_args(arguments)
    deadline = time.monotonic() + options.hours * 3600
    return answered(lambda: _run(options, deadline))


def _run(options: argparse.Namespace, deadline: float) -> int:
    here = here_of(options)
    found = find(options, here)
    print(table_of(found, here.device), flush=True)
    doubt = provenance.examine(checkout_root())[1]
    if doubt is not None:
        print(f"warning: these runs cannot be published: {doubt}", file=sys.stderr)
    plan = [run for run in found if run.obstacle is None]
    jobs = jobs_here(options.jobs, options.overrides)
    with stop_on_signals() as stop, tempfile.TemporaryDirectory() as folder:
        start = partial(_start, here=here, folder=Path(folder))
        ended = Worker(deadline, jobs, start, stop).work(plan)
    if stop.signum is not None:
        _end(plan, ended, "Interrupted", here.results)
        return 128 + stop.signum
    why = "Time is up" if time.monotonic() >= deadline else "Done"
    return _end(plan, ended, why, here.results)


def next_of(waiting: list[Pending], seconds: float) -> Pending:
    """The first that can end within so many seconds; if none can, the first."""
    fit = (run for run in waiting if run.seconds is not None and run.seconds <= seconds)
    return next(fit, waiting[0])


class Ended(NamedTuple):
    """A run that has ended. lacked: the data that it could not get."""

    run: Pending
    status: int
    lacked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Begun:
    """A run that has begun. said: the file that it prints to."""

    run: Pending
    process: subprocess.Popen[bytes]
    said: Path

    def ended(self) -> Ended:
        """Waits for its end, and shows what it said if it failed."""
        status = self.process.wait()
        if not _failed(self.run, status):
            _say("ended" if status == 0 else "stopped", self.run)
            return Ended(self.run, status)
        _say("failed", self.run)
        said = self.said.read_text(encoding="utf-8", errors="replace")
        sys.stderr.write(said)
        # Any other failure, as of memory, says nothing of data that it had not got yet.
        at_data = NO_DOWNLOAD in said or WRITABLE in said
        return Ended(self.run, status, frozenset(self.run.to_download() if at_data else ()))


@dataclass(frozen=True)
class Worker:
    """Runs a plan, `jobs` at a time, until the deadline (of `time.monotonic`) or a signal."""

    deadline: float
    jobs: int
    start: Callable[[Pending], Begun]
    stop: StopFlag

    def work(self, plan: list[Pending]) -> list[Ended]:
        """What began, each with how it ended."""
        waiting = list(plan)
        ended: list[Ended] = []
        running: list[Begun] = []
        try:
            while (running or _ready(waiting, ended)) and self._seconds() > 0:
                while len(running) < self.jobs and (ready := _ready(waiting, ended)):
                    run = next_of(ready, self._seconds())
                    waiting.remove(run)
                    if not _elsewhere(run):
                        running.append(self.start(run))
                time.sleep(min(ASK_EVERY, max(0.0, self._seconds())))
                over = [begun for begun in running if begun.process.poll() is not None]
                running = [begun for begun in running if begun not in over]
                ended += [begun.ended() for begun in over]
        finally:
            ended += _stopped(running)
        return ended

    def _seconds(self) -> float:
        """Left to work in; none after a signal."""
        return 0.0 if self.stop.signum is not None else self.deadline - time.monotonic()


def _stopped(running: list[Begun]) -> list[Ended]:
    """Asks the runs to stop, and waits until they have saved; a second signal ends that.

    Nothing is printed before: whatever becomes of the output, each of them saves.
    """
    try:
        for begun in running:
            begun.process.terminate()
        for begun in running:
            begun.process.wait()
    except KeyboardInterrupt:
        for begun in running:
            begun.process.terminate()
        raise
    return [begun.ended() for begun in running]


def _start(run: Pending, here: Here, folder: Path) -> Begun:
    known = run.known
    row = [f"experiment={known.experiment}", f"profile={known.profile}", f"seed={run.seed}"]
    words = [*row, "quiet=true", *here.words]
    if run.begun is not None:  # with another number of threads its last bits would be others
        words = [word for word in words if not word.startswith("threads=")]
        words.append(f"threads={run.begun['machine']['threads']}")
    command = [sys.executable, "-m", "hypernetworks", *words]
    _say("begins", run)
    said = folder / run.name.replace("/", " ")
    with said.open("wb") as output:
        pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        pipes["env"] = {**os.environ, STARTED_BY: str(os.getpid())}
        return Begun(run, subprocess.Popen(command, **pipes), said)


def _lacked(ended: list[Ended]) -> set[str]:
    """The data that a run could not get."""
    return {path for over in ended for path in over.lacked}


def _ready(waiting: list[Pending], ended: list[Ended]) -> list[Pending]:
    """Those that need nothing which a run could not get, unless it is there by now: another run may
    still have been at it."""
    lacked = _lacked(ended)
    return [run for run in waiting if not lacked & run.to_download()] if lacked else waiting


def _failed(run: Pending, status: int) -> bool:
    """Whether it ended in another way than it should; that another process has it is none."""
    return status not in (0, *STOPPED) and not _elsewhere(run)


def _elsewhere(run: Pending) -> bool:
    """Whether another process has it by now, or has finished it."""
    begun = run.now().begun
    return begun is not None and records.status_of(begun) in ("running", "finished")


def _say(event: str, run: Pending) -> None:
    print(f"{time.strftime('%H:%M:%S')} {event} {run.name}", flush=True)


def _end(plan: list[Pending], ended: list[Ended], why: str, results: Path) -> int:
    """Says what ran, where its wandb runs lie, and what is left; 1 if a run failed."""
    now = [run.now() for run in plan]
    left = [run for run in now if run.begun is None or run.begun["status"] != "finished"]
    ran = [record for over in ended if (record := over.run.now().begun) is not None]
    print(summary(record.path for record in ran))
    where = where_offline(results, map(wandb_id, ran))
    if where is not None:
        print(where)
    began = "" if ended or not plan else "no run was begun, the list took all of it; "
    print(f"{why}: {began}{total(left)}{'; the same command goes on' if left else ''}.")
    failed = [over.run.name for over in ended if _failed(over.run, over.status)]
    if failed:
        print(f"error: failed: {', '.join(failed)}; the reasons stand above", file=sys.stderr)
    tried = [over.run.name for over in ended]
    waiting = [run for run in plan if run.name not in tried]
    left_out = len(waiting) - len(_ready(waiting, ended))
    if left_out:
        could_not = f"{first_of(sorted(_lacked(ended)))} {NO_DOWNLOAD}"
        print(f"error: {left_out} more not tried, of the same data: {could_not}", file=sys.stderr)
    return 1 if failed else 0


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 < hours < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: write hours above 0, such as 8 or 0.5")
    return hours
