"""Hydra's Optuna sweeper: what a run gives back to it, and two trials where it is installed."""

from types import SimpleNamespace

import pytest
import yaml
from hydra.types import RunMode
from omegaconf import OmegaConf

from hypernetworks.app import arguments, direction
from hypernetworks.app.arguments import ArgumentError, checked
from hypernetworks.app.checks import RunError
from hypernetworks.app.run import run
from hypernetworks.report.records import find
from tests.app.conftest import SMALL

OPTUNA = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1"]


def test_a_run_gives_back_the_best_reading_of_what_it_is_selected_by(small, tmp_path):
    value = run(small("table_a1/mlp", "trainer.selection_metric=valid_accuracy"))
    (record,) = find(tmp_path / "results")
    lines = record.content(record["curve"]).decode().splitlines()
    metric = record["selection"]["metric"]
    readings = [yaml.safe_load(line)[metric] for line in lines]
    assert value == max(readings) == record["selection"]["value"]
    assert (metric, record["selection"]["better"]) == ("valid_accuracy", "higher")


@pytest.fixture
def sweeping(monkeypatch):
    """Makes this a row of a sweep, whose sweeper has these settings."""

    def sweep(**sweeper):
        found = {"mode": RunMode.MULTIRUN, "sweeper": OmegaConf.create(sweeper)}
        config = SimpleNamespace(
            initialized=lambda: True, get=lambda: SimpleNamespace(**found), instance=None
        )
        monkeypatch.setattr(direction, "HydraConfig", config)

    return sweep


def test_a_sweeper_that_would_look_for_the_worst_is_refused(sweeping):
    sweeping(direction="minimize")
    direction.check_direction("valid_error", "lower")
    with pytest.raises(RunError, match="best valid_accuracy, of which higher is better; set hydra"):
        direction.check_direction("valid_accuracy", "higher")
    sweeping(direction="maximize")
    direction.check_direction("valid_accuracy", "higher")
    with pytest.raises(RunError, match=r"hydra.sweeper.direction=maximize: .*=minimize$"):
        direction.check_direction("valid_error", "lower")
    sweeping(direction=["minimize", "maximize"])
    with pytest.raises(RunError, match="direction="):
        direction.check_direction("valid_error", "lower")
    sweeping()  # Hydra's own has none
    direction.check_direction("valid_accuracy", "higher")


def test_axes_of_an_optimiser_are_let_through(monkeypatch):
    monkeypatch.setattr(arguments, "find_spec", lambda name: object())
    axes = ["trainer.lr=tag(log,interval(0.0001,0.1))", "model.hidden_size=choice(8,16)"]
    axes += ["model.hyper_size=interval(2,8)", "model=choice(lstm,hyperlstm)"]
    assert checked(["-m", *axes, *OPTUNA]) == [*axes, *OPTUNA, "-m"]


def test_where_it_is_not_installed_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(arguments, "find_spec", lambda name: None)
    with pytest.raises(ArgumentError, match=r"pip install 'hypernetworks\[optuna\]'"):
        checked(["-m", *OPTUNA])


def test_two_trials(command, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="Optuna is not installed")
    axis, seeded = "trainer.lr=tag(log,interval(0.001,0.1))", "hydra.sweeper.sampler.seed=1"
    words = ["-m", *OPTUNA, seeded, "model=mlp", "dataset=mnist", axis, "logger=none", *SMALL]
    told = command(*words).stdout
    found = find(tmp_path / "results")
    assert len(found) == 2
    assert "lower valid_error first" in told
    (results,) = (tmp_path / "results").rglob("optimization_results.yaml")
    best = min(found, key=lambda record: record["selection"]["value"])
    said = yaml.safe_load(results.read_text())
    assert said["best_value"] == best["selection"]["value"]
    assert command(*words).stdout.count("finished already") == 2, "a seed makes it resume"
    wrong = command(*words, "hydra.sweeper.direction=maximize", "force=true", check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1].endswith("set hydra.sweeper.direction=minimize")
    stored = command(*words, "hydra.sweeper.storage=nowhere://a", check=False)
    assert stored.returncode == 2
    assert "Hydra cannot start with that" in stored.stderr.splitlines()[-1]
