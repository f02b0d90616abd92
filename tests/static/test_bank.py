"""Many layers' kernels from one product: eq. 3 by hand, against layer by layer, He's variance."""

import math

import pytest
import torch

from hypernetworks.static.bank import KernelBank
from hypernetworks.static.generator import tile_kernels

SHAPES = [(4, 2), (2, 2), (4, 4), (2, 2), (4, 2), (3, 5), (1, 1)]


@pytest.fixture
def bank():
    torch.manual_seed(0)
    bank = KernelBank(SHAPES, 3, base=(2, 2), embedding_size=5)
    with torch.no_grad():
        bank.generator.b_in.normal_()
        bank.generator.b_out.normal_()
    return bank


def test_each_layer_is_its_own_grid_of_basic_kernels(bank):
    kernels = bank()
    assert [tuple(kernel.shape) for kernel in kernels] == [(o, i, 3, 3) for o, i in SHAPES]
    for group in bank.groups:
        grids = bank.embeddings[group.embeddings].unflatten(0, (-1, *group.tiles))
        for layer, grid in zip(group.layers, grids, strict=True):
            n_out, n_in = SHAPES[layer]
            expected = tile_kernels(bank.generator(grid))[:n_out, :n_in]
            torch.testing.assert_close(kernels[layer], expected)


def test_eq_3_by_hand():
    """A 1 x 1 generator that repeats its embedding: tile [p, q] of the kernel is z[p, q]."""
    bank = KernelBank([(4, 6)], 1, base=(2, 2), embedding_size=1)
    generator = bank.generator
    with torch.no_grad():
        for part in (generator.w_in, generator.w_out):
            part.fill_(1)
        bank.embeddings.copy_(torch.arange(6.0)[:, None])  # a = 3 input, b = 2 output tiles
    (kernel,) = bank()
    for p in range(3):
        for q in range(2):
            tile = kernel[2 * q : 2 * q + 2, 2 * p : 2 * p + 2, 0, 0]
            assert (tile == 2 * p + q).all()


def test_kernels_of_one_tile_are_views_and_all_are_channels_last():
    bank = KernelBank([(16, 16), (16, 16), (32, 64)], 3, embedding_size=4)
    with torch.no_grad():
        first, _, large = bank()
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert large.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        basic = bank.generator(bank.embeddings)
        tiled = bank._tile(basic[:2], (1, 1))
    assert tiled.data_ptr() == basic.data_ptr()


@pytest.mark.parametrize("shape", [(64, 16), (16, 64), (48, 40)])
def test_kernels_start_with_hes_variance(shape):
    torch.manual_seed(1)
    bank = KernelBank([shape] * 20, 3)
    kernels = torch.stack(bank())
    expected = math.sqrt(2 / (shape[1] * 9))
    assert float(kernels.detach().std()) == pytest.approx(expected, rel=0.05)
    assert float(kernels.detach().mean()) == pytest.approx(0, abs=expected / 20)


def test_embeddings_start_small_and_the_generator_makes_up_for_it():
    """As large as Adam's steps can move; the kernels of both are the same."""
    torch.manual_seed(2)
    bank = KernelBank([(16, 16)] * 50 + [(64, 32)] * 50, 3)
    norms = bank.embeddings.detach().norm(dim=1)
    torch.testing.assert_close(norms[:50], torch.full((50,), 8.0) / 10)
    torch.testing.assert_close(norms[50:], torch.full((400,), 8.0) / math.sqrt(2) / 10)
    w_in, w_out = bank.generator.w_in.detach(), bank.generator.w_out.detach()
    assert float(w_in.std()) == pytest.approx(3 / 8, rel=0.02)
    he = math.sqrt(2 / (16 * 9))
    assert float(w_out.std()) == pytest.approx(10 / 3 * he / 8, rel=0.03)


def test_gradients_reach_every_embedding(bank):
    sum(kernel.square().sum() for kernel in bank()).backward()
    assert (bank.embeddings.grad.abs().sum(1) > 0).all()
    assert bank.generator.w_in.grad.abs().sum() > 0


def test_one_layers_kernel_is_that_of_all(bank):
    for number, kernel in enumerate(bank()):
        torch.testing.assert_close(bank.kernel(number), kernel)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([(4, 2.0)], 3), "in_channels=2.0"),
        (([(True, 2)], 3), "out_channels=True"),
        (([(4, 2)], 3, (2, 0)), r"base\[1\]=0"),
        (([(4, 2)], 3, (2.5, 2)), r"base\[0\]=2.5"),
        (([(4, 2)], 0), "kernel_size=0"),
        (([(4, 2)], 3, (2, 2), False), "embedding_size=False"),
    ],
)
def test_sizes_that_are_none_are_refused(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}: it must be a whole number"):
        KernelBank(*arguments)
