"""A table as a stock Hydra multirun."""

import subprocess
import sys

import pytest

from hypernetworks.app.arguments import checked
from hypernetworks.report.records import find
from tests.app.conftest import SMALL


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_sweep_runs_rows_times_seeds(command, tmp_path, launcher):
    options = ("sweep=table_a1", "seed=0,1", f"hydra/launcher={launcher}", "logger=none", *SMALL)
    command(*options)
    found = find(tmp_path / "results" / "runs")
    assert [(r["row"], r["seed"]) for r in found] == [
        ("coord_mlp", 0),
        ("coord_mlp", 1),
        ("mlp", 0),
        ("mlp", 1),
    ]
    assert {r["status"] for r in found} == {"finished"}
    assert all("sweep=table_a1" not in r["overrides"] for r in found)


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
    assert checked(["-m", *words]) == ["-m", *words]
    assert checked(["sweep=null", "model.depth=10"]) == ["sweep=null", "model.depth=10"]
    assert checked(["sweep=table2", "model.depth=16"]) == ["sweep=table2", "model.depth=choice(16)"]


def test_a_table_is_run_and_printed_in_one_process(data_dir, tmp_path):
    words = ["--results", str(tmp_path), "--table", "a1", "--profile", "demo", "sweep=table_a1"]
    options = [*words, f"results_dir={tmp_path}", f"data_dir={data_dir}", "logger=none", *SMALL]
    command = [sys.executable, "-m", "hypernetworks.app.reproduce"]

    def call(*more):
        return subprocess.run([*command, *options, *more], capture_output=True, text=True)

    done = call()
    assert done.returncode == 0, done.stderr
    assert "Table a1: Fully connected networks on MNIST" in done.stdout
    assert {r["status"] for r in find(tmp_path)} == {"finished"}
    failed = call("trainer.lr=1e30", "seed=1")
    assert failed.returncode == 1
    assert "Table a1" in failed.stdout
    assert failed.stderr.strip().splitlines()[-1].startswith("error: not every row has run")
    mistaken = call("trainer.lrr=1")
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert len(mistaken.stderr.strip().splitlines()) == 1
    for record in find(tmp_path):
        record.path.unlink()
    nothing = call("dataset.valid_size=6000")
    assert nothing.returncode == 1
    assert "Table a1" not in nothing.stdout
    assert nothing.stderr.strip().splitlines()[-1].startswith("error: dataset.valid_size=6000")


def test_an_override_replaces_the_axis_of_a_sweep(command, tmp_path):
    command("sweep=table7", "experiment=table_a1/mlp", "logger=none", *SMALL)
    assert [r["row"] for r in find(tmp_path / "results")] == ["mlp"]
