"""Steps of several batches against a plain loop that adds gradients up by hand."""

import pytest
import torch
from torch import nn

from tests.training.small import SmallBatches, finish, small_loop


def without_dropout():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.0), nn.Linear(16, 1))


def last_weights(loop):
    """Those after the last step, which need not be the best ones."""
    return loop.checkpoint.load()["model"]


def grouped(batches, size):
    return [batches[first : first + size] for first in range(0, len(batches), size)]


@pytest.mark.parametrize("size", [2, 3, 7, 9])
def test_a_step_is_that_of_the_joined_batch(tmp_path, size):
    """Batches are equally large, so that the mean gradient is that of all their examples."""
    changes = {"accumulate": size, "lr_table": None, "optimizer": "SGD", "clip_norm": 0.5}
    loop = small_loop(tmp_path / "c.pt", model=without_dropout(), max_epochs=2, **changes)
    steps = finish(loop).steps

    twin = without_dropout()
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.01)
    taken = 0
    for epoch in range(2):
        for group in grouped(list(SmallBatches(7).epoch(epoch)), size):
            x, y = (torch.cat(parts) for parts in zip(*group, strict=True))
            optimizer.zero_grad()
            (twin(x) - y).square().mean().backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
            optimizer.step()
            taken += 1
    assert steps == list(range(1, taken + 1))
    torch.testing.assert_close(last_weights(loop), twin.state_dict())


def test_steps_end_with_their_epoch_and_evaluations_come_there(tmp_path):
    """Seven batches in steps of 3, 3, 1."""
    loop = small_loop(tmp_path / "c.pt", accumulate=3, log_every=100)
    recorder = finish(loop)
    assert recorder.steps == list(range(1, 13))
    assert [step for step, _ in recorder.readings] == [3, 6, 9, 12]
    assert [metrics["epoch"] for _, metrics in recorder.readings] == [1, 2, 3, 4]
    assert loop.task.seen == 28


def test_where_a_run_stands_is_counted_in_batches(tmp_path):
    loop = small_loop(tmp_path / "c.pt", accumulate=3, max_steps=5)
    recorder = finish(loop)
    assert (loop.progress.epoch, loop.progress.batch) == (1, 6)
    assert recorder.readings[-1][1]["epoch"] == pytest.approx(1 + 6 / 7)


def test_the_loss_that_is_read_is_the_mean_over_all_batches(tmp_path):
    """A rate too small to change the model: the reading is the loss of the model at the start."""
    changes = {"lr": 1e-12, "lr_table": None, "accumulate": 3, "max_epochs": 1, "log_every": 100}
    loop = small_loop(tmp_path / "c.pt", model=without_dropout(), **changes)
    ((_, metrics),) = finish(loop).readings
    twin = without_dropout()
    with torch.no_grad():
        each = [(twin(x) - y).square().mean() for x, y in SmallBatches(7).epoch(0)]
    by_step = [torch.stack(group).mean() for group in grouped(each, 3)]
    assert metrics["train_loss"] == pytest.approx(float(torch.stack(by_step).mean()), rel=1e-5)
