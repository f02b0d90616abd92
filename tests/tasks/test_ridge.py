"""The linear baseline against numpy."""

import numpy as np
import torch

from hypernetworks.tasks.ridge import RidgeClassifier


def test_ridge_equals_numpys_least_squares():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(40, 1, 3, 3, generator=generator)
    labels = torch.arange(40) % 4
    batches = [(images[:25], labels[:25]), (images[25:], labels[25:])]
    ridge = RidgeClassifier(batches, penalty=0, classes=4)
    x = np.concatenate([np.ones((40, 1)), images.flatten(1).double().numpy()], 1)
    weight = np.linalg.lstsq(x, np.eye(4)[labels], rcond=None)[0]
    np.testing.assert_allclose(ridge(images).numpy(), x @ weight, atol=1e-9)


def test_the_penalty_shrinks_the_weights():
    images, labels = torch.rand(30, 1, 3, 3), torch.arange(30) % 3
    norms = [RidgeClassifier([(images, labels)], 3, p).weight[1:].norm() for p in (0.0, 0.1, 10.0)]
    assert norms[0] > norms[1] > norms[2]
