"""A table as a stock Hydra multirun."""

import pytest

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


def test_an_override_replaces_the_axis_of_a_sweep(command, tmp_path):
    command("sweep=table7", "experiment=table_a1/mlp", "logger=none", *SMALL)
    assert [r["row"] for r in find(tmp_path / "results")] == ["mlp"]
