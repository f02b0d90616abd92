"""Settings are checked at the door, each with one line that names its key."""

import pytest

from hypernetworks.training.settings import SettingsError, TrainerSettings
from hypernetworks.training.steps import steps_an_epoch, total_steps
from tests.training.small import chosen

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_steps": None}, "max_epochs or max_steps"),
        ({"precision": "half"}, "precision=half: choose one of float32, bfloat16"),
        ({"batch_size": 0}, "batch_size=0: it must be a whole number, at least 1"),
        ({"batch_size": None}, "batch_size=None"),
        ({"batch_size": True}, "batch_size=True"),
        ({"max_steps": 2.5}, "max_steps=2.5: it must be a whole number"),
        ({"eval_every": 0}, "eval_every=0"),
        ({"log_every": 0}, "log_every=0"),
        ({"patience": -1}, "patience=-1"),
        ({"lr": 0.0}, "lr=0.0: it must be greater than 0"),
        ({"lr": None}, "lr=None"),
        ({"lr": NAN}, "lr=nan"),
        ({"clip_norm": 0.0}, "clip_norm=0.0"),
        ({"max_time": -5.0}, "max_time"),
        ({"max_time": INFINITE}, "max_time=inf"),
        ({"checkpoint_every": -1.0}, "checkpoint_every"),
        ({"checkpoint_every": NAN}, "checkpoint_every"),
        ({"accumulate": 0}, "accumulate=0: it must be a whole number, at least 1"),
        ({"warmup_steps": -1}, "warmup_steps=-1: it must be a whole number, 0 or more"),
        ({"warmup_steps": 1.5}, "warmup_steps=1.5"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1: it must be 0 or more"),
        ({"weight_decay": NAN}, "weight_decay=nan"),
        ({"ema_decay": 0.0}, "ema_decay=0.0: it must be between 0 and 1"),
        ({"ema_decay": 1.0}, "ema_decay=1.0"),
        ({"ema_decay": NAN}, "ema_decay=nan"),
        ({"lr_table": [[5, 0.1], [5, 0.2]]}, "rising steps"),
        ({"lr_table": []}, "lr_table"),
        ({"lr_table": [[5, "abc"]]}, "lr_table"),
        ({"lr_table": [[5, True]]}, "lr_table"),
        ({"lr_table": [[True, 0.1]]}, "lr_table"),
        ({"lr_table": [[5, 0.1], [9, NAN]]}, "lr_table"),
        ({"lr_table": [[5, 0.1], [NAN, 0.1]]}, "lr_table"),
        ({"lr_table": [[5, 0.1], [9, -0.1]]}, "rates of 0 or more"),
        ({"lr_table": [[5, 0.2]]}, r"lr=0.1: trainer.lr_table begins with 0.2"),
        ({"lr_table": [[1, 0.1]], "scheduler": "StepLR"}, "exclude each other"),
        ({"warmup_steps": 5, "scheduler": "OneCycleLR"}, "OneCycleLR chooses the first rates"),
        (
            {"weight_decay": 0.1, "optimizer_args": {"weight_decay": 0.1}},
            "optimizer_args.weight_decay .of all parameters. exclude each other",
        ),
    ],
)
def test_what_cannot_work_is_refused(changes, message):
    with pytest.raises(SettingsError, match=message) as caught:
        chosen(**changes)
    assert "\n" not in str(caught.value)


def test_what_is_left_out_is_as_it_was_before_there_was_a_choice():
    found = TrainerSettings(batch_size=8, lr=0.1, max_steps=10)
    assert (found.accumulate, found.warmup_steps, found.weight_decay) == (1, 0, 0.0)
    assert found.ema_decay is None
    assert found.selection_metric is None


@pytest.mark.parametrize(
    ("batches", "accumulate", "steps"), [(7, 1, 7), (7, 3, 3), (6, 3, 2), (2, 3, 1)]
)
def test_steps_of_an_epoch(batches, accumulate, steps):
    assert steps_an_epoch(batches, accumulate) == steps


@pytest.mark.parametrize(
    ("epochs", "most", "steps"), [(4, None, 12), (4, 5, 5), (4, 50, 12), (None, 50, 50)]
)
def test_steps_of_a_run(epochs, most, steps):
    assert total_steps(chosen(max_epochs=epochs, max_steps=most, accumulate=3), 7) == steps
