"""How a wandb run starts: what its users have said is heard, and nothing that fails ends a run."""

import os
import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from hypernetworks.app.mirror import arguments, where_offline
from hypernetworks.locations import conf_dir

OURS = {"id": "ours", "name": "cnn demo-seed0", "group": "table 7", "job_type": "cnn"}
TAGS = ["demo", "data:sample"]
SAID = {
    "WANDB_PROJECT": "theirs",
    "WANDB_ENTITY": "team",
    "WANDB_NAME": "first try",
    "WANDB_RUN_GROUP": "tuning",
    "WANDB_JOB_TYPE": "train",
    "WANDB_NOTES": "on the new machine",
    "WANDB_TAGS": "quick, laptop",
}


@pytest.fixture
def init(monkeypatch):
    """The arguments of wandb.init with these keys of `logger` and variables."""
    for name in [name for name in os.environ if name.startswith("WANDB")]:
        monkeypatch.delenv(name)

    def found(keys, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        logger = OmegaConf.merge(OmegaConf.load(conf_dir() / "logger" / "wandb.yaml"), keys)
        return arguments(logger, {**OURS, "tags": TAGS})

    return found


def test_what_nobody_says_is_ours(init):
    said = {"project": "hypernetworks", "entity": None, "notes": None, "tags": TAGS}
    assert init({}, {}) == {**OURS, **said}


def test_wandbs_variables_are_heard_and_our_tags_stay(init):
    assert init({}, SAID) == {
        "id": "ours",
        "project": "theirs",
        "entity": "team",
        "name": "first try",
        "group": "tuning",
        "job_type": "train",
        "notes": "on the new machine",
        "tags": ["quick", "laptop", *TAGS],
    }


def test_a_key_goes_before_a_variable(init):
    keys = {"project": "p", "entity": "e", "run_name": "n", "group": "g", "job_type": "j"}
    found = init({**keys, "notes": "why", "tags": ["mine", "demo"]}, SAID)
    assert found.pop("tags") == ["mine", "demo", "data:sample"]
    assert list(found.values()) == ["p", "ours", "n", "g", "j", "e", "why"]
    assert list(found) == ["project", "id", "name", "group", "job_type", "entity", "notes"]


def test_an_agent_has_chosen_project_and_run(init):
    found = init({"project": "p"}, {"WANDB_SWEEP_ID": "s", "WANDB_RUN_ID": "r"})
    assert not {"project", "entity", "id"} & set(found)
    assert found["group"] == "table 7"


def test_where_offline_runs_lie_and_what_to_do_with_them(tmp_path):
    place = tmp_path / "my results" / "wandb"
    parts = [place / "offline-run-2026_1-aaa", place / "offline-run-2026_1-aaa-1"]  # in a second
    others = [place / "offline-run-2026_3-bbb", place / "offline-run-2026_4-ccc"]
    for folder in (*parts, *others):
        folder.mkdir(parents=True)
    assert where_offline(place.parent, ["aaa"]) == (
        f"wandb: offline in {parts[0]} and {parts[1]}; `wandb sync '{parts[0]}' '{parts[1]}'` "
        f"uploads it, `wandb leet '{place}'` shows it in the terminal"
    )
    assert f"3 folders of {place}; `wandb sync '{place}'`" in where_offline(
        place.parent, ["aaa", "bbb"]
    )
    (others[0] / "run-bbb.wandb.synced").touch()
    assert where_offline(place.parent, ["bbb", "ddd"]) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"WANDB_API_KEY": "short"},
        {"WANDB_INIT_TIMEOUT": "abc"},
        {"WANDB_INIT_TIMEOUT": "abc", "WANDB_MODE": "offline"},
        {"WANDB_MODE": "nonsense"},
    ],
)
def test_a_setting_that_wandb_refuses_is_a_warning_and_an_offline_run(settings, tmp_path):
    started = start_apart(tmp_path, settings)
    assert started["mode"] == "offline"
    assert "wandb did not start; this run is mirrored offline" in started["warning"]


def test_a_server_that_does_not_answer_is_a_warning_and_an_offline_run(tmp_path):
    server = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_INIT_TIMEOUT": "1"}
    started = start_apart(tmp_path, {**server, "WANDB_API_KEY": 40 * "a"})
    assert started["mode"] == "offline"
    assert started["patience"] == 300  # seconds for uploads at a run's end
    assert str(tmp_path / "wandb") in started["warning"]
    assert "connection refused" in started["warning"]


def start_apart(folder, variables):
    """Starts the real wandb in a process of its own: the mode it got, and the one warning."""
    code = f"""
import json, logging, pathlib, sys
from omegaconf import OmegaConf
from hypernetworks.app.mirror import start_wandb
logging.basicConfig(format="WARNING %(message)s")
from hypernetworks.locations import conf_dir
logger = OmegaConf.load(conf_dir() / "logger" / "wandb.yaml")
run = start_wandb(logger, pathlib.Path({str(folder)!r}), id="abc")
print("SETTINGS", run.settings.mode, run.settings.finish_timeout)
run.finish()
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB")} | variables
    options = {"capture_output": True, "text": True, "cwd": folder, "env": environment}
    done = subprocess.run([sys.executable, "-c", code], check=True, **options)
    (settings,) = [line for line in done.stdout.splitlines() if line.startswith("SETTINGS ")]
    (warning,) = [line[8:] for line in done.stderr.splitlines() if line.startswith("WARNING ")]
    _, mode, patience = settings.split()
    return {"mode": mode, "patience": float(patience), "warning": warning}
