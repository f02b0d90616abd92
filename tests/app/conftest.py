"""Small runs of real rows, composed as the command line would."""

from copy import deepcopy
from functools import cache

import pytest
import torch

from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.models import writing
from hypernetworks.report.records import find
from hypernetworks.tasks import characters
from hypernetworks.training.files import load_checkpoint

SMALL = (
    "trainer.batch_size=50",
    "trainer.max_steps=6",
    "trainer.eval_every=2",
    "trainer.log_every=1",
    "threads=1",
)


@cache
def _composed_once(experiment, profile, *overrides):
    return compose_row(experiment, profile, *overrides)


def composed(experiment, profile, *overrides):
    """A row's configuration, of which many tests look at the same; each has a copy of its own."""
    return deepcopy(_composed_once(experiment, profile, *overrides))


@pytest.fixture(autouse=True)
def little_drawn(monkeypatch):
    """Of what runs in the test's own process: the samples that a run ends with take seconds."""
    monkeypatch.setattr(characters, "SAMPLE", 100)
    monkeypatch.setattr(writing, "POINTS", 50)


@pytest.fixture
def small(data_dir, tmp_path):
    """Composes a row in the demo profile, shortened to six steps, without a tracker."""

    def compose(experiment="table7/hyper_cnn", *overrides, logger="none"):
        places = (f"data_dir={data_dir}", f"results_dir={tmp_path / 'results'}")
        return compose_row(experiment, "demo", f"logger={logger}", *places, *SMALL, *overrides)

    return compose


def interrupted_at_every_step(cfg, folder):
    """Runs it whole and, into another folder, stopped after each of five steps: with the same bits.

    Returns:
        the records of both, and the second one's last checkpoint.
    """
    whole, parts = folder / "whole", folder / "parts"
    cfg.results_dir = str(whole)
    value = run(cfg)
    cfg.results_dir, cfg.trainer.max_time = str(parts), 1e-4
    for step in range(1, 6):
        run(cfg)
        (record,) = find(parts)
        assert (record["status"], record["steps"]) == ("time_limit", step)
    cfg.trainer.max_time = None
    assert run(cfg) == value
    (one,), (two,) = find(whole), find(parts)
    assert one["metrics"] == two["metrics"]
    states = [load_checkpoint(r.path.parent / r["id"] / "checkpoint.pt") for r in (one, two)]
    for name in ("model", "best_weights", "optimizer", "processes"):
        torch.testing.assert_close(states[0][name], states[1][name], rtol=0, atol=0)
    return one, two, states[1]
