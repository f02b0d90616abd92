"""An interrupted run ends with the same bits; checkpoints of others are refused."""

import signal

import pytest
import torch

from hypernetworks.training.files import Checkpoint, CheckpointError, load_checkpoint
from hypernetworks.training.stopping import Interrupted, StopFlag
from tests.training.small import Recorder, SmallBatches, finish, small_loop

ALL_AT_ONCE = {
    "accumulate": 3,
    "ema_decay": 0.9,
    "warmup_steps": 4,
    "weight_decay": 0.1,
    "clip_norm": 0.5,
}
SCHEDULED = {
    "lr_table": None,
    "optimizer": "SGD",
    "optimizer_args": {"momentum": 0.9},
    "scheduler": "CosineAnnealingLR",
    "scheduler_args": {"T_max": 9},
}


def interrupted(loop, stop_after):
    """Stops the loop by a signal during that step; what it told."""

    class Interrupter(Recorder):
        def step(self, step):
            if step == stop_after:
                flag(signal.SIGTERM, None)

    flag, heard = StopFlag(), Interrupter()
    loop.listeners.append(heard)
    with pytest.raises(Interrupted) as caught:
        loop.run(flag)
    assert caught.value.step == stop_after
    return heard


def assert_exact(folder, stop_after, **changes):
    whole = small_loop(folder / "whole.pt", **changes)
    whole_readings = finish(whole).readings
    heard = interrupted(small_loop(folder / "half.pt", **changes), stop_after)

    torch.manual_seed(999)  # a new process would not have the old random state
    resumed = small_loop(folder / "half.pt", **changes)
    assert resumed.progress.step == stop_after
    readings = heard.readings + finish(resumed).readings
    assert readings == whole_readings
    assert resumed.task.seen == whole.task.seen
    assert resumed.state.curve == whole.state.curve
    schedules = [loop.state.scheduler.state_dict() for loop in (resumed, whole)]
    assert schedules[0] == schedules[1]
    torch.testing.assert_close(numbers(resumed), numbers(whole), rtol=0, atol=0)


def numbers(loop):
    """All that a run ends with but the clock's seconds and its name."""
    state = loop.state.capture()
    clock = ("seconds", "evaluating", "stop_reason")
    progress = {k: v for k, v in state["progress"].items() if k not in clock}
    random = {"random": torch.get_rng_state()}
    for strings in ("scheduler", "curve"):
        state.pop(strings)  # compared by themselves
    return {**state, **random, "progress": progress, "identity": 0}


@pytest.mark.parametrize("stop_after", [1, 5, 7, 13, 27])
def test_an_interrupted_run_ends_with_the_same_bits(tmp_path, stop_after):
    assert_exact(tmp_path, stop_after, patience=3)


@pytest.mark.parametrize("stop_after", range(1, 12))
def test_so_it_does_with_all_that_a_step_can_be_made_of(tmp_path, stop_after):
    """Seven batches an epoch: its steps are of 3, 3 and 1."""
    assert_exact(tmp_path, stop_after, **ALL_AT_ONCE)


@pytest.mark.parametrize("stop_after", [1, 3, 4, 5, 11])
def test_so_it_does_with_a_schedule_after_a_warm_up(tmp_path, stop_after):
    assert_exact(tmp_path, stop_after, **ALL_AT_ONCE, **SCHEDULED)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("StepLR", {"step_size": 3}),
        ("MultiStepLR", {"milestones": [5, 9]}),
        ("ExponentialLR", {"gamma": 0.9}),
        ("CosineAnnealingWarmRestarts", {"T_0": 4}),
        ("PolynomialLR", {"total_iters": 20}),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 28}),
        ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4}),
    ],
)
def test_so_it_does_with_every_schedule(tmp_path, name, arguments):
    changes = {**SCHEDULED, "scheduler": name, "scheduler_args": arguments}
    assert_exact(tmp_path, 5, **changes)


def test_the_checkpoint_keeps_its_keys(tmp_path):
    """Those of before, whose checkpoints resume; the average's only where there is one."""
    keys = {"identity", "progress", "model", "best_weights", "optimizer", "scheduler", "loss"}
    keys.add("curve")
    for name, changes in (("plain.pt", {}), ("averaged.pt", {"ema_decay": 0.9})):
        finish(small_loop(tmp_path / name, max_steps=2, **changes))
    plain, averaged = (load_checkpoint(tmp_path / f"{n}.pt") for n in ("plain", "averaged"))
    assert plain.keys() == keys | {"processes"}
    assert averaged.keys() == keys | {"processes", "average"}
    assert len(plain["optimizer"]["param_groups"]) == 1
    assert plain["optimizer"]["param_groups"][0]["params"] == [0, 1, 2, 3]
    assert plain["loss"].keys() == {"sum", "count"}
    with pytest.raises(CheckpointError, match="older version"):
        small_loop(tmp_path / "plain.pt", ema_decay=0.9)


@pytest.mark.parametrize("stop_after", [2, 7, 14])
def test_resumed_from_the_one_before_a_damaged_one_it_ends_with_the_same_bits(
    tmp_path, stop_after, caplog
):
    whole = small_loop(tmp_path / "whole.pt")
    finish(whole)
    interrupted(small_loop(tmp_path / "half.pt", checkpoint_every=0), stop_after)
    content = bytearray((tmp_path / "half.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "half.pt").write_bytes(content)
    resumed = small_loop(tmp_path / "half.pt")
    assert resumed.progress.step == stop_after - 1
    (line,) = [message for message in caplog.messages if "half.pt" in message]
    assert line.endswith("taking the one before it, half.previous.pt")
    finish(resumed)
    assert resumed.state.curve == whole.state.curve
    torch.testing.assert_close(numbers(resumed), numbers(whole), rtol=0, atol=0)


def put(state, path, value):
    """The state with another value at a path of keys."""
    *keys, last = path
    inner = state
    for key in keys:
        inner = inner[key]
    inner[last] = value
    return state


ODD = {
    "no weights": (("model",), {}),
    "weights of another shape": (("model", "0.weight"), torch.ones(2, 2)),
    "weights that are none": (("model",), [1]),
    "no best weights": (("best_weights",), {}),
    "best weights of another shape": (("best_weights", "0.weight"), torch.ones(2, 2)),
    "an optimiser without groups": (("optimizer",), {"state": {}}),
    "an optimiser of other groups": (("optimizer", "param_groups"), []),
    "moments of another shape": (("optimizer", "state", 0, "exp_avg"), torch.ones(5)),
    "no schedule": (("scheduler",), None),
    "a step in words": (("progress", "step"), "7"),
    "a step that is true": (("progress", "step"), True),
    "a step below 0": (("progress", "step"), -1),
    "seconds that are not": (("progress", "seconds"), float("nan")),
    "an unknown key": (("progress", "place"), 1),
    "no progress": (("progress",), 3),
    "a batch beyond the epoch": (("progress", "batch"), 7),
    "losses that are none": (("loss",), {"sum": 1.0, "count": 2}),
    "no process": (("processes",), 1),
    "random numbers that are none": (("processes", 0, "random"), {"cpu": torch.ones(3)}),
    "a curve of something else": (("curve",), 3),
}


@pytest.mark.parametrize(("path", "value"), ODD.values(), ids=ODD)
def test_what_a_run_would_not_save_is_one_line(path, value, tmp_path):
    interrupted(small_loop(tmp_path / "c.pt"), 5)
    state = put(load_checkpoint(tmp_path / "c.pt"), path, value)
    Checkpoint(tmp_path / "c.pt").save(state)
    with pytest.raises(CheckpointError) as caught:
        small_loop(tmp_path / "c.pt")
    assert str(caught.value).startswith(str(tmp_path / "c.pt"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_another_identity_is_refused(tmp_path):
    finish(small_loop(tmp_path / "c.pt", max_steps=1))
    with pytest.raises(CheckpointError, match="another configuration"):
        small_loop(tmp_path / "c.pt", identity="another")


def test_a_nan_stays_out_of_the_checkpoint_within_a_step_of_many_batches(tmp_path):
    train = SmallBatches(7, poison=8)  # in the step of batches 7, 8, 9
    loop = small_loop(tmp_path / "c.pt", train, accumulate=3, checkpoint_every=0)
    with pytest.raises(RuntimeError, match="steps 4 to 4 became NaN or infinite"):
        loop.run(StopFlag())
    state = load_checkpoint(tmp_path / "c.pt")
    assert (state["progress"]["step"], state["progress"]["batch"]) == (3, 0)


def test_other_processes_go_on_with_a_state_that_is_the_same_in_all(tmp_path):
    """One that each process has of its own is refused."""
    path = tmp_path / "c.pt"
    finish(small_loop(path, max_steps=1))
    checkpoint = load_checkpoint(path)
    checkpoint["processes"] = 2 * checkpoint["processes"]
    torch.save(checkpoint, path)
    loop = small_loop(tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="written by 2 processes, each with a state"):
        loop.state.restore(Checkpoint(path))
    loop.task.state_is_shared, loop.task.seen = True, None
    loop.state.restore(Checkpoint(path))
    assert loop.task.seen == checkpoint["processes"][0]["task"]["seen"]
