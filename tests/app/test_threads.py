"""The threads of a run that says nothing of them."""

from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from hypernetworks.app import rows, threads
from hypernetworks.app.build import build
from hypernetworks.app.run import run
from hypernetworks.report.records import find
from hypernetworks.training.devices import Placement


@pytest.fixture
def begun_with(small, tmp_path, monkeypatch):
    """Begins or resumes a run on a machine of four cores; the threads that its record has."""
    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "usable_cores", lambda: 4)

    def begin(*overrides, torchs=4, experiment="table7/cnn"):
        torch.set_num_threads(torchs)
        run(small(experiment, "threads=null", "trainer.max_time=0.0001", *overrides))
        assert torch.get_num_threads() == torchs  # the next row of a sweep is not bound by this one
        (record,) = find(tmp_path / "results")
        return record["machine"]["threads"]

    yield begin
    torch.set_num_threads(before)


def test_a_small_step_takes_one(begun_with):
    assert begun_with("trainer.batch_size=10", experiment="table_a1/mlp") == 1


def test_a_larger_step_takes_all_cores_that_it_may(begun_with):
    assert begun_with("trainer.batch_size=200", experiment="table_a1/mlp") == 4


def test_a_share_that_a_launcher_gives_is_the_most(begun_with):
    assert begun_with("trainer.batch_size=200", experiment="table_a1/mlp", torchs=2) == 2


@pytest.mark.parametrize(
    ("launcher", "expected"),
    [
        ({"_target_": "x.BasicLauncher", "module": ""}, 4),
        ({"_target_": "hydra_plugins.hydra_joblib_launcher.J", "n_jobs": 2}, 2),
        ({"_target_": "hydra_plugins.hydra_joblib_launcher.J", "n_jobs": 9}, 1),
        ({"_target_": "x.RayLauncher", "ray": {"remote": {"num_cpus": 3}}}, 3),
        ({"_target_": "x.RayLauncher", "ray": {"remote": {"num_cpus": 0.5}}}, 1),
        ({"_target_": "x.SlurmLauncher"}, 4),
    ],
)
def test_rows_beside_others_share_the_cores(monkeypatch, launcher, expected):
    monkeypatch.setattr(rows, "side_by_side", lambda: "module" not in launcher)
    of_hydra = SimpleNamespace(get=lambda: OmegaConf.create({"launcher": launcher}))
    monkeypatch.setattr(rows, "HydraConfig", of_hydra)
    assert rows.share_of(4) == expected


def test_what_is_said_is_taken_and_a_resumed_run_keeps_it(begun_with):
    assert begun_with("threads=3") == 3
    assert begun_with() == 3
    assert begun_with(torchs=2) == 2  # fewer are left
    assert begun_with("threads=1") == 1


IMAGE = {"table7/cnn": 28 * 28 * 16 * 49 + 14 * 14 * 16 * 16 * 49 + 7 * 7 * 16 * 10}
IMAGE["table_a1/coord_mlp"] = 784 * 256 + 256 * 10
ONCE = {"table7/cnn": 0, "table_a1/coord_mlp": 784 * 256 * (4 * 25 + 25 * 25 + 25)}


@pytest.mark.parametrize("row", IMAGE)
def test_the_multiplications_of_a_step(row, small):
    """By hand: of images, and once of the weights that are generated."""
    experiment, model = build(small(row, "trainer.batch_size=50"), Placement(torch.device("cpu")))
    assert experiment.multiplications(model) == ONCE[row] + 50 * IMAGE[row]


def test_the_multiplications_of_characters(small):
    """Every weight meets every character of a window."""
    row = "table3/lstm_1000"
    experiment, model = build(small(row, "trainer.batch_size=50"), Placement(torch.device("cpu")))
    window = experiment.examples[0] / len(experiment.train) / 50
    count = sum(parameter.numel() for parameter in model.parameters())
    assert experiment.multiplications(model) == pytest.approx(50 * window * count, rel=0.2)
