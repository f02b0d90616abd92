"""The loop: that it is a plain one; when it evaluates, keeps, stops."""

import os
import signal
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from hypernetworks.training import loop as training_loop
from hypernetworks.training.files import load_checkpoint
from hypernetworks.training.steps import steps_a_reading
from hypernetworks.training.stopping import Diverged, StopFlag, stop_on_signals
from tests.training.small import SmallBatches, chosen, finish, small_loop


def test_equals_a_plain_training_loop(tmp_path):
    loop = small_loop(tmp_path / "c.pt", lr_table=None, lr=0.02, clip_norm=0.5)
    twin = small_loop(tmp_path / "other.pt", lr_table=None).model
    torch.manual_seed(7)
    finish(loop)

    torch.manual_seed(7)
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.02)
    values, weights = [], []
    for epoch in range(4):
        twin.train()
        for x, y in SmallBatches(7).epoch(epoch):
            optimizer.zero_grad()
            F.mse_loss(twin(x), y).backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
            optimizer.step()
        twin.eval()
        pairs = list(SmallBatches(2).epoch(1000))
        values.append(sum(F.mse_loss(twin(x), y).item() for x, y in pairs) / 2)
        weights.append({k: v.clone() for k, v in twin.state_dict().items()})
    best = min(range(4), key=values.__getitem__)
    assert loop.progress.best_step == 7 * (best + 1)
    assert loop.progress.best_value == pytest.approx(values[best], rel=1e-6)
    torch.testing.assert_close(loop.model.state_dict(), weights[best], rtol=0, atol=0)


def test_evaluates_at_each_epoch_and_logs_between(tmp_path):
    recorder = finish(small_loop(tmp_path / "c.pt"))
    assert recorder.steps == list(range(1, 29))
    evaluated = [step for step, metrics in recorder.readings if "valid_mse" in metrics]
    assert evaluated == [7, 14, 21, 28]
    assert [step for step, _ in recorder.readings][:4] == [3, 6, 7, 9]


def test_evaluates_every_so_many_steps_and_at_the_end(tmp_path):
    recorder = finish(small_loop(tmp_path / "c.pt", eval_every=4, max_steps=10))
    evaluated = [step for step, metrics in recorder.readings if "valid_mse" in metrics]
    assert evaluated == [4, 8, 10]


def test_learning_rates_follow_the_table(tmp_path):
    recorder = finish(small_loop(tmp_path / "c.pt", eval_every=1))
    rates = {step: metrics["lr"] for step, metrics in recorder.readings if "lr" in metrics}
    # the reading after step n is the rate of step n + 1; 0.01 holds for steps 0 .. 9
    assert rates[9] == pytest.approx(0.01)
    assert rates[10] == pytest.approx(0.003)


@pytest.mark.parametrize("clip_norm", [None, 1e-3, 1e3])
def test_a_reading_has_the_norm_of_the_gradient_before_it_was_clipped(tmp_path, clip_norm):
    loop = small_loop(tmp_path / "c.pt", log_every=1, clip_norm=clip_norm, max_steps=1)
    twin = small_loop(tmp_path / "other.pt").model
    torch.manual_seed(7)
    ((_, metrics),) = finish(loop).readings
    torch.manual_seed(7)
    x, y = next(SmallBatches(7).epoch(0))
    F.mse_loss(twin.train()(x), y).backward()
    squares = sum(p.grad.square().sum() for p in twin.parameters())
    assert metrics["gradient_norm"] == pytest.approx(float(squares.sqrt()), rel=1e-5)


def test_a_run_has_a_hundred_readings_or_one_in_fifty_steps():
    found = [steps_a_reading(chosen(max_steps=n), 7) for n in (10, 300, 5_000, 900_000)]
    assert found == [1, 3, 50, 50]
    assert steps_a_reading(chosen(log_every=8), 7) == 8


def test_each_evaluation_at_its_time_with_its_metrics(tmp_path):
    loop = small_loop(tmp_path / "c.pt")
    _, readings = finish(loop).readings[-1]
    names = ["epoch", "train_loss", "lr", "valid_mse", "other_harm", "gradient_norm"]
    assert list(readings) == names
    assert "gradient_norm" not in loop.state.curve[-1]
    at_end = loop.evaluate_all([e for e in loop.evaluations if e.at_end])
    assert list(at_end) == ["valid_mse", "valid_all_mse", "valid_all_harm"]
    assert at_end["valid_mse"] == loop.progress.best_value


def test_a_final_metric_that_is_no_number_is_refused(tmp_path):
    loop = small_loop(tmp_path / "c.pt", max_epochs=1)
    finish(loop)
    with torch.no_grad():
        loop.model[0].bias.fill_(float("nan"))
    with pytest.raises(Diverged, match="the valid_mse evaluated at step 7 became NaN"):
        loop.evaluate_all(loop.evaluations[:1])


def test_the_end_shows_its_batches(tmp_path):
    shown = []

    def show(batches, name, total):
        for batch in batches:
            shown.append((name, total))
            yield batch

    loop = small_loop(tmp_path / "c.pt", max_epochs=1)
    finish(loop)
    wanted = loop.evaluations[:2]
    assert loop.evaluate_all(wanted, show) == loop.evaluate_all(wanted)
    assert shown == [("valid", 2)] * 2 + [("valid_all", 5)] * 5


@pytest.mark.parametrize(
    ("changes", "reason", "steps"),
    [({}, "max_epochs", 28), ({"max_steps": 12}, "max_steps", 12)],
)
def test_stop_reasons(tmp_path, changes, reason, steps):
    loop = small_loop(tmp_path / "c.pt", **changes)
    finish(loop)
    assert (loop.progress.stop_reason, loop.progress.step) == (reason, steps)


def test_a_checkpoint_beyond_the_end_ends_at_once(tmp_path):
    finish(small_loop(tmp_path / "c.pt", max_steps=12))
    state = load_checkpoint(tmp_path / "c.pt")
    torch.save({**state, "progress": {**state["progress"], "stop_reason": None}}, tmp_path / "c.pt")
    loop = small_loop(tmp_path / "c.pt", max_steps=5)
    finish(loop)
    assert (loop.progress.stop_reason, loop.progress.step) == ("max_steps", 12)


def test_early_stopping_keeps_the_best_weights(tmp_path):
    loop = small_loop(tmp_path / "c.pt", selection_metric="other_harm", patience=2, max_epochs=50)
    first = small_loop(tmp_path / "d.pt", max_epochs=1)
    torch.manual_seed(3)
    finish(first)
    torch.manual_seed(3)
    finish(loop)
    assert (loop.progress.stop_reason, loop.progress.step) == ("early_stopping", 21)
    assert loop.progress.best_step == 7
    torch.testing.assert_close(loop.model.state_dict(), first.model.state_dict(), rtol=0, atol=0)


def test_a_finished_run_is_not_trained_again(tmp_path):
    first = small_loop(tmp_path / "c.pt")
    finish(first)
    again = small_loop(tmp_path / "c.pt")
    assert finish(again).steps == []
    torch.testing.assert_close(again.model.state_dict(), first.model.state_dict(), rtol=0, atol=0)


def test_time_limit_leaves_a_checkpoint_for_the_next_call(tmp_path):
    loop = small_loop(tmp_path / "c.pt", max_time=1e-9)
    assert loop.run(StopFlag()) is False
    assert loop.progress.step == 1
    assert loop.progress.stop_reason is None
    assert small_loop(tmp_path / "c.pt").progress.step == 1


@pytest.mark.parametrize(
    ("every", "seconds", "saved"),
    [(0, 1.0, [1, 2, 3]), (2, 0.0, [3, 6, 9]), (2, 0.11, [3, 9, 15]), (8.5, 0.11, [9, 18])],
)
def test_checkpoints_take_at_most_a_fiftieth_of_the_time(
    tmp_path, monkeypatch, every, seconds, saved
):
    """With a clock that stands but in steps, of a second each, and while one is written."""
    loop = small_loop(tmp_path / "c.pt", checkpoint_every=every, max_steps=max(saved))
    clock, steps = [0.0], []
    monkeypatch.setattr(training_loop.time, "monotonic", lambda: clock[0])

    def pass_(by):
        clock[0] += by

    def save(checkpoint):
        steps.append(loop.progress.step)
        pass_(seconds)

    monkeypatch.setattr(loop.state, "save", save)
    loop.listeners.append(SimpleNamespace(step=lambda step: pass_(1.0), log=lambda *a: None))
    loop.run(StopFlag())
    assert steps == saved


def test_a_nan_stops_the_run_and_stays_out_of_the_checkpoint(tmp_path):
    loop = small_loop(tmp_path / "c.pt", SmallBatches(7, poison=10), checkpoint_every=0)
    with pytest.raises(Diverged, match="steps 10 to 11 became NaN or infinite"):
        loop.run(StopFlag())
    state = load_checkpoint(tmp_path / "c.pt")
    assert state["progress"]["step"] == 10
    assert all(value.isfinite().all() for value in state["model"].values())


@pytest.mark.parametrize(
    "changes",
    [
        {"max_steps": 1, "log_every": 50},
        {"max_steps": 30, "log_every": 50, "eval_every": 30},
        {"log_every": 1},
    ],
)
def test_a_step_that_ruins_the_weights_leaves_no_checkpoint_and_no_best(tmp_path, changes):
    """The loss of the last step is read before the step is taken: the evaluation must notice."""
    settings = {"lr": 1e30, "lr_table": None, "checkpoint_every": 1e9, **changes}
    loop = small_loop(tmp_path / "c.pt", **settings)
    with pytest.raises(Diverged, match="NaN or infinite"):
        loop.run(StopFlag())
    assert not (tmp_path / "c.pt").exists()
    assert loop.progress.best_value is None


def test_signals_set_the_flag_and_handlers_come_back(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as flag:
        for _ in range(3):  # to the process, through make, to the group: one request
            os.kill(os.getpid(), signal.SIGTERM)
        assert flag.signum == signal.SIGTERM
        monkeypatch.setattr(flag, "since", flag.since - 2)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("units", [True, False])
def test_bfloat16_is_close_to_float32(units, tmp_path, monkeypatch):
    """And is float32 to the bit on a processor without units for it, whichever this one is."""
    monkeypatch.setattr("hypernetworks.training.precision.has_bfloat16_units", lambda device: units)
    exact, rough = (small_loop(tmp_path / p, precision=p) for p in ("float32", "bfloat16"))
    for loop in (exact, rough):
        torch.manual_seed(5)
        finish(loop)
    assert rough.progress.best_value == pytest.approx(exact.progress.best_value, rel=0.1)
    assert (rough.progress.best_value != exact.progress.best_value) is units
    assert all(v.dtype == torch.float32 for v in rough.model.state_dict().values())
