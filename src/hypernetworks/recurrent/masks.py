"""Recurrent dropout without memory loss (Semeniuta et al.): masks of phi(g), fresh at every step.

A mask holds 0 where a unit is dropped and 1 / keep elsewhere; (T, B, H) for a sequence.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Masks(NamedTuple):
    """For a sequence (T, B, H) and (T, B, P), for a step (B, H) and (B, P); None: no dropout."""

    main: Tensor | None = None
    hyper: Tensor | None = None

    def unsqueeze(self, dim: int) -> "Masks":
        """With a dimension of one sequence."""
        return Masks(*(None if mask is None else mask.unsqueeze(dim) for mask in self))

    def at(self, t: int) -> "Masks":
        """Those of step t."""
        return Masks(*(None if mask is None else mask[t] for mask in self))


def draw_mask(rate: float, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
    """A mask from torch's generator; None where nothing is dropped.

    Args:
        rate: the probability of a unit to be dropped; on the CPU to the nearest 1 / 65536.
        like: gives device and type.
    """
    if rate == 0:
        return None
    if like.device.type != "cpu":
        keep = 1 - rate
        return torch.empty(shape, device=like.device, dtype=like.dtype).bernoulli_(keep).div_(keep)
    # Drawing is what a mask costs on a CPU: four 16-bit numbers from each of its 64-bit ones.
    kept = min(max(round((1 - rate) * 65536), 1), 65535)
    count = math.prod(shape)
    drawn = torch.empty(-(-count // 4), dtype=torch.int64, device=like.device).random_(
        -(2**63), None
    )
    chosen = drawn.view(torch.int16)[:count].view(shape) < kept - 32768
    return chosen.to(like.dtype).mul_(65536 / kept)


NO_MASKS = Masks()
