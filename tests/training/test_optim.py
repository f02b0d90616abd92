"""Optimisers go by torch's names; what they do not take is one line."""

import pytest
import torch
from torch import nn

from hypernetworks.training.optim import build_optimizer
from hypernetworks.training.settings import SettingsError
from tests.training.small import chosen


def test_any_torch_optimiser_with_its_arguments():
    settings = chosen(optimizer="SGD", optimizer_args={"momentum": 0.9, "nesterov": True})
    optimizer = build_optimizer(nn.Linear(2, 2), settings)
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.param_groups[0]["nesterov"] is True


def test_without_weight_decay_all_parameters_are_one_group_in_their_order():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ours, theirs = build_optimizer(model, chosen()), torch.optim.Adam(model.parameters(), lr=0.1)
    assert ours.state_dict() == theirs.state_dict()


def test_the_trial_leaves_model_and_random_numbers_alone():
    torch.manual_seed(0)
    model = nn.Linear(2, 2)
    weights, random = model.weight.detach().clone(), torch.get_rng_state()
    build_optimizer(model, chosen(optimizer="AdamW"))
    assert torch.equal(model.weight, weights)
    assert model.weight.grad is None
    assert torch.equal(torch.get_rng_state(), random)


def test_a_model_without_parameters_is_refused():
    with pytest.raises(SettingsError, match="ReLU has no parameters to train"):
        build_optimizer(nn.ReLU(), chosen())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "Adm"}, "trainer.optimizer=Adm.*did you mean Adam"),
        ({"optimizer": "Optimizer"}, "no such class"),
        ({"optimizer": "LBFGS"}, "trainer.optimizer=LBFGS.*closure"),
        ({"optimizer": "SparseAdam"}, "trainer.optimizer=SparseAdam.*dense gradients"),
        ({"optimizer_args": {"bettas": 1}}, "trainer.optimizer=Adam.*bettas"),
        ({"optimizer_args": {"lr": 1}}, "trainer.optimizer=Adam.*'lr'"),
        ({"optimizer_args": {"betas": [0.9]}}, r"optimizer_args=\{'betas': \[0.9\]\}"),
        ({"optimizer_args": {"betas": [0.9, 2.0]}}, "beta"),
        ({"optimizer_args": {"fused": True, "foreach": True}}, "fused.*foreach"),
        ({"optimizer_args": {"eps": "small"}}, "trainer.optimizer=Adam.*optimizer_args"),
        ({"optimizer": "Rprop", "weight_decay": 0.1}, "weight_decay=0.1: Rprop has none"),
    ],
)
def test_what_cannot_work_is_one_clear_line(changes, message):
    with pytest.raises(SettingsError, match=message) as caught:
        build_optimizer(nn.Linear(2, 2), chosen(**changes))
    assert "\n" not in str(caught.value)
