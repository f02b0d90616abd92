"""The density of the next pen offset: a mixture of bivariate Gaussians, and whether the stroke ends
there (table 5, appendix A.3.5; Graves 2013, section 4.1).

M Gaussians, H inputs; ... any leading shape
"""

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.sizes import whole

# Where the parameters are held so that every likelihood and its gradient is finite in float32.
LOG_SIGMA = (math.log(1e-4), math.log(1e4))
LARGEST_RHO = 0.999
FARTHEST = 1e6  # deviations


class Mixture(NamedTuple):
    """The distributions of points (dx, dy, end of stroke), in float32 or float64.

    Attributes:
        log_pi: (..., M) logarithms of the weights.
        mean: (..., M, 2) of dx and dy.
        log_sigma: (..., M, 2) of dx and dy; sigma is held to 1e-4 .. 1e4.
        rho: (..., M) correlations, within +-0.999.
        end: (...) the logit of the end of the stroke.
    """

    log_pi: Tensor
    mean: Tensor
    log_sigma: Tensor
    rho: Tensor
    end: Tensor

    @classmethod
    def of(cls, outputs: Tensor) -> "Mixture":
        """From a layer's outputs (..., 6 M + 1): for pi, the means of dx and of dy, the logarithms
        of both deviations, rho before its tanh, M each; the end of the stroke.

        Outputs in bfloat16 or float16 are computed in float32.
        """
        outputs = outputs if outputs.dtype == torch.float64 else outputs.float()
        pi, x, y, log_sigma_x, log_sigma_y, rho = outputs[..., :-1].chunk(6, -1)
        return cls(
            log_pi=pi.log_softmax(-1),
            mean=torch.stack([x, y], -1),
            log_sigma=torch.stack([log_sigma_x, log_sigma_y], -1).clamp(*LOG_SIGMA),
            rho=LARGEST_RHO * rho.tanh(),
            end=outputs[..., -1],
        )

    def log_likelihood(self, points: Tensor) -> Tensor:
        """In nats, (...), of points (..., 3).

        A point more than 1e6 deviations away from a mean counts as if it were that far.
        """
        offsets, ends = points[..., None, :2].to(self.mean.dtype), points[..., 2].to(self.end.dtype)
        away = ((offsets - self.mean) * (-self.log_sigma).exp()).clamp(-FARTHEST, FARTHEST)
        x, y = away.unbind(-1)
        # dx by itself, then dy given dx: no difference of large numbers where rho is near 1.
        left = (1 - self.rho) * (1 + self.rho)
        log_normal = (
            -math.log(2 * math.pi)
            - self.log_sigma.sum(-1)
            - 0.5 * (left.log() + x.square() + (y - self.rho * x).square() / left)
        )
        of_offset = (self.log_pi + log_normal).logsumexp(-1)
        return of_offset + ends * self.end - F.softplus(self.end)

    def sample(self, bias: float = 0.0, generator: torch.Generator | None = None) -> Tensor:
        """Points (..., 3), drawn on the CPU: the same seed draws the same.

        Args:
            bias: Graves' probability bias (2013, section 5.4): 0 draws from the distribution, more
                prefers what is more probable.
            generator: of the CPU.
        Raises:
            ValueError: if the bias is negative or not finite.
        """
        if not 0 <= bias < math.inf:
            raise ValueError(f"bias={bias}: it must be 0 or more, and finite")
        log_pi, mean, log_sigma, rho, end = (part.detach().cpu() for part in self)
        weights = (log_pi * (1 + bias)).softmax(-1).reshape(-1, log_pi.shape[-1])
        chosen = torch.multinomial(weights, 1, generator=generator).view(*end.shape, 1)
        mean, log_sigma = (
            part.gather(-2, chosen[..., None].expand(*chosen.shape, 2)).squeeze(-2)
            for part in (mean, log_sigma)
        )
        rho = rho.gather(-1, chosen).squeeze(-1)
        on_cpu: dict[str, Any] = {"generator": generator, "dtype": mean.dtype, "device": "cpu"}
        first, second = torch.randn(mean.shape, **on_cpu).unbind(-1)
        correlated = rho * first + ((1 - rho) * (1 + rho)).sqrt() * second
        offsets = mean + (log_sigma - bias).exp() * torch.stack([first, correlated], -1)
        ends = torch.rand(end.shape, **on_cpu) < end.sigmoid()
        return torch.cat([offsets, ends[..., None].to(offsets.dtype)], -1)


class MixtureDensity(nn.Linear):
    """A layer whose output is a `Mixture`, in place of a linear read-out.

    Args:
        in_features: H.
        mixtures: M.

    Weights:
        `weight` (6 M + 1, H): uniform as of Glorot; `bias` (6 M + 1): 0.

    Examples:
        >>> density = MixtureDensity(900)
        >>> loss = -density(h).log_likelihood(points).mean()  # h (..., 900), points (..., 3)
        >>> points = density(h).sample(bias=0.5)
    """

    def __init__(self, in_features: int, mixtures: int = 20) -> None:
        self.mixtures = whole("mixtures", mixtures)
        super().__init__(whole("in_features", in_features), 6 * mixtures + 1)

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, h: Tensor) -> Mixture:  # type: ignore[override]
        """The mixtures (...) of h (..., H)."""
        return Mixture.of(super().forward(h))

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, mixtures={self.mixtures}"
