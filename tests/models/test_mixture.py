import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Categorical,
    MixtureSameFamily,
    MultivariateNormal,
)

from hypernetworks import Mixture, MixtureDensity
from hypernetworks.models.mixture import LARGEST_RHO

M = 5


def outputs(*shape: int, dtype: torch.dtype = torch.float64, spread: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return spread * torch.randn(*shape, 6 * M + 1, generator=generator, dtype=dtype)


def by_torch(raw: Tensor) -> tuple[MixtureSameFamily, Bernoulli]:
    """The same distributions, from the formulas of the paper and torch.distributions."""
    pi, mean_x, mean_y, log_x, log_y, rho = raw[..., :-1].chunk(6, -1)
    sigma_x, sigma_y, rho = log_x.exp(), log_y.exp(), LARGEST_RHO * rho.tanh()
    covariance = torch.stack(
        [sigma_x**2, rho * sigma_x * sigma_y, rho * sigma_x * sigma_y, sigma_y**2], -1
    ).unflatten(-1, (2, 2))
    normals = MultivariateNormal(torch.stack([mean_x, mean_y], -1), covariance)
    return MixtureSameFamily(Categorical(logits=pi), normals), Bernoulli(logits=raw[..., -1])


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.5])
def test_log_likelihood_is_that_of_torch_distributions(spread: float) -> None:
    raw = outputs(7, 3, spread=spread)
    points = torch.cat([torch.randn(7, 3, 2), torch.randint(2, (7, 3, 1))], -1).double()
    of_offset, of_end = by_torch(raw)
    expected = of_offset.log_prob(points[..., :2]) + of_end.log_prob(points[..., 2])
    found = Mixture.of(raw).log_likelihood(points)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    single = Mixture.of(raw.float()).log_likelihood(points.float())
    torch.testing.assert_close(single, expected.float(), rtol=1e-4, atol=1e-4)


def test_density_integrates_to_one() -> None:
    mixture = Mixture.of(outputs(spread=0.5))
    axis = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    x, y = torch.meshgrid(axis, axis, indexing="ij")
    total = sum(
        float(mixture.log_likelihood(torch.stack([x, y, end * torch.ones_like(x)], -1)).exp().sum())
        for end in (0, 1)
    )
    assert total * float(axis[1] - axis[0]) ** 2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("offset", [0.0, 1e-30, 1.0, 1e3, 1e10, 1e30, -1e38])
@pytest.mark.parametrize("size", [1.0, 30.0, 1e4, 1e30])
def test_likelihood_and_gradient_are_finite_everywhere(
    dtype: torch.dtype, offset: float, size: float
) -> None:
    raw = outputs(11, dtype=dtype, spread=size).requires_grad_()
    points = torch.tensor([offset, -offset, 1.0]).expand(11, 3)
    found = Mixture.of(raw).log_likelihood(points)
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert raw.grad is not None
    assert raw.grad.isfinite().all()


def test_bfloat16_outputs_are_computed_in_float32() -> None:
    raw, points = outputs(9, dtype=torch.bfloat16), torch.tensor([0.3, -0.1, 0.0]).expand(9, 3)
    expected = Mixture.of(raw.float()).log_likelihood(points)
    assert torch.equal(Mixture.of(raw).log_likelihood(points), expected)


def test_gradient_by_central_differences() -> None:
    points = torch.tensor([[0.2, -0.4, 1.0], [1.5, 0.1, 0.0]], dtype=torch.float64)
    torch.autograd.gradcheck(
        lambda raw: Mixture.of(raw).log_likelihood(points), outputs(2).requires_grad_()
    )


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_samples_have_the_moments_of_the_mixture(bias: float) -> None:
    raw = outputs(spread=0.7)
    drawn = Mixture.of(raw.expand(200_000, -1)).sample(bias, torch.Generator().manual_seed(1))
    sharper = raw.clone()  # Graves (2013), section 5.4
    sharper[:M] *= 1 + bias
    sharper[3 * M : 5 * M] -= bias
    of_offset, of_end = by_torch(sharper)
    torch.testing.assert_close(drawn[:, :2].mean(0), of_offset.mean, rtol=0, atol=0.02)
    torch.testing.assert_close(drawn[:, :2].var(0), of_offset.variance, rtol=0.03, atol=0)
    assert float(drawn[:, 2].mean()) == pytest.approx(float(of_end.mean), abs=0.01)
    covariance = torch.cov(drawn[:, :2].T)[0, 1]
    pi, mean = sharper[:M].softmax(0), torch.stack([sharper[M : 2 * M], sharper[2 * M : 3 * M]], 1)
    within = (of_offset.component_distribution.covariance_matrix[:, 0, 1] * pi).sum()
    about = mean - (pi[:, None] * mean).sum(0)
    between = (pi * about[:, 0] * about[:, 1]).sum()
    assert float(covariance) == pytest.approx(float(within + between), abs=0.02)


def test_a_seed_draws_the_same() -> None:
    mixture = Mixture.of(outputs(4, 3))
    one, two = (mixture.sample(0.5, torch.Generator().manual_seed(3)) for _ in range(2))
    assert one.shape == (4, 3, 3)
    assert torch.equal(one, two)
    alone = Mixture.of(outputs())
    assert alone.sample(generator=torch.Generator().manual_seed(3)).shape == (3,)
    with torch.device("meta"):
        there = mixture.sample(0.5, torch.Generator("cpu").manual_seed(3))
    assert torch.equal(there, one)
    with pytest.raises(ValueError, match="bias=-1"):
        mixture.sample(-1)


def test_layer_has_the_outputs_of_the_paper() -> None:
    layer = MixtureDensity(900)
    assert layer.weight.shape == (121, 900)
    assert sum(p.numel() for p in layer.parameters()) == 121 * 901
    mixture = layer(torch.randn(6, 2, 900))
    assert mixture.mean.shape == (6, 2, 20, 2)
    torch.testing.assert_close(mixture.log_pi.exp().sum(-1), torch.ones(6, 2))
    raw = F.linear(torch.ones(900), layer.weight, layer.bias)
    assert torch.equal(layer(torch.ones(900)).end, raw[-1])
    with pytest.raises(ValueError, match="mixtures"):
        MixtureDensity(900, 0)


def test_a_standard_normal_by_hand() -> None:
    raw = torch.zeros(6 + 1, dtype=torch.float64)
    found = Mixture.of(raw).log_likelihood(torch.tensor([1.0, 2.0, 1.0]))
    assert float(found) == pytest.approx(-math.log(2 * math.pi) - 2.5 - math.log(2))
