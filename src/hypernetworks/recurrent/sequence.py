"""A cell over a whole sequence as one operator: the fast form of the recurrent cells.

    T steps, B sequences, H units, P hyper units, G gates (4, or 1 for the HyperRNN), N = N_z

What does not depend on the state has been done before, for all steps at once: W_x x_t comes in as
`inputs`. Here the steps run with as few products as there can be, into memory that is laid out
once; the backward pass runs them in reverse for the gradients of the states only, and leaves the
gradients of weights to single products over all T B rows. The operators are opaque to
torch.compile and torch.export; the second derivative is not defined, nor are torch.func's
transforms: backend="reference" has both.
"""

from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.graphs import replayed
from hypernetworks.recurrent.native import native, threads
from hypernetworks.recurrent.rows import Gradients, Rows
from hypernetworks.recurrent.step import Norm


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
        products, inputs: memory for the gradients of the rows' products and inputs.
    """
    batch, units = rows.h.shape[1:]
    shares = threads(batch, units)
    return Gradients(
        output=None if grad_states is None else grad_states[1:].contiguous(),
        cells=None if grad_cells is None else grad_cells[1:].contiguous(),
        h=torch.zeros_like(rows.h[0]),
        c=torch.zeros_like(rows.c[0]),
        products=products,
        inputs=inputs,
        scales=None if rows.scales is None else torch.empty_like(rows.scales),
        parameters=rows.h.new_zeros(shares, 3 * rows.gates + 2, units),
    )


def may_overwrite(products: Tensor) -> bool:
    """Whether the backward pass may lay its gradients over what was kept for it.

    It may when the graph is freed after this pass, that is without retain_graph and create_graph;
    the products and inputs are then of no more use, and the memory of a step is a third less.
    """
    if type(products) is not Tensor or torch.is_grad_enabled():
        return False  # traced, or to be differentiated again
    if products.device.type != "cpu":
        return False  # compiled steps may not read and write the same memory under two names
    return not torch._C._autograd._get_current_graph_task_keep_graph()


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


@torch.library.custom_op("hypernetworks::lstm_sequence", mutates_args=())
@replayed()
def lstm_sequence(
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
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM or layer-norm LSTM over a sequence.

    Args:
        inputs: (T, B, 4 H) W_x x_t + b. h, c: (B, H) initial state.
        weight_h: (4 H, H) in the type of `inputs`, which is that of the products.
        gain, offset, cell_gain, cell_offset: layer norm, (4, H) and (H); None without.
        mask: (T, B, H) of phi(g); None without recurrent dropout.
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
        torch.mm(before[t], weight, out=out[t])
        step.forward(t, 0, batch)
    return h, c, products


@lstm_sequence.register_fake
def _(inputs, h, c, weight_h, *_):  # type: ignore[no-untyped-def]
    states = (inputs.shape[0] + 1, *h.shape)
    return h.new_empty(states), c.new_empty(states), torch.empty_like(inputs)


@replayed()
def _backward(
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
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of the products, which are those of the inputs, of h_0, of c_0, and sums.

    Args:
        overwrite: lay the first over the products.
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
    states = at_start(grads.h, grad_h), at_start(grads.c, grad_c)
    return d, *states, grads.parameters.sum(0)


# For traced graphs, which have no memory to overwrite.
lstm_sequence_backward = torch.library.custom_op(
    "hypernetworks::lstm_sequence_backward", _backward, mutates_args=()
)


@lstm_sequence_backward.register_fake
def _(grad_h, grad_c, inputs, h, *_):  # type: ignore[no-untyped-def]
    state = torch.empty_like(h[0])
    return torch.empty_like(inputs), state, torch.empty_like(state), h.new_empty(14, h.shape[-1])


def _keep(ctx, inputs, output):  # type: ignore[no-untyped-def]
    sequence, _, _, weight_h, *norm_and_mask, ctx.forget_bias, ctx.epsilon = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(sequence, *output, weight_h, *norm_and_mask)


def _differentiate(ctx, grad_h, grad_c, _):  # type: ignore[no-untyped-def]
    saved: Any = ctx.saved_tensors
    _, h, _, products, _, gain, *_ = saved
    options = (ctx.forget_bias, ctx.epsilon)
    if may_overwrite(products):
        d, grad_h0, grad_c0, sums = _backward(grad_h, grad_c, *saved, *options, True)  # type: ignore[call-arg]
    else:
        d, grad_h0, grad_c0, sums = lstm_sequence_backward(grad_h, grad_c, *saved, *options, False)
    grad_weight = weight_gradient(d, h[:-1]) if ctx.needs_input_grad[3] else None
    grad_norm = [None] * 4 if gain is None else norm_gradients(sums, 4)
    return d, grad_h0, grad_c0, grad_weight, *grad_norm, None, None, None


lstm_sequence.register_autograd(_differentiate, setup_context=_keep)
