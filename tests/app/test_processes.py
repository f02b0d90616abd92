"""Runs of every task by two processes: losses, weights and metrics of one, within rounding."""

import os
import signal
import subprocess
import sys

import pytest
import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.run import _found
from hypernetworks.data.generated import translations
from hypernetworks.report.records import find
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import CheckpointError, MetricsFile, load_checkpoint
from tests.app.conftest import SMALL
from tests.app.test_run import wait_for_step
from tests.app.two_processes import BEGUN, CASES, TRANSLATION, train
from tests.conftest import ROOT

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, data_dir):
    """Of what two processes trained, who came at once to a text that is not encoded."""
    folder = tmp_path_factory.mktemp("processes")
    translations.write(folder / "text", 200, 10, names=("train", "valid", "test"))
    command = [*TORCHRUN, "-m", "tests.app.two_processes", str(folder), str(data_dir)]
    options = {"env": {**os.environ, "OMP_NUM_THREADS": "1"}, "capture_output": True, "text": True}
    done = subprocess.run(command, cwd=ROOT, timeout=900, **options)
    assert done.returncode == 0, done.stderr
    return folder


def left(folder, results, name):
    """Of a case: its record, the loss of each step, the last weights."""
    (record,) = find(folder / results, "mine", name)
    place = record.path.parent / record["id"]
    losses = {
        line["step"]: line["train_loss"] for line in MetricsFile(place / "metrics.jsonl").lines()
    }
    assert sorted(losses) == list(range(1, record["steps"] + 1))
    return record, losses, load_checkpoint(place / "checkpoint.pt")["model"]


def assert_as_one(found, expected):
    for step, loss in expected[1].items():
        assert found[1][step] == pytest.approx(loss, rel=1e-5), f"step {step}"
    last = expected[0]["steps"]
    assert abs(expected[1][last] - expected[1][1]) > 0.02  # far more than what is compared
    torch.testing.assert_close(found[2], expected[2], rtol=1e-4, atol=1e-5)
    assert found[0]["metrics"].keys() == expected[0]["metrics"].keys()
    for metric, value in expected[0]["metrics"].items():
        assert found[0]["metrics"][metric]["value"] == pytest.approx(value["value"], rel=1e-4)


@pytest.mark.parametrize("name", list(CASES))
def test_two_processes_train_as_one(folder, data_dir, name):
    two = left(folder, "two", name)
    assert two[0]["machine"]["device_count"] == 2
    train(folder, data_dir, "one", name)
    assert_as_one(two, left(folder, "one", name))


@pytest.mark.parametrize("name", BEGUN)
def test_one_process_goes_on_where_two_stopped(folder, data_dir, name):
    """But not with streams, whose states each process has of its own."""
    (record,) = find(folder / "begun", "mine", name)
    assert (record["status"], record["steps"]) == ("time_limit", 1)
    if name == "characters":
        told = "was written by 2 processes, each with a state of its own; resume with as many"
        with pytest.raises(CheckpointError, match=told):
            train(folder, data_dir, "begun", name)
    else:
        train(folder, data_dir, "begun", name)
        assert_as_one(left(folder, "begun", name), left(folder, "two", name))


def test_a_step_of_two_batches_is_that_of_the_joined_one(folder, data_dir):
    """Of 200 pairs: an epoch is a step either way, of the same pairs."""
    assert TRANSLATION[0] in CASES["hyper"]
    joined = ("trainer.batch_size=200", "trainer.accumulate=1")
    train(folder, data_dir, "joined", "hyper", *joined)
    assert_as_one(left(folder, "two", "hyper"), left(folder, "joined", "hyper"))


def started(data_dir, folder, *words):
    """The command line by two processes, in a folder."""
    environment = {"HYPERNETWORKS_DATA": str(data_dir), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*TORCHRUN, "-m", "hypernetworks", "-m", "experiment=table_a1/mlp", *SMALL, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def errors(stderr):
    return [line for line in stderr.splitlines() if line.startswith("error: ")]


def test_a_sweep_goes_on_after_a_row_that_fails(data_dir, tmp_path):
    """Which all processes find: it is said once, and one of them leaves files and wandb runs."""
    rates = ("trainer.lr=1e30,0.001", "trainer.scheduler=null", "device=cpu")
    with started(data_dir, tmp_path, *rates) as process:
        _, stderr = process.communicate(timeout=900)
    assert process.returncode == 1
    (line,) = errors(stderr)
    assert "the training loss of steps 2 to 2 became NaN" in line
    found = find(tmp_path / "results")
    assert sorted(record["status"] for record in found) == ["diverged", "finished"]
    assert {record["machine"]["device_count"] for record in found} == {2}
    left = {"wandb/offline-run-*": 2, "runs/.sweeps/*/*": 1, "runs/.sweeps/*/*/multirun.yaml": 1}
    for pattern, count in left.items():
        assert len(list((tmp_path / "results").glob(pattern))) == count, pattern


def test_a_signal_to_torchrun_leaves_a_checkpoint(data_dir, tmp_path):
    """Of a run that logs so seldom that the processes would have asked each other too late."""
    words = ("trainer.max_steps=100000", "trainer.log_every=100000", "trainer.eval_every=100000")
    often = ("trainer.checkpoint_every=0", "logger=none", "device=cpu")
    with started(data_dir, tmp_path, *words, *often) as process:
        wait_for_step(tmp_path / "results", 2)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=300)
    (line,) = errors(stderr)
    assert line.startswith("error: interrupted at step")
    (record,) = find(tmp_path / "results")
    assert record["status"] == "interrupted"
    place = record.path.parent / record["id"] / "checkpoint.pt"
    assert load_checkpoint(place)["progress"]["step"] == record["steps"] < 100_000


def test_rows_side_by_side_are_no_work_for_processes_that_share_each(warm, tmp_path):
    outputs = tmp_path / "out", tmp_path / "err"
    words = ("-m", "experiment=table_a1/mlp", "seed=0,1", "hydra/launcher=joblib")
    done = warm(words, tmp_path, outputs, WORLD_SIZE="2", RANK="0", LOCAL_RANK="0")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: torchrun's processes share each row, one row after another")
    assert not (tmp_path / "results").exists()


def test_processes_with_different_configurations_are_refused(small):
    class OfTwo(Placement):
        def gather(self, value):
            return [value, ("another", 0)]

    with pytest.raises(RunError, match="the processes of this run have different configurations"):
        _found(small(), OfTwo(torch.device("cpu")))
