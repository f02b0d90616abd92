"""The runs of a plan side by side: which begins next, and how they end; stand-ins for runs."""

import os
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import pytest

from hypernetworks.app import reproduce_next
from hypernetworks.app.plan import Here
from hypernetworks.app.reproduce_next import (
    Begun,
    Worker,
    _end,
    _failed,
    _start,
    _stopped,
    next_of,
)
from hypernetworks.app.workers import STARTED_BY
from hypernetworks.data.files import WRITABLE
from hypernetworks.report.records import Record
from hypernetworks.training.stopping import StopFlag
from tests.conftest import ROOT
from tests.terminal import in_terminal


@dataclass
class Stub:
    """A run that is outstanding, and what a process of it would do."""

    name: str
    seconds: float | None = None
    code: str = "pass"
    begun: Record | None = None
    needs: frozenset[str] = frozenset()  # data, below the folder where it runs
    said: str = "something"

    def now(self):
        return self

    def to_download(self):
        return {path for path in self.needs if not Path(path).exists()}


def worker(tmp_path, jobs, seconds=60.0):
    """One whose runs are `Stub`s, with the names of those that began, and how many ran at once."""
    begun, most = [], [0]

    def start(run):
        begun.append((run.name, subprocess.Popen([sys.executable, "-c", run.code])))
        most[0] = max(most[0], sum(process.poll() is None for _, process in begun))
        (tmp_path / run.name).write_text(f"{run.name} said {run.said}\n")
        return Begun(run, begun[-1][1], tmp_path / run.name)

    stop = StopFlag()
    return Worker(time.monotonic() + seconds, jobs, start, stop), begun, most


def test_what_fits_into_the_time_comes_first_and_else_the_first():
    long, short, unknown = Stub("long", 100.0), Stub("short", 10.0), Stub("unknown")
    assert next_of([long, unknown, short], 1000.0) is long
    assert next_of([long, unknown, short], 50.0) is short
    assert next_of([long, unknown, short], 5.0) is long
    assert next_of([unknown, long], 5.0) is unknown


def test_a_plan_is_run_so_many_at_a_time_and_a_failure_stops_no_other(tmp_path, capfd):
    plan = [Stub("a", 1.0, "import sys; sys.exit(1)"), *(Stub(name, 1.0) for name in "bcd")]
    work, begun, most = worker(tmp_path, 2)
    ended = work.work(plan)
    assert [name for name, _ in begun] == ["a", "b", "c", "d"]
    assert most[0] <= 2
    assert {over.run.name: over.status for over in ended} == {"a": 1, "b": 0, "c": 0, "d": 0}
    printed = capfd.readouterr()
    assert "failed a" in printed.out
    assert printed.err == "a said something\n"


FAILS = "import sys; sys.exit(1)"


@pytest.mark.parametrize("words", ["no place has it: it could not be downloaded", WRITABLE])
def test_what_one_run_could_not_download_no_other_is_begun_for(tmp_path, capsys, words):
    mnist, ptb = frozenset({"MNIST/raw/a", "MNIST/raw/b"}), frozenset({"ptb/c"})
    plan = [Stub("a", 1.0, FAILS, needs=mnist, said=words), Stub("b", 1.0, needs=ptb)]
    plan += [Stub("c", 1.0, needs=mnist), Stub("d", 1.0), Stub("e", 1.0, needs=mnist)]
    work, begun, _ = worker(tmp_path, 1)
    ended = work.work(plan)
    assert [name for name, _ in begun] == ["a", "b", "d"]
    assert _end(plan, ended, "Done", tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "error: failed: a; the reasons stand above",
        "error: 2 more not tried, of the same data: MNIST/raw/a and 1 more could not be downloaded",
    ]


def test_what_another_run_still_downloads_is_waited_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = frozenset({"corpus"})
    plan = [Stub("a", 1.0, FAILS, needs=data, said="corpus could not be downloaded")]
    plan += [Stub("b", 1.0, "import time; time.sleep(1.5); open('corpus', 'w')", needs=data)]
    plan += [Stub("c", 1.0, needs=data), Stub("d", 1.0)]
    work, begun, _ = worker(tmp_path, 2)
    ended = work.work(plan)
    assert [name for name, _ in begun] == ["a", "b", "d", "c"]
    assert _end(plan, ended, "Done", tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: failed: a; the reasons stand above"


def test_a_run_that_fails_before_its_download_keeps_no_other_from_it(tmp_path):
    plan = [Stub("a", 1.0, FAILS, needs=frozenset({"corpus"}), said="too little memory")]
    work, begun, _ = worker(tmp_path, 1)
    work.work([*plan, Stub("b", 1.0, needs=frozenset({"corpus"}))])
    assert [name for name, _ in begun] == ["a", "b"]


def test_what_another_process_has_finished_since_is_not_run_again(tmp_path):
    done = Record({"status": "finished"}, tmp_path / "a.json")
    work, begun, _ = worker(tmp_path, 1)
    assert work.work([Stub("a", 1.0, begun=done), Stub("b", 1.0)])[0].run.name == "b"
    assert [name for name, _ in begun] == ["b"]
    assert not _failed(Stub("a", begun=done), 1)


@pytest.mark.parametrize("by", ["time", "signal"])
def test_what_still_runs_at_the_end_is_asked_to_stop_and_the_rest_waits(tmp_path, by):
    work, begun, _ = worker(tmp_path, 2, 1.0 if by == "time" else 60.0)
    if by == "signal":
        threading.Timer(1.0, lambda: work.stop(signal.SIGTERM, None)).start()
    ended = work.work([Stub(name, 1.0, "import time; time.sleep(300)") for name in "abc"])
    assert [name for name, _ in begun] == ["a", "b"]
    assert [over.status for over in ended] == [-signal.SIGTERM] * 2


# A run that leaves at SIGTERM, and one that still saves then.
ENDLESS = "import time; time.sleep(300)"
SAVES = """\
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *given: time.sleep(1) or sys.exit(0))
open("begun", "w").close()
time.sleep(300)
"""
IN_A_TERMINAL = """\
import os, signal, sys
from pathlib import Path
from hypernetworks.training.stopping import SIGNALS
from tests.app.test_worker import ENDLESS, SAVES, Stub, worker

work, _, _ = worker(Path(), 2)
for signum in SIGNALS:
    signal.signal(signum, work.stop)
ended = work.work([Stub("a", 1.0, ENDLESS), Stub("b", 1.0, SAVES)])
Path("ended").write_text(" ".join(str(over.status) for over in ended))
sys.exit(128 + work.stop.signum)
"""


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_when_its_terminal_is_closed_it_waits_until_all_have_saved(tmp_path, monkeypatch):
    """To which it can print nothing any more."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
    command = [sys.executable, "-c", IN_A_TERMINAL]
    with in_terminal(command, cwd=tmp_path) as (process, close):
        wait_for(tmp_path / "begun")
        close()
        assert process.wait(timeout=60) == 128 + signal.SIGHUP
    assert (tmp_path / "ended").read_text() == f"{-signal.SIGTERM} 0"


def test_nothing_is_printed_before_all_have_saved(tmp_path, monkeypatch):
    def printed(event, run):
        raise BrokenPipeError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reproduce_next, "_say", printed)
    work, begun, _ = worker(tmp_path, 2)
    running = [work.start(Stub("a", 1.0, ENDLESS)), work.start(Stub("b", 1.0, SAVES))]
    wait_for(tmp_path / "begun")
    with pytest.raises(BrokenPipeError):
        _stopped(running)
    assert [process.returncode for _, process in begun] == [-signal.SIGTERM, 0]


def test_a_run_is_told_whose_it_is_so_that_it_ends_with_that(tmp_path, monkeypatch):
    """What it then does: tests/app/test_workers.py."""
    started = []
    monkeypatch.setattr(
        reproduce_next.subprocess, "Popen", lambda command, **more: started.append(more["env"])
    )
    known = Namespace(experiment="table7/cnn", profile="lite")
    run = Namespace(known=known, seed=0, name="7/cnn", begun=None)
    _start(run, Here(tmp_path, (), "A processor", "bfloat16", {}), tmp_path)
    assert started == [{**os.environ, STARTED_BY: str(os.getpid())}]
