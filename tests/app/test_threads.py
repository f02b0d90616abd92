"""The threads of a run that says nothing of them."""

import pytest
import torch

from hypernetworks.app import threads
from hypernetworks.app.run import run
from hypernetworks.report.records import find


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
    assert begun_with() == 1


def test_a_larger_step_takes_all_cores_that_it_may(begun_with):
    assert begun_with("trainer.batch_size=200", experiment="table_a1/mlp") == 4


def test_a_share_that_a_launcher_gives_is_the_most(begun_with):
    assert begun_with("trainer.batch_size=200", experiment="table_a1/mlp", torchs=2) == 2


def test_what_is_said_is_taken_and_a_resumed_run_keeps_it(begun_with):
    assert begun_with("threads=3") == 3
    assert begun_with() == 3
    assert begun_with(torchs=2) == 2  # fewer are left
    assert begun_with("threads=1") == 1
