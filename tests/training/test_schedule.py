"""Rates of tables, of torch's schedules, and of warm-ups before either."""

import pytest
import torch
from torch import nn

from hypernetworks.training.optim import build_optimizer
from hypernetworks.training.schedule import build_scheduler, lr_at
from hypernetworks.training.settings import SettingsError
from tests.training.small import chosen


def rates(settings, steps):
    optimizer = build_optimizer(nn.Linear(1, 1), settings)
    scheduler = build_scheduler(optimizer, settings, steps)
    return stepped(optimizer, scheduler, steps)


def stepped(optimizer, scheduler, steps):
    found = []
    for _ in range(steps):
        assert {group["lr"] for group in optimizer.param_groups} == {scheduler.get_last_lr()[0]}
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
    found = rates(chosen(lr_table=[[2, 0.1], [4, 0.02]]), 6)
    assert found == pytest.approx([0.1, 0.1, 0.02, 0.02, 0.02, 0.02])


def test_constant_without_a_schedule():
    assert rates(chosen(), 5) == [0.1] * 5


def test_any_torch_schedule():
    settings = chosen(scheduler="StepLR", scheduler_args={"step_size": 2, "gamma": 0.5})
    assert rates(settings, 5) == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])


@pytest.mark.parametrize("warmup", [1, 2, 5])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_warm_up_rises_evenly_to_the_rate(warmup, weight_decay):
    rising = [0.1 * (step + 1) / warmup for step in range(warmup)]
    found = rates(chosen(warmup_steps=warmup, weight_decay=weight_decay), 8)
    assert found == pytest.approx((rising + [0.1] * 8)[:8])


def test_the_steps_of_a_table_count_from_the_very_first():
    """Also where one ends within the warm-up, which rises to `lr` all the same."""
    table = [[2, 0.1], [6, 0.02], [7, 0.004]]
    found = rates(chosen(lr_table=table, warmup_steps=4), 8)
    assert found == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.02, 0.02, 0.004, 0.004])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("StepLR", {"step_size": 2, "gamma": 0.5}),
        ("MultiStepLR", {"milestones": [1, 4]}),
        ("ExponentialLR", {"gamma": 0.5}),
        ("CosineAnnealingLR", {"T_max": 6}),
        ("CosineAnnealingWarmRestarts", {"T_0": 3}),
        ("PolynomialLR", {"total_iters": 6, "power": 2}),
        ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 5}),
    ],
)
def test_a_schedule_of_torch_begins_after_the_warm_up(name, arguments):
    settings = chosen(scheduler=name, scheduler_args=arguments, warmup_steps=3)
    bare = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    cls = getattr(torch.optim.lr_scheduler, name)
    expected = [0.1 / 3, 0.2 / 3, 0.1, *stepped(bare, cls(bare, **arguments), 8)]
    assert rates(settings, 11) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ReduceLROnPlateau", {}, "needs a metric"),
        ("CosineLR", {}, "trainer.scheduler=CosineLR.*did you mean"),
        ("LRScheduler", {}, "no such class"),
        ("StepLR", {"gama": 1}, "gama"),
        ("StepLR", {"step_size": 0}, r"StepLR with .*\{'step_size': 0\}: ZeroDivisionError"),
        ("StepLR", {"step_size": 2, "gamma": "half"}, "TypeError"),
        ("CosineAnnealingLR", {"T_max": 0}, "ZeroDivisionError"),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}, "T_0"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 0}, "CyclicLR"),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 5}, "total_steps=5: training takes 10 steps"),
        ("SequentialLR", {}, "SequentialLR"),
        ("LambdaLR", {"lr_lambda": "x"}, "LambdaLR"),
    ],
)
def test_what_cannot_work_is_one_clear_line(name, arguments, message):
    with pytest.raises(SettingsError, match=message) as caught:
        rates(chosen(scheduler=name, scheduler_args=arguments), 10)
    assert "\n" not in str(caught.value)


def test_a_schedule_of_just_the_run_is_taken():
    arguments = {"max_lr": 1.0, "total_steps": 10}
    assert len(rates(chosen(scheduler="OneCycleLR", scheduler_args=arguments), 10)) == 10


@pytest.mark.parametrize("warmup", [0, 3])
def test_a_cosine_without_a_length_ends_with_the_run(warmup):
    found = rates(chosen(scheduler="CosineAnnealingLR", warmup_steps=warmup), 10)
    given = {"T_max": 10 - warmup}
    chosen_length = chosen(scheduler="CosineAnnealingLR", warmup_steps=warmup, scheduler_args=given)
    assert found == rates(chosen_length, 10)
    assert found[-1] < 0.1 * max(found)


def test_a_cycle_without_a_length_ends_with_the_run():
    found = rates(chosen(scheduler="OneCycleLR", scheduler_args={"max_lr": 1.0}), 20)
    assert max(found) == pytest.approx(1)
    assert found[-1] < 1e-3
