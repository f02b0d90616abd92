"""A table as a stock Hydra multirun."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from itertools import product
from pathlib import Path

import pytest

from hypernetworks.app.arguments import checked
from hypernetworks.app.reproduce import _rows
from hypernetworks.report.folders import tables_in
from hypernetworks.report.records import find
from hypernetworks.training.cores import usable_cores
from hypernetworks.training.files import load_checkpoint
from tests.app.conftest import SMALL
from tests.conftest import ROOT
from tests.terminal import in_terminal


def test_a_sweep_runs_rows_times_seeds(command, tmp_path):
    command("sweep=table_a1", "seed=0,1", "logger=none", *SMALL)
    found = find(tmp_path / "results" / "runs")
    assert [(r["row"], r["seed"]) for r in found] == [
        ("coord_mlp", 0),
        ("coord_mlp", 1),
        ("mlp", 0),
        ("mlp", 1),
    ]
    assert {r["status"] for r in found} == {"finished"}
    assert all("sweep=table_a1" not in r["overrides"] for r in found)


def test_a_glob_of_rows_is_a_sweep_too(command, tmp_path):
    command("-m", "experiment=glob(table_a1/*)", "logger=none", *SMALL)
    assert [r["row"] for r in find(tmp_path / "results")] == ["coord_mlp", "mlp"]


def test_a_failed_row_fails_the_sweep_but_not_the_other_rows(command, tmp_path):
    options = ("-m", "experiment=table_a1/mlp", "trainer.lr=1e30,0.001", "trainer.scheduler=null")
    done = command(*options, "logger=none", *SMALL, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: the training loss of steps 2")
    assert sorted(r["status"] for r in find(tmp_path / "results")) == ["diverged", "finished"]


def test_keys_that_the_default_model_lacks_reach_every_row(command, tmp_path):
    rows = "experiment=table2/wrn_40_1,table2/hyper_wrn_40_1"
    command("-m", rows, "model.depth=16", "dataset.flip=false", "logger=none", *SMALL)
    found = find(tmp_path / "results")
    assert [r["row"] for r in found] == ["hyper_wrn_40_1", "wrn_40_1"]
    for record in found:
        assert record["config"]["model"]["depth"] == 16
        assert record["config"]["dataset"]["flip"] is False
        assert {"model.depth=16", "dataset.flip=False"} <= set(record["overrides"])


def test_only_keys_of_single_values_in_sweeps_become_axes():
    words = ["model.depth=10,16", "model.hidden_size=null", "trainer.lr=1", "dataset.pad=range(2)"]
    assert checked(["-m", *words]) == [*words, "-m"]
    assert checked(["sweep=null", "model.depth=10"]) == ["sweep=null", "model.depth=10"]
    swept = ["sweep=table2", "model.depth=choice(16)", "--multirun"]
    assert checked(["sweep=table2", "model.depth=16"]) == swept


def test_options_stand_anywhere():
    words = ["model=mlp", "-m", "seed=0,1", "--config-dir", "conf", "threads=1"]
    expected = ["model=mlp", "seed=0,1", "threads=1", "-m", "--config-dir", "conf"]
    assert checked(words) == expected
    assert checked(["--info", "model=mlp"]) == ["model=mlp", "--info"]
    assert checked(["--info", "all", "model=mlp"]) == ["model=mlp", "--info", "all"]


def table(results, jobs):
    """The words of `make reproduce-table TABLE=a1 SEEDS=0,1 JOBS=...` with small runs."""
    options = ("--table", "a1", "--seeds", "0,1", "--results", str(results), "--jobs", jobs)
    return ["reproduce", *options, "logger=none", *SMALL]


@pytest.fixture
def reproduce(command, tmp_path):
    """One row after another."""
    return lambda *more: command(*table(tmp_path, "1"), *more, check=False)


@pytest.fixture(scope="module")
def beside(data_dir, tmp_path_factory):
    """Two rows, two seeds each, two runs side by side: what they printed, and their results."""
    results = tmp_path_factory.mktemp("beside")
    words = [*table(results, "2"), f"data_dir={data_dir}"]
    command = [sys.executable, "-m", "hypernetworks", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=results)
    assert done.returncode == 0, done.stderr
    return done.stdout, results


def test_a_table_is_run_side_by_side_and_printed(beside):
    printed, results = beside
    assert "Table a1: Fully connected networks on MNIST" in printed
    assert "[a1/mlp demo seed 0] epoch" in printed
    assert printed.splitlines()[-1] == f"The records are in {results / 'runs'}."
    found = find(results)
    assert {r["status"] for r in found} == {"finished"}
    assert {r["machine"]["threads"] for r in found} == {1}
    lines = [
        json.loads(line) for p in results.rglob("row*.jsonl") for line in p.read_text().splitlines()
    ]
    assert len({line["pid"] for line in lines if line["event"] == "begins"}) == 2


def test_rows_of_joblib_have_no_more_processes_than_rows_nor_threads_than_cores(cold, tmp_path):
    """Whatever is asked for. A process that never had a row would die of a terminal's Ctrl-C, and
    break the pool; these steps are worth all threads that they may have."""
    steps = ("trainer.max_steps=2", "trainer.eval_every=2", "trainer.batch_size=500")
    rows = ("-m", "experiment=table7/cnn,table7/hyper_cnn", "logger=none")
    eight = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=8", "hydra.launcher.verbose=11")
    done = cold(*rows, *eight, *steps, OMP_NUM_THREADS="64")
    assert "with 2 concurrent workers" in done.stdout + done.stderr
    threads = [record["machine"]["threads"] for record in find(tmp_path / "results")]
    assert threads == [max(1, usable_cores() // 2)] * 2


def test_side_by_side_gives_the_numbers_of_one_after_another(beside, reproduce, tmp_path):
    reproduce()
    both = [
        {(r["row"], r["seed"]): r["metrics"] for r in find(place)}
        for place in (beside[1], tmp_path)
    ]
    assert both[0] == both[1]
    assert set(both[0]) == set(product(("mlp", "coord_mlp"), (0, 1)))


def test_failed_rows_and_mistakes(beside, cold, reproduce, tmp_path):
    shutil.copytree(beside[1], tmp_path, dirs_exist_ok=True)
    failed = cold(*table(tmp_path, "2"), "trainer.lr=1e30", check=False)
    assert failed.returncode == 1
    assert "Table a1" in failed.stdout
    assert failed.stderr.strip().splitlines()[-1].startswith("error: not every row has run")
    mistaken = reproduce("trainer.lrr=1")
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert len(mistaken.stderr.strip().splitlines()) == 1
    for record in find(tmp_path):
        record.path.unlink()
    nothing = reproduce("dataset.valid_size=6000")
    assert nothing.returncode == 1
    assert "Table a1" not in nothing.stdout
    assert nothing.stderr.strip().splitlines()[-1].startswith("error: dataset.valid_size=6000")


def test_a_table_that_does_not_exist_is_answered_with_those_that_do(reproduce):
    done = reproduce("--table", "8")
    assert done.returncode == 2
    assert (
        done.stderr
        == f"error: no table '8'; there are {', '.join(tables_in(ROOT / 'experiments'))}\n"
    )
    assert reproduce("--table", "A1").returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seeds", "a"], "argument --seeds: 'a': write whole numbers"),
        (["--figure", "2"], "argument --figure: not allowed with argument --table"),
        (["--profile", "x"], "argument --profile: invalid choice: 'x'"),
        (["--jobs", "0"], "argument --jobs: '0': write a whole number, 1 or more"),
        (["--launcher", "slurm"], "hydra/launcher=slurm: there is no sbatch and no srun, so this"),
        (["--launcher", "ray"], "hydra/launcher=ray: Ray is not installed in this environment"),
        (["--launcher", "foo"], "the valid names are basic, joblib, ray, slurm"),
        (["--launcher", "slurp"], "hydra/launcher=slurp: unknown choice; did you mean"),
        (["trainer.lr=abc"], "Value 'abc' of type 'str' could not be converted to Float"),
    ],
)
def test_a_mistake_before_anything_runs_is_one_line(reproduce, tmp_path, words, told, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # without Slurm
    done = reproduce(*words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert "submitit" not in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("signum", "group", "idle"),
    [
        pytest.param(signal.SIGTERM, False, True, id="kill, one idle"),
        pytest.param(signal.SIGINT, True, False, id="terminal, both at work"),
        pytest.param(signal.SIGTERM, True, True, id="to the group, one idle"),
    ],
)
def test_a_signal_stops_rows_that_run_side_by_side_after_their_step(
    data_dir, tmp_path, signum, group, idle
):
    """As kill sends it, or a terminal: to every process, also one whose row has ended already."""
    status, errors = side_by_side_until(signum, data_dir, tmp_path, group, idle)
    assert status == 128 + signum
    *rest, last = errors.strip().splitlines()
    assert last == "error: interrupted; the same command resumes"
    assert len(rest) == idle  # Hydra's line about the row that diverged
    saved_and_resumable(tmp_path, idle)


def test_rows_side_by_side_save_and_end_with_the_process_that_started_them(data_dir, tmp_path):
    """That of `kill -9`: all that is left of it writes to the pipe that is read here to its end."""
    before = {path.name for path in Path("/dev/shm").glob("*loky*")}
    status, _ = side_by_side_until(signal.SIGKILL, data_dir, tmp_path, group=False, idle=True)
    assert status == -signal.SIGKILL
    saved_and_resumable(tmp_path, idle=True)
    deadline = time.monotonic() + 30  # others' come and go
    while not {path.name for path in Path("/dev/shm").glob("*loky*")} <= before:
        assert time.monotonic() < deadline, "semaphores stayed behind"
        time.sleep(0.2)


def test_rows_side_by_side_save_when_their_terminal_is_closed(data_dir, tmp_path):
    """To which nothing can be printed any more; a line that fails would be another status."""
    with in_terminal(side_by_side(data_dir, tmp_path, idle=True), cwd=tmp_path) as (process, close):
        wait_until_both_began(tmp_path)
        close()
        assert process.wait(timeout=120) == 128 + signal.SIGHUP
    saved_and_resumable(tmp_path, idle=True)


def saved_and_resumable(folder, idle):
    statuses = ["diverged", "interrupted"] if idle else ["interrupted", "interrupted"]
    found = sorted(find(folder), key=lambda record: record["status"])
    assert [record["status"] for record in found] == statuses
    for record in found[1:]:
        saved = load_checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
        assert saved["progress"]["step"] == record["steps"] > 0


def side_by_side(data_dir, folder, idle):
    """The command of two rows; if one is to be idle, it diverges in its second step."""
    command = [sys.executable, "-m", "hypernetworks", "reproduce", "--table", "7", "--jobs", "2"]
    words = [f"data_dir={data_dir}", "logger=none", *SMALL, "trainer.max_steps=5000"]
    words += ["trainer.eval_every=1000", "trainer.checkpoint_every=1000"]
    words += ["experiment=table7/cnn", f"trainer.lr=0.001,{'1e30' if idle else '0.002'}"]
    return [*command, "--results", str(folder), *words]


def wait_until_both_began(folder):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        begun = [p for p in folder.rglob("metrics.jsonl") if p.read_text().strip()]
        if len(begun) + sum(r["status"] == "diverged" for r in find(folder)) >= 2:
            break
        time.sleep(0.05)
    time.sleep(0.3)


def side_by_side_until(signum, data_dir, tmp_path, group, idle):
    """Two rows, until a signal comes once both have begun: the status, and the last errors."""
    command = side_by_side(data_dir, tmp_path, idle)
    options = {"stderr": subprocess.PIPE, "text": True, "cwd": tmp_path, "start_new_session": True}
    with subprocess.Popen(command, **options) as process:
        wait_until_both_began(tmp_path)
        (os.killpg if group else os.kill)(process.pid, signum)
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_an_override_replaces_the_axis_of_a_sweep(command, tmp_path):
    command("sweep=table7", "experiment=table_a1/mlp", "logger=none", *SMALL)
    assert [r["row"] for r in find(tmp_path / "results")] == ["mlp"]


def test_a_figure_of_two_tables_trains_those_that_have_runs(tmp_path):
    """All in demo, and where none has: neither table is trained for the other's half."""

    def rows(profile):
        options = Namespace(figure="6", profile=profile, results=str(tmp_path))
        return {row.partition("/")[0] for row in _rows("figure6", options)}

    both = {"table4", "table5"}
    assert rows("paper") == rows("lite") == rows("demo") == rows(None) == both
    shutil.copytree(ROOT / "results" / "published" / "4", tmp_path / "published" / "4")
    assert rows("lite") == {"table4"}
    assert rows("paper") == rows("demo") == both
