"""Translation by two processes, and by two batches a step: the losses of one, within rounding."""

import os
import subprocess
import sys

import pytest
import torch

from hypernetworks.data.generated import translations
from hypernetworks.report.records import find
from hypernetworks.training.files import MetricsFile, load_checkpoint
from tests.app.two_processes import CASES, train
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the cases that two processes trained, who came at once to a text that is not encoded."""
    folder = tmp_path_factory.mktemp("processes")
    translations.write(folder / "text", 200, 10, names=("train", "valid", "test"))
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node=2")
    command = [sys.executable, "-m", *torchrun, "-m", "tests.app.two_processes", str(folder)]
    options = {"env": {**os.environ, "OMP_NUM_THREADS": "1"}, "capture_output": True, "text": True}
    for name in CASES:
        done = subprocess.run([*command, name], cwd=ROOT, timeout=240, **options)
        assert done.returncode == 0, done.stderr
    return folder


def left(folder, results, name):
    """Of a case: its record, the loss of each step, the last weights."""
    (record,) = find(folder / results, "mine", name)
    place = record.path.parent / record["id"]
    losses = {
        line["step"]: line["train_loss"] for line in MetricsFile(place / "metrics.jsonl").lines()
    }
    assert sorted(losses) == list(range(1, 13))
    return record, losses, load_checkpoint(place / "checkpoint.pt")["model"]


def assert_as_one(found, expected):
    for step, loss in expected[1].items():
        assert found[1][step] == pytest.approx(loss, rel=1e-5), f"step {step}"
    assert abs(expected[1][12] - expected[1][1]) > 0.1  # far more than what is compared
    torch.testing.assert_close(found[2], expected[2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(CASES))
def test_two_processes_train_as_one(folder, name):
    two = left(folder, "two", name)
    assert two[0]["machine"]["device_count"] == 2
    train(folder, "one", name)
    one = left(folder, "one", name)
    assert_as_one(two, one)
    for metric, value in one[0]["metrics"].items():
        assert two[0]["metrics"][metric]["value"] == pytest.approx(value["value"], rel=1e-4)


def test_a_step_of_two_batches_is_that_of_the_joined_one(folder):
    """Of 200 pairs: an epoch is a step either way, of the same pairs."""
    train(folder, "joined", "hyper", "trainer.batch_size=200", "trainer.accumulate=1")
    assert_as_one(left(folder, "two", "hyper"), left(folder, "joined", "hyper"))
