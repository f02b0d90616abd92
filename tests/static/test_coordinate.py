"""Appendix A.1, held to a transcription with explicit loops."""

import pytest
import torch
from torch import nn

from hypernetworks import CoordinateHypernetwork


def test_each_weight_comes_from_its_own_coordinates():
    in_grid, out_grid = (3, 4), (2, 5)
    network = CoordinateHypernetwork(in_grid, out_grid, hidden_size=7)
    weights = network()
    assert weights.shape == (10, 12)
    for unit in range(10):
        for pixel in range(12):
            y_out, x_out = divmod(unit, 5)
            y_in, x_in = divmod(pixel, 4)
            where = [
                -1 + 2 * x_in / 3,
                -1 + 2 * y_in / 2,
                -1 + 2 * x_out / 4,
                -1 + 2 * y_out / 1,
            ]
            expected = network.layers(torch.tensor(where)) * (2 / 12) ** 0.5
            torch.testing.assert_close(weights[unit, pixel], expected[0])


def test_801_parameters_in_the_papers_layers():
    network = CoordinateHypernetwork((28, 28), (16, 16))
    shapes = [layer.weight.shape for layer in network.layers if isinstance(layer, nn.Linear)]
    assert shapes == [(25, 4), (25, 25), (1, 25)]
    assert sum(p.numel() for p in network.parameters()) == 801


@pytest.mark.parametrize("seed", range(5))
def test_fresh_weights_have_he_variance(seed):
    torch.manual_seed(seed)
    weights = CoordinateHypernetwork((28, 28), (16, 16))().detach()
    assert weights.std().item() == pytest.approx((2 / 784) ** 0.5, rel=1e-3)
    assert abs(weights.mean().item()) < 1e-6


def test_coordinates_are_not_saved_and_move_with_the_model():
    network = CoordinateHypernetwork((3, 4), (2, 5))
    assert not any("coordinates" in name for name in network.state_dict())
    assert network.double().coordinates.dtype == torch.float64


def test_hidden_size_below_one_is_refused():
    with pytest.raises(ValueError, match="hidden_size"):
        CoordinateHypernetwork((2, 2), (2, 2), hidden_size=0)
