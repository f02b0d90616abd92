"""What the forward and the backward passes of both operators share; see sequence.py.

T steps, B sequences, H units, G gates
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.native import threads
from hypernetworks.recurrent.fused.rows import Gradients, Rows
from hypernetworks.recurrent.fused.step import Norm
from hypernetworks.torch_private import keeps_graph


def as_norm(*parts: Tensor | None) -> Norm | None:
    gain, offset, cell_gain, cell_offset = parts
    if gain is None or offset is None or cell_gain is None or cell_offset is None:
        return None
    return Norm(gain, offset, cell_gain, cell_offset)


def norm_gradients(sums: Tensor, gates: int) -> list[Tensor]:
    """Of rows.Gradients.parameters: gain, offset, cell_gain, cell_offset."""
    return [sums[gates : 2 * gates], sums[2 * gates : 3 * gates], sums[-2], sums[-1]]


def with_first(first: Tensor, steps: int) -> Tensor:
    """Memory for the states of all steps (T + 1, B, H), the initial one in its place."""
    states = first.new_empty(steps + 1, *first.shape)
    states[0] = first
    return states


def as_products(states: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Memory for the same states in the type of the products; None where that is their own."""
    if states.dtype == dtype:
        return None
    copy = torch.empty_like(states, dtype=dtype)
    copy[0] = states[0]
    return copy


def gradients_of(
    grad_states: Tensor | None,
    grad_cells: Tensor | None,
    rows: Rows,
    products: Tensor,
    inputs: Tensor | None = None,
) -> Gradients:
    """Where the backward pass over the rows starts: nothing flows in from after the last step.

    Args:
        products: memory for the gradients of the rows' products.
        inputs: for those of their inputs.
    """
    return Gradients(
        output=None if grad_states is None else grad_states[1:].contiguous(),
        cells=None if grad_cells is None else grad_cells[1:].contiguous(),
        h=torch.zeros_like(rows.h[0]),
        c=torch.zeros_like(rows.c[0]),
        products=products,
        inputs=inputs,
        scales=None if rows.scales is None else torch.empty_like(rows.scales),
        parameters=_sums(rows.h, 3 * rows.gates + 2),
    )


def _sums(states: Tensor, parts: int) -> Tensor:
    """Zeros for Gradients.parameters: a share for each thread, on a GPU for each sequence.

    There sums over the batch would be kernels of their own at every step.
    """
    _, batch, units = states.shape
    if states.device.type == "cpu":
        return states.new_zeros(threads(batch, units), parts, units)
    return states.new_zeros(parts, batch, units).transpose(0, 1)


def may_overwrite(products: Tensor) -> bool:
    """Whether the backward pass may lay its gradients over what was kept for it.

    It may when the graph is freed after this pass, that is without retain_graph and create_graph;
    the products and inputs are then of no more use, and the memory of a step is a third less.
    """
    if type(products) is not Tensor or torch.is_grad_enabled():
        return False  # traced, or to be differentiated again
    if products.device.type != "cpu":
        return False  # compiled steps may not read and write the same memory under two names
    return not keeps_graph()


def no_second_derivative(ctx: Any, *grads: Tensor | None) -> NoReturn:
    """What differentiating a backward pass ends in."""
    raise RuntimeError(
        "the fused form of recurrent layers has no second derivatives; make them with "
        'backend="reference", which has them'
    )


def refuse_batches(*grads: Tensor | None) -> None:
    """Refuses a backward pass for several gradients at once (is_grads_batched, vectorize)."""
    try:
        for grad in grads:
            if grad is not None:
                grad.detach()  # which a batch of gradients cannot
    except RuntimeError as error:
        raise RuntimeError(
            "the fused form of recurrent layers has no backward pass for a batch of gradients; "
            'make them with backend="reference", which has it'
        ) from error


def multiply_into(out: Tensor, d: Tensor, weight: Tensor) -> None:
    """out = d @ weight, where the product may have a narrower type."""
    if out.dtype == d.dtype:
        torch.mm(d, weight, out=out)
    else:
        out.copy_(torch.mm(d, weight))


def at_start(grad: Tensor, grad_states: Tensor | None) -> Tensor:
    """The gradient of an initial state: what flows through the steps, and what uses it directly."""
    return grad if grad_states is None else grad + grad_states[0]


def weight_gradient(d: Tensor, states: Tensor) -> Tensor:
    """(n, H): the one product over all T B rows. d (T, B, n), states (T, B, H)."""
    return d.flatten(0, 1).t() @ states.flatten(0, 1).to(d.dtype)


def without_looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as an operator can have it: without its argument `looking`, which is None."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*arguments)

    signature = inspect.signature(function)
    kept = [p for p in signature.parameters.values() if p.name != "looking"]
    call.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    return call
