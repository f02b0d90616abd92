"""`make outstanding`, `make reproduce-next`: a table of two quick rows on generated data."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch

from hypernetworks.app import probe, reproduce_next
from hypernetworks.app.mirror import wandb_id
from hypernetworks.app.plan import Here, outstanding
from hypernetworks.app.reproduce_next import (
    Begun,
    Ended,
    Worker,
    _end,
    _failed,
    _start,
    _stopped,
    next_of,
)
from hypernetworks.app.workers import STARTED_BY
from hypernetworks.data import kept
from hypernetworks.data.files import WRITABLE
from hypernetworks.locations import experiments_dir
from hypernetworks.report.folders import tables_in
from hypernetworks.report.protocol import load_tables
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.records import Record, RecordError, find, read, write
from hypernetworks.training.files import load_checkpoint
from hypernetworks.training.stopping import StopFlag
from tests.conftest import ROOT
from tests.report.conftest import RECORD
from tests.terminal import in_terminal

FILES = {
    "table.yaml": """\
table: quick
title: Two quick rows
metrics:
  - {name: test_error, unit: percent, better: lower, digits: 2}
shared:
  defaults: [override /dataset: mnist, override /trainer: adam]
""",
    "lite.yaml": """\
words: generated data
shared:
  threads: 1
  profile: {data: sample}
  dataset: {valid_size: 500}
  trainer: {batch_size: 50, max_epochs: null, max_steps: 60, eval_every: 30}
""",
    "plain.yaml": "defaults: [override /model: mlp]\npaper: {label: Plain, order: 1}\n",
    "other.yaml": """\
defaults: [override /model: mlp]
trainer: {lr: 0.002}
paper: {label: Other, order: 2, compare_with: plain}
""",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout whose only table is this one."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("src", "conf"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "experiments" / "quick").mkdir(parents=True)
    for name in ("figures.yaml", "claims.yaml"):
        (root / "experiments" / name).write_text("{}\n")
    for name, text in FILES.items():
        (root / "experiments" / "quick" / name).write_text(text)
    return root


@pytest.fixture
def program(checkout, data_dir, tmp_path):
    """Starts it in a process group of its own."""
    env = {**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    env["HYPERNETWORKS_DATA"] = str(data_dir)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    places = {"cwd": tmp_path, "env": env, "start_new_session": True}

    def start(command, *words):
        line = [sys.executable, "-m", "hypernetworks", command, *words, "logger=none"]
        return subprocess.Popen(line, **pipes, **places)

    return start


def finish(process):
    with process:
        printed, errors = process.communicate(timeout=600)
    return process.returncode, printed, errors


def what_is_kept(results):
    """By row: the metrics, and the weights after the last step."""
    return {
        r["row"]: (
            r["metrics"],
            load_checkpoint(r.path.parent / r["id"] / "checkpoint.pt")["model"],
        )
        for r in find(results)
        if r["status"] == "finished"
    }


def test_killed_and_continued_it_leaves_the_bits_of_one_that_was_not(program, tmp_path):
    def start(results):
        words = ["--hours", "1", "--seeds", "0", "--jobs", "2", "--results", results]
        return program("reproduce-next", *words, "trainer.checkpoint_every=0")

    status, printed, errors = finish(start("whole"))
    assert status == 0, errors
    assert printed.splitlines()[-1] == "Done: 0 runs outstanding, 0 s one after another."

    killed = start("killed")
    deadline = time.monotonic() + 300
    while not list((tmp_path / "killed").rglob("checkpoint.pt")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    finish(killed)
    begun = [record for record in find(tmp_path / "killed") if record["status"] != "finished"]
    assert begun
    assert {record["status"] for record in begun} == {"running"}

    status, printed, errors = finish(start("killed"))
    assert (status, printed.count("crashed at step")) == (0, len(begun)), errors
    kept, undisturbed = what_is_kept(tmp_path / "killed"), what_is_kept(tmp_path / "whole")
    assert set(kept) == set(undisturbed) == {"plain", "other"}
    for row, (metrics, weights) in undisturbed.items():
        assert kept[row][0] == metrics
        torch.testing.assert_close(kept[row][1], weights, rtol=0, atol=0)


class UntilSaved(Worker):
    """Its time is up once there is a checkpoint."""

    results = None

    def _seconds(self):
        return 0.0 if list(self.results.rglob("checkpoint.pt")) else 60.0


def test_when_the_time_is_up_a_run_stops_at_a_checkpoint(data_dir, tmp_path):
    endless = ["profile.data=sample", "dataset.valid_size=500", "trainer.batch_size=50"]
    endless += ["trainer.max_steps=1000000", "trainer.checkpoint_every=0", "threads=1"]
    places = [f"data_dir={data_dir}", f"results_dir={tmp_path}", "logger=none"]
    here = Here(tmp_path, (*endless, *places), "A processor", {})
    UntilSaved.results = tmp_path
    (table,) = [table for table in load_tables(experiments_dir()) if table.id == "a1"]
    plan = [r for r in outstanding(table, "lite", [0], here, []) if r.known.row.id == "mlp"]
    start = partial(_start, here=here, folder=tmp_path)
    ((run, status, _),) = UntilSaved(0.0, 2, start, StopFlag()).work(plan)
    assert status == 143
    (record,) = find(tmp_path)
    saved = load_checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
    assert record["status"] == "interrupted"
    assert record["steps"] == saved["progress"]["step"] > 0
    assert run.now().begun["steps"] == record["steps"]


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
from tests.app.test_reproduce_next import ENDLESS, SAVES, Stub, worker

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
    _start(run, Here(tmp_path, (), "A processor", {}), tmp_path)
    assert started == [{**os.environ, STARTED_BY: str(os.getpid())}]


def test_the_end_says_where_its_offline_runs_of_wandb_lie(tmp_path, capsys):
    fields = RECORD | {"config_hash": config_hash(RECORD["protocol"])}
    record = read(write(fields, tmp_path / "runs" / "7" / "cnn"))
    part = tmp_path / "wandb" / f"offline-run-2026_1-{wandb_id(record)}"
    part.mkdir(parents=True)
    ran = Stub("a", begun=record)
    assert _end([ran], [Ended(ran, 0)], "Done", tmp_path) == 0
    *_, where, last = capsys.readouterr().out.splitlines()
    assert where.startswith(f"wandb: offline in {part}; `wandb sync {part}` uploads it")
    assert last == "Done: 0 runs outstanding, 0 s one after another."


@pytest.mark.parametrize(
    ("words", "told"),
    [
        *((["--hours", hours], "write hours above 0") for hours in ("0", "-1", "nan", "inf", "x")),
        ([], "the following arguments are required: --hours"),
        (["--hours", "1", "--seeds", "a"], "argument --seeds: 'a': write whole numbers"),
        (["--hours", "1", "--jobs", "0"], "argument --jobs: '0': write a whole number, 1 or more"),
        (["--hours", "1", "--profile", "demo"], "argument --profile: invalid choice: 'demo'"),
        (["--hours", "1", "trainer.lr=1"], "trainer.lr=1: rows run here as they are"),
        (["--hours", "1", "seed=4"], "seed=4: rows run here as they are"),
        (["--hours", "1", "device=lots,cuda"], "several values make a sweep"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_runs(command, tmp_path, words, told):
    done = command("reproduce-next", *words, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert not list(tmp_path.iterdir())


def test_an_unknown_table_is_one_line(command):
    done = command("outstanding", "--table", "8", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: no table '8'; there are: {', '.join(tables_in(experiments_dir()))}"
    )


def test_a_probe_times_steps_and_leaves_nothing(small, tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "STEPS_FOR", 0.2)
    cfg = small("table_a1/mlp", "trainer.max_steps=100000", "trainer.eval_every=100000")
    began = time.monotonic()
    seconds = probe.seconds_of_all(cfg)
    pace = seconds / 100000
    assert 0 < pace < time.monotonic() - began
    assert not list((tmp_path / "results").iterdir())


def test_probes_are_kept_and_a_damaged_file_is_one_line(tmp_path, monkeypatch):
    def done(command, **more):
        return subprocess.CompletedProcess(command, 0, "12.5\n")

    monkeypatch.setattr(probe.subprocess, "run", done)
    assert probe.probe(["experiment=table7/cnn"], "one", tmp_path) == 12.5
    with kept.alone(tmp_path / "probes.json"):  # another process that notes one
        waits = threading.Thread(target=probe.probe, args=(["experiment=x"], "two", tmp_path))
        waits.start()
        waits.join(0.2)
        assert probe.read_probes(tmp_path) == {"one": 12.5}
    waits.join()
    assert probe.read_probes(tmp_path) == {"one": 12.5, "two": 12.5}
    (tmp_path / "probes.json").write_text('{"one": ')
    with pytest.raises(RecordError, match=r"probes.json: damaged .* delete it"):
        probe.read_probes(tmp_path)
