"""A bank's parameters with which its kernels come near given ones, by alternating least squares.

Eq. 2 is linear in the embeddings, in W_i and B_i, in W_out and B_out. What is left of basic kernels
without B_out is a Tucker decomposition along two of their three directions: embeddings along the
kernels, W_out along outputs and pixels, W_i and B_i its core (Kolda and Bader, 2009, section 4).

Shapes:
    K  basic kernels    p  N_out f f, outputs and pixels    i  N_in    d, z  ranks <= N_z
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hypernetworks.static.bank import KernelBank

SWEEPS, ENOUGH = 30, 1e-3  # the most, and the least that the error has to fall by in one


class Factors(NamedTuple):
    """kernels[k] = w_out (core z[k] + core_mean) + b_out, each column of w_out of length 1."""

    b_out: Tensor  # (p,)
    w_out: Tensor  # (p, d)
    core_mean: Tensor  # (d, i)
    core: Tensor  # (z, d, i)
    z: Tensor  # (K, z)

    def kernels(self) -> Tensor:
        inner = (self.z @ self.core.flatten(1)).unflatten(1, self.core.shape[1:])
        return self.w_out @ (inner + self.core_mean) + self.b_out[:, None]


@torch.no_grad()
def fit(bank: KernelBank, kernels: dict[str, Tensor]) -> dict[str, float]:
    """Sets the bank's parameters so that its kernels come near these.

    The same kernels give the same parameters: it computes in float64 on the CPU.

    Args:
        kernels: (out_channels, in_channels, f, f) by the layer's name, in the bank's order.
    Returns:
        each layer's relative error, |generated - given| / |given|.
    Raises:
        ValueError: naming it, for a layer whose kernel has no values (meta) or some not finite.
    """
    for name, kernel in kernels.items():
        if kernel.is_meta or not kernel.isfinite().all():
            raise ValueError(f'hyperize: init="keep": {name} has a kernel without finite values')
    given = [kernel.to("cpu", torch.float64) for kernel in kernels.values()]
    used = _basic(bank, [torch.ones_like(kernel) for kernel in given]).bool()
    _set(bank, _factors(_basic(bank, given), used, bank.generator.embedding_size))
    errors = {}
    for name, kernel, made in zip(kernels, given, bank(), strict=True):
        size, off = float(kernel.norm()), float((made.to("cpu", torch.float64) - kernel).norm())
        errors[name] = off / size if size else (math.inf if off else 0.0)
    return errors


def _basic(bank: KernelBank, kernels: Sequence[Tensor]) -> Tensor:
    """The layers' kernels as basic ones (K, p, i), in the order of the embeddings; 0 if unused."""
    n_out, n_in = bank.generator.out_channels, bank.generator.in_channels
    parts = []
    for (a, b), layers, _ in bank.groups:
        for kernel in (kernels[layer] for layer in layers):
            unused = (a * n_in - kernel.shape[1], b * n_out - kernel.shape[0])
            whole = F.pad(kernel, (0, 0, 0, 0, 0, unused[0], 0, unused[1]))
            tiles = whole.unflatten(1, (a, n_in)).unflatten(0, (b, n_out))
            parts.append(tiles.permute(2, 0, 1, 4, 5, 3).flatten(2, 4).flatten(0, 1))
    return torch.cat(parts)


def _factors(given: Tensor, used: Tensor, size: int) -> Factors:
    """Those of the best fit found; where a basic kernel is not used it may be anything."""
    guess, before = given, math.inf
    found = best = None
    for _ in range(SWEEPS):
        found = _sweep(guess, found, size)
        made = found.kernels()
        error = float((made - given)[used].norm())
        if error < before:
            best = found
        if not error < (1 - ENOUGH) * before:
            break
        guess, before = torch.where(used, given, made), error
    assert best is not None
    return best


def _sweep(kernels: Tensor, found: Factors | None, size: int) -> Factors:
    """W_out for the embeddings there are (at first for any), then embeddings for that W_out."""
    b_out = kernels.mean((0, 2))
    centred = kernels - b_out[:, None]
    mean = centred.mean(0)
    around = centred - mean
    if found is None:
        seen = around
    else:
        basis = torch.linalg.qr(found.z).Q
        seen = (basis.T @ around.flatten(1)).unflatten(1, mean.shape)
    # The mean counts as often as there are kernels.
    columns = torch.cat([seen.transpose(0, 1).flatten(1), math.sqrt(len(kernels)) * mean], 1)
    w_out = _leading(columns @ columns.T, size)
    inner = (w_out.T @ around).flatten(1)
    if len(inner) > inner.shape[1]:
        core = _leading(inner.T @ inner, size).T
        z = inner @ core.T
    else:
        z = _leading(inner @ inner.T, min(size, max(1, len(inner) - 1)))
        core = z.T @ inner
    shape = (w_out.shape[1], mean.shape[1])
    return Factors(b_out, w_out, w_out.T @ mean, core.unflatten(1, shape), z)


def _leading(symmetric: Tensor, count: int) -> Tensor:
    """Its eigenvectors of the largest eigenvalues, as columns."""
    return torch.linalg.eigh(symmetric).eigenvectors[:, -count:]


def _set(bank: KernelBank, found: Factors) -> None:
    """Sets the parameters, embeddings, W_i and W_out of one size: so Adam's steps, which are the
    same for all, move the kernels least.

    Embeddings and hidden units that the fit has no use for are 0 and what they meet is drawn: they
    change no kernel, and gradients reach them.
    """
    draws = torch.Generator("cpu").manual_seed(0)
    embeddings, w_in, b_in, w_out, b_out = (
        torch.randn(part.shape, generator=draws, dtype=torch.float64, device="cpu")
        for part in bank.parts()
    )
    lengths = found.z.square().mean(0).sqrt()
    live = lengths > 1e-9 * lengths.max()
    count, hidden = int(live.sum()), found.w_out.shape[1]
    width = math.sqrt(len(found.w_out))  # w_out's entries have the size 1 / width
    core = (found.core[live] * lengths[live, None, None]).permute(2, 1, 0) / width
    mean = found.core_mean.T / width
    size = float(torch.cat([core, mean[..., None]], 2).square().mean()) ** (1 / 6) or 0.1

    embeddings.zero_()[:, :count] = found.z[:, live] / lengths[live] * size
    w_in.mul_(size)[:, :hidden, :count] = core / size**2
    w_in[:, hidden:] = 0
    b_in.zero_()[:, :hidden] = mean / size
    w_out.mul_(size).flatten(0, 2)[:, :hidden] = found.w_out * width * size
    b_out.view(-1)[:] = found.b_out
    for part, values in zip(bank.parts(), (embeddings, w_in, b_in, w_out, b_out), strict=True):
        part.copy_(values)
