"""What a hyper cell makes of its output: embeddings, and from them the scaling vectors (eq. 8, 11).

P hyper units, N = N_z, H units of the main cell
G gates: 4 (i, g, f, o) in a HyperLSTM, 1 in a HyperRNN
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.initialisation import Device, parameter
from hypernetworks.sizes import whole


class Scales(NamedTuple):
    """What the hyper cell makes of h_hat: (..., G, H) each."""

    d_h: Tensor
    d_x: Tensor
    b: Tensor


class Embeddings(nn.Module):
    """z_h, z_x (with bias) and z_b (without) of h_hat, for every gate (eq. 11).

    Weights:
        `h_weight`, `x_weight` (G, N, P): 0. `h_bias`, `x_bias` (G, N): 1. `b_weight` (G, N, P):
        normal, std 0.01.
    """

    def __init__(
        self,
        gates: int,
        hyper_size: int,
        embedding_size: int,
        *,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        shape = (gates, whole("embedding_size", embedding_size))
        self.h_weight = parameter(*shape, hyper_size, device=device, dtype=dtype)
        self.x_weight = parameter(*shape, hyper_size, device=device, dtype=dtype)
        self.b_weight = parameter(*shape, hyper_size, device=device, dtype=dtype)
        self.h_bias = parameter(*shape, device=device, dtype=dtype)
        self.x_bias = parameter(*shape, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Appendix A.2.3."""
        for weight, bias in ((self.h_weight, self.h_bias), (self.x_weight, self.x_bias)):
            nn.init.zeros_(weight)
            nn.init.ones_(bias)
        nn.init.normal_(self.b_weight, std=0.01)

    def forward(self, h_hat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z_h, z_x, z_b (..., G, N) of h_hat (..., P)."""
        z_h = torch.einsum("...p,gnp->...gn", h_hat, self.h_weight) + self.h_bias
        z_x = torch.einsum("...p,gnp->...gn", h_hat, self.x_weight) + self.x_bias
        return z_h, z_x, torch.einsum("...p,gnp->...gn", h_hat, self.b_weight)

    def joint(self) -> tuple[Tensor, Tensor]:
        """Weight (3 G N, P) and bias (3 G N) of all embeddings as one product; z_b's bias is 0."""
        weight = torch.cat((self.h_weight, self.x_weight, self.b_weight))
        bias = torch.cat((self.h_bias, self.x_bias, torch.zeros_like(self.x_bias)))
        return weight.flatten(0, 1), bias.flatten()


class Generator(nn.Module):
    """What the hyper cell generates: d_h = W_hz z_h, d_x = W_xz z_x, b = W_bz z_b (eq. 8 and 12).

    Weights:
        `weight_hz`, `weight_xz` (G, N, H): 0.1 / N, so that the scales start at 0.1. `weight_bz`
        (G, N, H): 0.
    """

    def __init__(
        self,
        gates: int,
        hyper_size: int,
        embedding_size: int,
        hidden_size: int,
        *,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.embeddings = Embeddings(gates, hyper_size, embedding_size, device=device, dtype=dtype)
        shape = (gates, embedding_size, hidden_size)
        self.weight_hz = parameter(*shape, device=device, dtype=dtype)
        self.weight_xz = parameter(*shape, device=device, dtype=dtype)
        self.weight_bz = parameter(*shape, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Appendix A.2.3."""
        self.embeddings.reset_parameters()
        size = self.weight_hz.shape[1]
        nn.init.constant_(self.weight_hz, 0.1 / size)
        nn.init.constant_(self.weight_xz, 0.1 / size)
        nn.init.zeros_(self.weight_bz)

    def forward(self, h_hat: Tensor) -> Scales:
        """From h_hat (..., P)."""
        weights = (self.weight_hz, self.weight_xz, self.weight_bz)
        pairs = zip(self.embeddings.forward(h_hat), weights, strict=True)
        return Scales(*(torch.einsum("...gn,gnh->...gh", z, w) for z, w in pairs))

    def scaling(self) -> Tensor:
        """W_hz, W_xz, W_bz as (3 G, N, H)."""
        return torch.cat((self.weight_hz, self.weight_xz, self.weight_bz))
