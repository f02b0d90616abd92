"""W x for vectors and for symbols, and the types of products and of the arithmetic around them.

T steps, B sequences, D input units
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def project(x: Tensor, weight: Tensor, mask: Tensor | None = None) -> Tensor:
    """W x of vectors (..., D), or of symbol ids (...) for one-hot ones: a row look-up.

    Args:
        weight: (n, D), where D is the number of symbols for ids.
        mask: (...) factor of every position: dropout of a whole one-hot vector.
    """
    if x.is_floating_point():
        rows = F.linear(x, weight)
    else:
        rows = F.embedding(x, weight.t()).to(product_dtype(weight))
    return rows if mask is None else rows * mask.unsqueeze(-1).to(rows.dtype)


def project_sequence(
    x: Tensor, weight: Tensor, mask: Tensor | None, bias: Tensor | None = None
) -> Tensor:
    """`project` for the fused operators, which have no second derivatives either; plus bias (n).

    On the CPU the rows of symbols are multiplied by their factors while they are copied: over a
    whole sequence a product of its own would take longer than the look-up.
    """
    if bias is None:
        return _rows(x, weight, mask)
    # Of a matrix: added in place to what is a view it would cost a copy of the gradient.
    rows = _rows(x.flatten(0, 1), weight, None if mask is None else mask.flatten())
    return rows.add_(bias.to(rows.dtype)).unflatten(0, x.shape[:2])


def _rows(x: Tensor, weight: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None or x.is_floating_point() or x.device.type != "cpu":
        return project(x, weight, mask)
    factors = mask.reshape(-1, 1).to(weight.dtype)
    rows = F.embedding_bag(x.reshape(-1, 1), weight.t(), mode="sum", per_sample_weights=factors)
    rows = rows.to(product_dtype(weight))
    return rows if x.dim() == 1 else rows.unflatten(0, x.shape)


def product_dtype(like: Tensor) -> torch.dtype:
    """The type of matrix products with `like`: autocast's, where that is on."""
    device = like.device.type
    known = torch.amp.is_autocast_available(device)
    if known and like.dtype != torch.float64 and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return like.dtype


def arithmetic_dtype(like: Tensor) -> torch.dtype:
    """The type of states and pointwise arithmetic in the fused form: at least float32."""
    return torch.float64 if like.dtype == torch.float64 else torch.float32
