"""A read-out and the log-loss of what followed, without the logits of all predictions at once.

P predictions, H units, V symbols
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypernetworks.recurrent.projection import arithmetic_dtype, product_dtype

# Logits at a time: what a processor's cache holds; a GPU has no use for small parts.
AT_ONCE = {"cpu": 1 << 20, "cuda": 1 << 28}


def log_loss(x: Tensor, weight: Tensor, bias: Tensor, following: Tensor) -> Tensor:
    """The sum (), in nats, of the log-losses of following (P,) with logits weight x + bias.

    As of `torch.nn.functional.cross_entropy`, but each of the P V logits is read and written
    while the cache has it: the gradients are found with the loss, part by part.

    Args:
        x: (P, H). weight: (V, H). bias: (V,).
    """
    parts = (x, weight, bias)
    wanted = torch.is_grad_enabled() and any(part.requires_grad for part in parts)
    found: Tensor = _LogLoss.apply(*parts, following, wanted)
    return found


class _LogLoss(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx, x: Tensor, weight: Tensor, bias: Tensor, following: Tensor, wanted: bool
    ) -> Tensor:
        product, real = product_dtype(x), arithmetic_dtype(x)
        with torch.autocast(x.device.type, enabled=False):
            factors = x.to(product), weight.to(product)
            loss = x.new_zeros((), dtype=real)
            grads = _Gradients(x, weight, bias, real) if wanted else None
            rows = max(1, AT_ONCE.get(x.device.type, 1 << 28) // len(weight))
            for start in range(0, len(x), rows):
                part = slice(start, start + rows)
                logits = torch.mm(factors[0][part], factors[1].t()).to(real).add_(bias)
                log_p = logits.log_softmax(1)
                chosen = torch.arange(len(log_p), device=x.device), following[part]
                loss -= log_p[chosen].sum()
                if grads is not None:
                    d = log_p.exp_()
                    d[chosen] -= 1
                    grads.add(part, d, *factors)
        if grads is not None:
            ctx.save_for_backward(grads.x, grads.weight, grads.bias)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Any, ...]:  # type: ignore[no-untyped-def]
        return *(part * grad for part in ctx.saved_tensors), None, None


class _Gradients:
    """Those of x, weight and bias, in their types, from the gradients d (n, V) of some logits."""

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor, real: torch.dtype) -> None:
        self.x = torch.empty_like(x)
        self.weight = torch.zeros_like(weight, dtype=real)
        self.bias = torch.zeros_like(bias, dtype=real)

    def add(self, part: slice, d: Tensor, x: Tensor, weight: Tensor) -> None:
        self.bias += d.sum(0)
        d = d.to(x.dtype)
        self.x[part] = d @ weight
        if d.dtype == self.weight.dtype:
            self.weight.addmm_(d.t(), x[part])
        else:
            self.weight += d.t() @ x[part]
