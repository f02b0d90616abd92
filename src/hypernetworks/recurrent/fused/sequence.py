"""A cell over a whole sequence as one operator: the fast form of the recurrent cells.

    T steps, B sequences, H units, P hyper units, G gates (4, or 1 for the HyperRNN), N = N_z

What does not depend on the state has been done before, for all steps at once: W_x x_t comes in as
`inputs`. Here the steps run with as few products as there can be, into memory that is laid out
once; the backward pass runs them in reverse for the gradients of the states only, and leaves the
gradients of weights to single products over all T B rows. The operators are opaque to
torch.compile and torch.export. They have no second derivatives, no forward-mode ones and none of
torch.func's transformations: backend="reference" has all three.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.attention import Looking, LookingBack
from hypernetworks.recurrent.fused.graphs import replayed
from hypernetworks.recurrent.fused.native import native
from hypernetworks.recurrent.fused.passes import (
    as_norm,
    as_products,
    at_start,
    gradients_of,
    may_overwrite,
    multiply_into,
    no_second_derivative,
    norm_gradients,
    refuse_batches,
    weight_gradient,
    with_first,
    without_looking,
)
from hypernetworks.recurrent.fused.rows import Rows


def lstm_forward(
    inputs: Tensor,
    h: Tensor,
    c: Tensor,
    weight_h: Tensor,
    gain: Tensor | None,
    offset: Tensor | None,
    cell_gain: Tensor | None,
    cell_offset: Tensor | None,
    mask: Tensor | None,
    forget_bias: float,
    epsilon: float,
    looking: Looking | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM or layer-norm LSTM over a sequence.

    Args:
        inputs: (T, B, 4 H) W_x x_t + b.
        h: (B, H) initial state.
        c: (B, H) initial state.
        weight_h: (4 H, H) in the type of `inputs`, which is that of the products.
        gain: layer norm of the gates, (4, H), as `offset`; None without.
        cell_gain: layer norm of c, (H), as `cell_offset`.
        mask: (T, B, H) of phi(g); None without recurrent dropout.
        looking: adds to the inputs of every step, see attention.py.
    Returns:
        h and c (T + 1, B, H), the initial state first, and the products W_h h_{t-1} (T, B, 4 H).
    """
    steps, batch, _ = inputs.shape
    products = torch.empty_like(inputs)
    h, c = with_first(h, steps), with_first(c, steps)
    h_product = as_products(h, inputs.dtype)
    norm = as_norm(gain, offset, cell_gain, cell_offset)
    rows = Rows(products, inputs, None, None, norm, mask, h, c, h_product, forget_bias, epsilon)
    step = native(rows)
    weight = weight_h.t()
    before, out = (h if h_product is None else h_product).unbind(0), products.unbind(0)
    for t in range(steps):
        if looking is not None:
            looking.forward(t, h[t])
        torch.mm(before[t], weight, out=out[t])
        step.forward(t, 0, batch)
    return h, c, products


lstm_sequence = torch.library.custom_op(
    "hypernetworks::lstm_sequence", replayed()(without_looking(lstm_forward)), mutates_args=()
)


@lstm_sequence.register_fake
def _(inputs, h, c, weight_h, *_):  # type: ignore[no-untyped-def]
    states = (inputs.shape[0] + 1, *h.shape)
    return h.new_empty(states), c.new_empty(states), torch.empty_like(inputs)


def lstm_backward(
    grad_h: Tensor | None,
    grad_c: Tensor | None,
    inputs: Tensor,
    h: Tensor,
    c: Tensor,
    products: Tensor,
    weight_h: Tensor,
    gain: Tensor | None,
    offset: Tensor | None,
    cell_gain: Tensor | None,
    cell_offset: Tensor | None,
    mask: Tensor | None,
    forget_bias: float,
    epsilon: float,
    overwrite: bool,
    looking: LookingBack | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the products, which are those of the inputs, of h_0, of c_0, and sums.

    Args:
        overwrite: lay the first over the products.
        looking: adds to the gradient of every h, see attention.py.
    Returns:
        (T, B, 4 H), (B, H), (B, H), and for the layer norm (14, H) as in rows.Gradients.
    """
    d = products if overwrite else torch.empty_like(products)
    norm = as_norm(gain, offset, cell_gain, cell_offset)
    rows = Rows(products, inputs, None, None, norm, mask, h, c, None, forget_bias, epsilon)
    grads = rows.gradients = gradients_of(grad_h, grad_c, rows, d)
    step, d_by_step = native(rows), d.unbind(0)
    steps, batch, _ = inputs.shape
    for t in reversed(range(steps)):
        step.backward(t, 0, batch)
        multiply_into(grads.h, d_by_step[t], weight_h)
        if looking is not None:
            looking.backward(t, grads.h, d_by_step[t])
    states = at_start(grads.h, grad_h), at_start(grads.c, grad_c)
    return d, *states, grads.parameters.sum(0)


_backward = replayed()(without_looking(lstm_backward))
# For traced graphs, which have no memory to overwrite.
lstm_sequence_backward = torch.library.custom_op(
    "hypernetworks::lstm_sequence_backward", _backward, mutates_args=()
)


@lstm_sequence_backward.register_fake
def _(grad_h, grad_c, inputs, h, *_):  # type: ignore[no-untyped-def]
    state = torch.empty_like(h[0])
    return torch.empty_like(inputs), state, torch.empty_like(state), h.new_empty(14, h.shape[-1])


class Arguments(NamedTuple):
    """Those of `lstm_sequence`, or whether each needs a gradient, or these gradients."""

    inputs: Any
    h: Any
    c: Any
    weight_h: Any
    gain: Any
    offset: Any
    cell_gain: Any
    cell_offset: Any
    mask: Any = None
    forget_bias: Any = None
    epsilon: Any = None


class Saved(NamedTuple):
    """The tensors that `_backward` takes, in its order."""

    inputs: Tensor
    h: Tensor
    c: Tensor
    products: Tensor
    weight_h: Tensor
    gain: Tensor | None
    offset: Tensor | None
    cell_gain: Tensor | None
    cell_offset: Tensor | None
    mask: Tensor | None


def lstm_saved(arguments: tuple[Any, ...], output: tuple[Tensor, ...]) -> Saved:
    """What the backward pass needs of a forward pass."""
    h, c, products = output
    kept = Arguments(*arguments)._asdict() | {"h": h, "c": c, "products": products}
    return Saved(**{name: kept[name] for name in Saved._fields})


def lstm_gradients(
    saved: Saved,
    options: tuple[Any, ...],
    grads: tuple[Tensor | None, ...],
    needed: Arguments,
    looking: LookingBack | None = None,
) -> Arguments:
    """From the gradients of h and c to those of the arguments.

    Args:
        options: forget_bias and epsilon.
    """
    refuse_batches(*grads)
    arguments: Any = (*grads, *saved, *options)
    overwrite = may_overwrite(saved.products)
    if looking is not None:
        d, grad_h0, grad_c0, sums = lstm_backward(*arguments, overwrite, looking)  # type: ignore[call-arg]
    elif overwrite:
        d, grad_h0, grad_c0, sums = _backward(*arguments, True)
    else:
        d, grad_h0, grad_c0, sums = lstm_sequence_backward(*arguments, False)
    grad_weight = weight_gradient(d, saved.h[:-1]) if needed.weight_h else None
    grad_norm = [None] * 4 if saved.gain is None else norm_gradients(sums, 4)
    return Arguments(d, grad_h0, grad_c0, grad_weight, *grad_norm)


def _keep(ctx, inputs, output):  # type: ignore[no-untyped-def]
    ctx.options = inputs[-2:]
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*lstm_saved(inputs, output))


def _differentiate(ctx, grad_h, grad_c, _):  # type: ignore[no-untyped-def]
    saved, needed = Saved(*ctx.saved_tensors), Arguments(*ctx.needs_input_grad)
    return tuple(lstm_gradients(saved, ctx.options, (grad_h, grad_c), needed))


lstm_sequence.register_autograd(_differentiate, setup_context=_keep)
lstm_sequence_backward.register_autograd(no_second_derivative)
