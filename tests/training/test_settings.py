"""Settings are checked at the door; optimisers and schedules go by torch's names."""

import pytest
import torch
from torch import nn

from hypernetworks.training.optim import build_optimizer, build_scheduler, lr_at
from hypernetworks.training.settings import SettingsError, TrainerSettings


def settings(**changes):
    base = {"batch_size": 8, "lr": 0.1, "selection_metric": "valid_error", "max_steps": 10}
    return TrainerSettings(**{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_steps": None}, "max_epochs or max_steps"),
        ({"precision": "half"}, "precision=half: choose one of float32, bfloat16"),
        ({"selection_better": "up"}, "lower, higher"),
        ({"batch_size": 0}, "batch_size=0: it must be at least 1"),
        ({"patience": -1}, "patience=-1"),
        ({"lr": 0.0}, "lr=0.0: it must be greater than 0"),
        ({"max_time": -5.0}, "max_time"),
        ({"lr_table": [[5, 0.1], [5, 0.2]]}, "rising steps"),
        ({"lr_table": []}, "lr_table"),
        ({"lr_table": [[5, "abc"]]}, "lr_table"),
        ({"lr_table": [[5, 0.2]]}, r"lr=0.1: trainer.lr_table begins with 0.2"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"max_time": float("inf")}, "max_time=inf"),
        ({"checkpoint_every": -1.0}, "checkpoint_every"),
        ({"lr_table": [[1, 0.1]], "scheduler": "StepLR"}, "exclude each other"),
    ],
)
def test_what_cannot_work_is_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        settings(**changes)


def rates(chosen, steps):
    model = nn.Linear(1, 1)
    optimizer = build_optimizer(model, chosen)
    scheduler = build_scheduler(optimizer, chosen)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_the_papers_step_table():
    """Section 4.2: < 28k 0.1, < 56k 0.02, ..., to the step."""
    table = [[28000, 0.1], [56000, 0.02], [84000, 0.004], [112000, 0.0008], [140000, 0.00016]]
    expected = {0: 0.1, 27999: 0.1, 28000: 0.02, 55999: 0.02, 56000: 0.004, 139999: 0.00016}
    assert {step: lr_at(step, table) for step in expected} == expected
    assert lr_at(500_000, table) == 0.00016


def test_a_table_acts_on_the_optimiser():
    found = rates(settings(lr_table=[[2, 0.1], [4, 0.02]]), 6)
    assert found == pytest.approx([0.1, 0.1, 0.02, 0.02, 0.02, 0.02])


def test_constant_without_a_schedule():
    assert rates(settings(), 5) == [0.1] * 5


def test_any_torch_schedule():
    found = rates(settings(scheduler="StepLR", scheduler_args={"step_size": 2, "gamma": 0.5}), 5)
    assert found == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])


def test_any_torch_optimiser_with_its_arguments():
    chosen = settings(optimizer="SGD", optimizer_args={"momentum": 0.9, "nesterov": True})
    optimizer = build_optimizer(nn.Linear(2, 2), chosen)
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.param_groups[0]["nesterov"] is True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "Adm"}, "trainer.optimizer=Adm.*did you mean Adam"),
        ({"optimizer": "Optimizer"}, "no such class"),
        ({"optimizer_args": {"bettas": 1}}, "trainer.optimizer=Adam.*bettas"),
        ({"scheduler": "ReduceLROnPlateau"}, "needs a metric"),
        ({"scheduler": "CosineLR"}, "trainer.scheduler=CosineLR.*did you mean"),
        ({"scheduler": "StepLR", "scheduler_args": {"gama": 1}}, "gama"),
    ],
)
def test_wrong_names_are_one_clear_line(changes, message):
    with pytest.raises(SettingsError, match=message) as caught:
        rates(settings(**changes), 1)
    assert "\n" not in str(caught.value)
