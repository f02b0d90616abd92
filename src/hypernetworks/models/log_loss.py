"""A read-out and the log-loss of what followed, without the logits of all predictions at once.

P predictions, H units, V symbols
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypernetworks.recurrent.fused.kernels import kernel
from hypernetworks.recurrent.fused.native import threads
from hypernetworks.recurrent.projection import arithmetic_dtype, product_dtype

# Logits at a time. Few are soon in no cache any more; but each part adds to all of the gradient of
# the weight. A GPU has no use for small parts.
AT_ONCE = {"cpu": 1 << 22, "cuda": 1 << 28}


def log_loss(x: Tensor, weight: Tensor, bias: Tensor, following: Tensor) -> Tensor:
    """The sum (), in nats, of the log-losses of following (P,) with logits weight x + bias.

    As of `torch.nn.functional.cross_entropy`, but the gradients are found with the loss, part by
    part, in the memory of the logits; on the CPU in one pass over each row (log_loss.cpp).

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
            offsets = bias.to(real)
            loss = x.new_zeros((), dtype=real)
            grads = _Gradients(x, weight, bias, real) if wanted else None
            rows = max(1, AT_ONCE.get(x.device.type, 1 << 28) // len(weight))
            memory = factors[0].new_empty(min(rows, len(x)), len(weight))
            for start in range(0, len(x), rows):
                part = slice(start, start + rows)
                logits = memory[: len(x) - start]
                torch.mm(factors[0][part], factors[1].t(), out=logits)
                found = _part(logits.to(real), offsets, following[part], wanted)
                loss += found.loss
                if grads is not None:
                    grads.add(part, found, *factors)
        if grads is not None:
            ctx.save_for_backward(grads.x, grads.weight, grads.bias)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Any, ...]:  # type: ignore[no-untyped-def]
        return *(part * grad for part in ctx.saved_tensors), None, None


class _Part(NamedTuple):
    """The loss () of some predictions, the gradients of their logits (n, V) and of bias (V,),
    which mean nothing where none are wanted."""

    loss: Tensor
    logits: Tensor
    bias: Tensor


def _part(logits: Tensor, bias: Tensor, following: Tensor, wanted: bool) -> _Part:
    """Of logits without bias, whose memory is used up."""
    count, symbols = logits.shape
    compiled = kernel("log_losses", logits, logits.numel())
    if compiled is None:
        log_p = logits.add_(bias).log_softmax(1)
        chosen = torch.arange(count, device=logits.device), following
        loss = -log_p[chosen].sum()
        if wanted:
            log_p.exp_()[chosen] -= 1
        return _Part(loss, log_p, log_p.sum(0) if wanted else bias)
    if ((following < 0) | (following >= symbols)).any():
        raise IndexError(f"a symbol that follows is not one of {symbols}")
    losses, shares = logits.new_empty(count), threads(count, symbols)
    sums = logits.new_zeros(shares, symbols) if wanted else None
    compiled(count, symbols, shares, bias, following, logits, losses, sums)
    return _Part(losses.sum(), logits, bias if sums is None else sums.sum(0))


class _Gradients:
    """Those of x, weight and bias, in their types, part by part."""

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor, real: torch.dtype) -> None:
        self.x = torch.empty_like(x)
        self.weight = torch.zeros_like(weight, dtype=real)
        self.bias = torch.zeros_like(bias, dtype=real)

    def add(self, part: slice, found: _Part, x: Tensor, weight: Tensor) -> None:
        self.bias += found.bias
        d = found.logits.to(x.dtype)
        self.x[part] = d @ weight
        if d.dtype == self.weight.dtype:
            self.weight.addmm_(d.t(), x[part])
        else:
            self.weight += d.t() @ x[part]
