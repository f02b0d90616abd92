"""Metrics by hand; the baseline against numpy."""

import numpy as np
import pytest
import torch
from torch import nn

from hypernetworks.tasks.classify import Classification, RidgeClassifier


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


def test_ridge_equals_numpys_least_squares():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(40, 1, 3, 3, generator=generator)
    labels = torch.arange(40) % 4
    ridge = RidgeClassifier([(images[:25], labels[:25]), (images[25:], labels[25:])], penalty=0)
    x = np.concatenate([np.ones((40, 1)), images.flatten(1).double().numpy()], 1)
    weight = np.linalg.lstsq(x, np.eye(4)[labels], rcond=None)[0]
    np.testing.assert_allclose(ridge(images).numpy(), x @ weight, atol=1e-9)


def test_the_penalty_shrinks_the_weights():
    images, labels = torch.rand(30, 1, 3, 3), torch.arange(30) % 3
    norms = [RidgeClassifier([(images, labels)], p).weight[1:].norm() for p in (0.0, 0.1, 10.0)]
    assert norms[0] > norms[1] > norms[2]
