"""A run as an agent of wandb's sweeps starts it, but for the server."""

import math

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args
from wandb.sdk.lib import config_util

from hypernetworks.app.build import builder_of
from hypernetworks.app.metric_names import set_name
from hypernetworks.app.params import compose_words
from hypernetworks.locations import experiments_dir
from tests.app.offline import read_back, summary_of
from tests.conftest import ROOT

SWEEP = yaml.safe_load((experiments_dir() / "wandb_sweep.yaml").read_text())


def command_of(values):
    """The words that an agent runs for values of the sweep's parameters, after `env`."""
    given = {"args": {key: {"value": value} for key, value in values.items()}}
    lists = {**create_sweep_command_args(given), "env": [], "interpreter": ["python"]}
    words = []
    for part in create_sweep_command(SWEEP["command"]):
        words += lists[part[2:-1]] if part.startswith("${") else [part]
    return words


@pytest.fixture
def values():
    """One for each parameter: the first that the sweep may choose."""

    def first(choice):
        return choice.get("value", (choice.get("values") or [choice.get("min")])[0])

    return {key: first(choice) for key, choice in SWEEP["parameters"].items()}


def test_the_metric_is_what_the_runs_have_at_their_end(values):
    python, _, program, *words = command_of(values)
    assert (python, program) == ("python", "hypernetworks")
    cfg = compose_words(*words)
    task = builder_of(cfg).TASK
    name = f"{set_name(cfg.dataset.name, cfg.profile.data)}/final/{task.selection}"
    assert SWEEP["metric"] == {"name": name, "goal": "minimize"}
    assert task.metrics[task.selection.rpartition("_")[2]].better == "lower"
    assert not name.rpartition("/")[2].startswith("test")


def test_an_agents_command_is_a_run_of_its_sweep(values, warm, tmp_path, tmp_path_factory):
    values |= {"profile": "demo", "trainer.max_steps": 2, "trainer.eval_every": 1}
    values |= {"model.hidden_size": 8, "model.hyper_size": 4, "model.embedding_size": 2}
    chosen = tmp_path / "wandb" / "sweep-s1" / "config-r1.yaml"
    chosen.parent.mkdir(parents=True)
    config_util.save_config_file_from_dict(
        str(chosen), {key: {"value": value} for key, value in values.items()}
    )
    agents = {"WANDB_SWEEP_ID": "s1", "WANDB_RUN_ID": "r1", "WANDB_DIR": str(tmp_path)}
    agents |= {"WANDB_SWEEP_PARAM_PATH": str(chosen), "WANDB_PROJECT": "theirs"}
    printed = tmp_path_factory.mktemp("printed")
    outputs = (printed / "stdout", printed / "stderr")
    done = warm(command_of(values)[3:], tmp_path, outputs, **agents)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    assert "offline-run-" in done.stdout

    found = read_back(tmp_path / "results" / "wandb")
    (about,) = found["run"]
    assert (about["run_id"], about["sweep_id"], about["project"]) == ("r1", "s1", "theirs")
    config = about["config"]["update"]
    assert config["trainer.lr"] == values["trainer.lr"] == config["trainer"]["lr"]
    metric = SWEEP["metric"]["name"].replace("ptb/", "ptb_generated/")
    assert math.isfinite(summary_of(found)[metric])
    assert any(metric in entry["item"] for entry in found["history"])


def test_it_is_documented_where_it_lies():
    text = (ROOT / "docs" / "suite.md").read_text()
    assert "wandb sweep --project hypernetworks experiments/wandb_sweep.yaml" in text
