"""Metrics by hand; the penalty of kernels."""

import numpy as np
import pytest
import torch
from torch import nn

from hypernetworks import hyperize
from hypernetworks.tasks.classify import Classification
from hypernetworks.tasks.protocols import Evaluation, Metric


class Batches(list):
    def epoch(self, epoch, start=0):
        return iter(self[start:])


def test_metrics_of_a_hand_computed_case():
    """Logits are the images: 5 examples in two uneven batches, 2 of them wrong."""
    logits = torch.tensor([[2.0, 0, 0], [0, 1, 0], [0, 3, 0], [1, 0, 0], [0, 0, 4]])
    labels = torch.tensor([0, 1, 2, 1, 2])
    batches = Batches([(logits[:3], labels[:3]), (logits[3:], labels[3:])])
    found = Classification().evaluate(nn.Identity(), batches)
    by_hand = [
        -np.log(np.exp(r[y]) / np.exp(r).sum()) for r, y in zip(logits.numpy(), labels, strict=True)
    ]
    assert found["error"] == 40
    assert found["accuracy"] == 60
    assert found["loss"] == pytest.approx(np.mean(by_hand), rel=1e-6)
    first = Classification().loss(nn.Identity(), (logits[:3], labels[:3]))
    assert first.item() == pytest.approx(np.mean(by_hand[:3]), rel=1e-6)


def test_metrics_that_are_asked_for():
    batches = Batches([(torch.eye(3), torch.tensor([0, 1, 1]))])
    task = Classification()
    whole = task.evaluate(nn.Identity(), batches)
    assert list(whole) == list(task.metrics)
    assert task.evaluate(nn.Identity(), batches, ["loss"]) == {"loss": whole["loss"]}
    assert task.evaluate(nn.Identity(), batches, ()) == {}


def test_what_a_run_is_selected_and_shown_by_is_measured():
    task = Classification()
    batches = Batches([(torch.eye(3), torch.tensor([0, 1, 1]))])
    names = [Evaluation(name, batches, "end").measures(task) for name in ("valid", "test")]
    assert names[0][task.selection] == Metric("percent", "lower")
    assert set(task.headline) <= names[1].keys()


def test_the_penalty_acts_on_generated_kernels():
    """Its gradient on embeddings is that of 0.5 l2 sum K^2, through the generator, and no other."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 3, 3), nn.Flatten())
    net = hyperize(plain, (4, 4), 3, select=["0"]).double()
    batch = torch.randn(2, 4, 5, 5).double(), torch.tensor([0, 2])
    bare, with_l2 = Classification().loss(net, batch), Classification(l2=0.1).loss(net, batch)
    (kernel,) = net.kernels().values()
    own = net.model[1].weight
    expected = 0.05 * (kernel.square().sum() + own.square().sum())
    torch.testing.assert_close(with_l2 - bare, expected)
    parts = [net.banks["3"].embeddings, own, net.model[0].bias]
    found = torch.autograd.grad(with_l2 - bare, parts, allow_unused=True)
    wanted = torch.autograd.grad(expected, parts, allow_unused=True)
    for ours, theirs in zip(found[:2], wanted[:2], strict=True):
        torch.testing.assert_close(ours, theirs)
        assert ours.abs().max() > 0
    assert not found[2].any()
    with pytest.raises(ValueError, match="l2=-1"):
        Classification(l2=-1)


def test_a_model_without_kernels_has_no_penalty():
    batch = torch.randn(2, 3), torch.tensor([0, 2])
    model = nn.Linear(3, 3)
    assert torch.equal(Classification(0.1).loss(model, batch), Classification().loss(model, batch))
