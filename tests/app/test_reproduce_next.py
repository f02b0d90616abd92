"""`make outstanding`, `make reproduce-next`: a table of two quick rows on generated data."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import pytest
import torch

from hypernetworks.app import probe
from hypernetworks.app.mirror import wandb_id
from hypernetworks.app.plan import Here, outstanding
from hypernetworks.app.reproduce_next import (
    Ended,
    Worker,
    _end,
    _start,
)
from hypernetworks.data import kept
from hypernetworks.locations import experiments_dir
from hypernetworks.report.folders import tables_in
from hypernetworks.report.protocol import load_tables
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.records import RecordError, find, read, write
from hypernetworks.training.files import load_checkpoint
from hypernetworks.training.stopping import StopFlag
from tests.app.test_worker import Stub
from tests.conftest import ROOT, warm_starts
from tests.report.conftest import RECORD

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
def whole(checkout, data_dir, tmp_path):
    """What is kept of both rows, trained by Hydra's own multirun and never disturbed."""
    words = ["-m", "experiment=quick/plain,quick/other", "profile=lite", "logger=none"]
    outputs = (tmp_path / "stdout", tmp_path / "stderr")
    with warm_starts(PYTHONPATH=str(checkout / "src")) as run:
        places = [f"data_dir={data_dir}", f"results_dir={tmp_path / 'whole'}"]
        done = run([*words, *places], tmp_path, outputs)
    assert done.returncode == 0, done.stderr
    return what_is_kept(tmp_path / "whole")


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


def test_killed_and_continued_it_leaves_the_bits_of_one_that_was_not(program, whole, tmp_path):
    def start():
        words = ["--hours", "1", "--seeds", "0", "--jobs", "2", "--results", "killed"]
        return program("reproduce-next", *words, "trainer.checkpoint_every=0")

    killed = start()
    deadline = time.monotonic() + 300
    while not list((tmp_path / "killed").rglob("checkpoint.pt")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    finish(killed)
    begun = [record for record in find(tmp_path / "killed") if record["status"] != "finished"]
    assert begun
    assert {record["status"] for record in begun} == {"running"}

    status, printed, errors = finish(start())
    assert (status, printed.count("crashed at step")) == (0, len(begun)), errors
    assert printed.splitlines()[-1] == "Done: 0 runs outstanding, 0 s one after another."
    kept = what_is_kept(tmp_path / "killed")
    assert set(kept) == set(whole) == {"plain", "other"}
    for row, (metrics, weights) in whole.items():
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
    here = Here(tmp_path, (*endless, *places), "A processor", "bfloat16", {})
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
