"""Eq. 2 and eq. 3, held to a transcription with explicit loops."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hypernetworks import KernelGenerator, TiledKernel, tile_kernels

SIZES = st.integers(1, 4)


def kernel_by_hand(generator: KernelGenerator, z: torch.Tensor) -> torch.Tensor:
    """Eq. 2, one input channel at a time: K_i = <W_out, W_i z + B_i> + B_out."""
    filters = []
    for i in range(generator.in_channels):
        a_i = generator.w_in[i] @ z + generator.b_in[i]
        filters.append((generator.w_out * a_i).sum(-1) + generator.b_out)
    return torch.stack(filters, dim=1)


def randomised(generator: KernelGenerator) -> KernelGenerator:
    """With biases that are not 0, so that a lost bias shows."""
    with torch.no_grad():
        for parameter in generator.parameters():
            torch.nn.init.normal_(parameter)
    return generator


@settings(deadline=None, max_examples=25)
@given(SIZES, SIZES, SIZES, SIZES, SIZES, SIZES)
def test_equals_equation_2(n_in, n_out, f, n_z, d, stack):
    generator = randomised(KernelGenerator(n_in, n_out, f, n_z, d)).double()
    z = torch.randn(stack, n_z, dtype=torch.float64)
    expected = torch.stack([kernel_by_hand(generator, row) for row in z])
    torch.testing.assert_close(generator(z), expected, rtol=1e-12, atol=1e-12)


def test_gradients_equal_those_of_equation_2():
    generator = randomised(KernelGenerator(3, 2, 5, 4)).double()
    z = torch.randn(4, dtype=torch.float64, requires_grad=True)
    coefficients = torch.randn(2, 3, 5, 5, dtype=torch.float64)
    inputs = [z, *generator.parameters()]
    ours = torch.autograd.grad((generator(z) * coefficients).sum(), inputs)
    by_hand = torch.autograd.grad((kernel_by_hand(generator, z) * coefficients).sum(), inputs)
    torch.testing.assert_close(ours, by_hand)


def test_any_number_of_leading_dimensions():
    generator = KernelGenerator(2, 3, 1, 4)
    z = torch.randn(5, 6, 4)
    kernels = generator(z)
    assert kernels.shape == (5, 6, 3, 2, 1, 1)
    torch.testing.assert_close(kernels[2, 4], generator(z[2, 4]))


def test_paper_parameter_count():
    generator = KernelGenerator(16, 16, 7, 4)
    assert sum(p.numel() for p in generator.parameters()) == 4240


def test_a_kernel_is_channels_last_without_a_copy():
    kernel = KernelGenerator(16, 16, 7, 4)(torch.randn(4))
    assert kernel.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("layer", "f", "n_z"), [((16, 16), 7, 4), ((16, 16), 3, 64), ((64, 32), 3, 64)]
)
def test_fresh_kernels_have_he_variance(layer, f, n_z):
    """Over many fresh generators: mean 0, variance 2 / fan_in of the LAYER, within 4 %."""
    torch.manual_seed(0)
    kernels = []
    for _ in range(200):
        generator = KernelGenerator(16, 16, f, n_z)
        kernels.append(TiledKernel(generator, *layer)(generator).detach().flatten())
    values = torch.cat(kernels)
    he_variance = 2 / (layer[0] * f * f)
    assert values.var().item() == pytest.approx(he_variance, rel=0.04)
    assert abs(values.mean().item()) < 0.01 * he_variance**0.5


def test_tiles_lie_as_in_equation_3():
    """The a x b block matrix: rows are groups of inputs, columns groups of outputs."""
    a, b, n_out, n_in, f = 2, 3, 4, 5, 3
    kernels = torch.randn(a, b, n_out, n_in, f, f)
    tiled = tile_kernels(kernels)
    assert tiled.shape == (b * n_out, a * n_in, f, f)
    for p in range(a):
        for q in range(b):
            outputs, inputs = slice(q * n_out, (q + 1) * n_out), slice(p * n_in, (p + 1) * n_in)
            assert torch.equal(tiled[outputs, inputs], kernels[p, q])


def test_tiled_kernel_uses_its_own_embeddings():
    generator = KernelGenerator(2, 3, 3, 4)
    layer = TiledKernel(generator, 4, 9)
    assert layer.embeddings.shape == (2, 3, 4)
    kernel = layer(generator)
    torch.testing.assert_close(kernel[3:6, 2:4], generator(layer.embeddings[1, 1]))


@pytest.mark.parametrize("channels", [(3, 3), (2, 4), (0, 3), (2, 0), (2.0, 3), (2, True)])
def test_channels_that_do_not_tile_are_refused(channels):
    with pytest.raises(ValueError, match=r"not multiples|channels=.* a whole number"):
        TiledKernel(KernelGenerator(2, 3, 3, 4), *channels)


def test_wrong_embedding_size_is_refused():
    with pytest.raises(ValueError, match=r"N_z = 4, got shape \(2, 5\)"):
        KernelGenerator(2, 3, 3, 4)(torch.randn(2, 5))


SIZES_BY_NAME = ("in_channels", "out_channels", "kernel_size", "embedding_size", "hidden_size")


@pytest.mark.parametrize("name", SIZES_BY_NAME)
@pytest.mark.parametrize("size", [0, -1, 2.0, True, "2"])
def test_sizes_that_are_none_are_refused(name, size):
    with pytest.raises(ValueError, match=f"^{name}={size!r}: it must be a whole number"):
        KernelGenerator(**{**dict.fromkeys(SIZES_BY_NAME, 2), name: size})


def test_seen_by_torch_compile_export_and_meta():
    generator = KernelGenerator(2, 3, 3, 4)
    z = torch.randn(5, 4)
    exported = torch.export.export(generator, (z,)).module()
    torch.testing.assert_close(exported(z), generator(z))
    with torch.device("meta"):
        assert KernelGenerator(2, 3, 3, 4).w_out.is_meta
