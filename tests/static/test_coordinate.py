"""Appendix A.1, held to a transcription with explicit loops."""

import copy

import pytest
import torch
from torch import nn

from hypernetworks import CoordinateHypernetwork, CoordinateMLP


def hyper_mlp(image_shape):
    return CoordinateMLP(5, image_shape=image_shape)


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


def test_coordinates_are_not_saved_and_are_as_precise_as_the_parameters():
    network = CoordinateHypernetwork((3, 4), (2, 5))
    assert set(network.state_dict()) == {n for n, _ in network.named_parameters()}
    assert not dict(network.named_buffers())
    single = network.coordinates
    thirds = torch.tensor([-1, -1 / 3, 1 / 3, 1], dtype=torch.float64)
    torch.testing.assert_close(network.double().coordinates[:4, 0], thirds, rtol=1e-15, atol=0)
    torch.testing.assert_close(network.half().coordinates, single.half(), rtol=0, atol=0)
    assert copy.deepcopy(network)().dtype == torch.float16
    assert network.to("meta")().is_meta


def filled(network, state):
    """Without memory at first, then with what the state dict brings: into memory, or instead."""
    network.to_empty(device="cpu").load_state_dict(state)


def assigned(network, state):
    network.load_state_dict(state, assign=True)


@pytest.mark.parametrize("load", [filled, assigned])
@pytest.mark.parametrize(
    "make",
    [lambda: CoordinateHypernetwork((3, 4), (2, 5)), lambda: hyper_mlp((1, 3, 4))],
    ids=["hypernetwork", "network"],
)
def test_made_without_memory_it_computes_what_its_state_says(make, load):
    torch.manual_seed(0)
    expected = make()
    with torch.device("meta"):
        network = make()
    load(network, expected.state_dict())
    x = [torch.rand(2, 1, 3, 4)] if isinstance(network, CoordinateMLP) else []
    torch.testing.assert_close(network(*x), expected(*x), rtol=0, atol=0)


def test_made_without_memory_it_can_be_reset():
    with torch.device("meta"):
        network = CoordinateHypernetwork((28, 28), (16, 16))
    network.to_empty(device="cpu").reset_parameters()
    assert network().detach().std().item() == pytest.approx((2 / 784) ** 0.5, rel=1e-3)


def test_it_compiles_and_exports():
    network = CoordinateHypernetwork((3, 4), (2, 5))
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(), network())
    torch.testing.assert_close(torch.export.export(network, ()).module()(), network())


@pytest.mark.parametrize("grids", [((1, 1), (1, 1)), ((1, 1), (1, 2)), ((3, 4), (2, 5))])
@pytest.mark.parametrize("seed", range(8))
def test_no_grid_and_no_dead_unit_makes_a_weight_that_is_no_number(grids, seed):
    """With one hidden unit some are off for all coordinates, and the outputs all one number."""
    torch.manual_seed(seed)
    network = CoordinateHypernetwork(*grids, hidden_size=1)
    assert network().abs().max() < 10
    assert all(parameter.abs().max() < 100 for parameter in network.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 2), (2, 2), 0), "hidden_size=0: it must be a whole number, at least 1"),
        (((2, 2), (2, 2), True), "hidden_size=True"),
        (((2, 2.0), (2, 2)), "in_grid=2.0"),
        (((2, 2), (0, 2)), "out_grid=0"),
        ((4, (2, 2)), r"in_grid=4: it must be \(height, width\)"),
        (((2, 2), (2, 2, 2)), r"out_grid=\(2, 2, 2\)"),
    ],
)
def test_sizes_that_are_none_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CoordinateHypernetwork(*arguments)
