"""A HyperLSTM or HyperRNN over a whole sequence as one operator; see sequence.py.

T steps, B sequences, H units, P hyper units, G gates (4; 1 for the HyperRNN), N = N_z
3 G embeddings a step: z_h, z_x, z_b, each for every gate
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.attention import Looking, LookingBack
from hypernetworks.recurrent.fused.blocks import as_out, blocks_of, by_gate
from hypernetworks.recurrent.fused.graphs import replayed
from hypernetworks.recurrent.fused.hyper_backward import Found, Saved, hyper_backward
from hypernetworks.recurrent.fused.native import native
from hypernetworks.recurrent.fused.passes import (
    as_norm,
    as_products,
    may_overwrite,
    no_second_derivative,
    norm_gradients,
    refuse_batches,
    weight_gradient,
    with_first,
    without_looking,
)
from hypernetworks.recurrent.fused.rows import Rows


def hyper_forward(
    inputs: Tensor,
    hyper_inputs: Tensor,
    h: Tensor,
    c: Tensor,
    h_hat: Tensor,
    c_hat: Tensor,
    weight: Tensor,
    hyper_weight_h: Tensor,
    embedding_weight: Tensor,
    embedding_bias: Tensor,
    scaling: Tensor,
    bias: Tensor,
    gain: Tensor | None,
    offset: Tensor | None,
    cell_gain: Tensor | None,
    cell_offset: Tensor | None,
    hyper_gain: Tensor | None,
    hyper_offset: Tensor | None,
    hyper_cell_gain: Tensor | None,
    hyper_cell_offset: Tensor | None,
    mask: Tensor | None,
    hyper_mask: Tensor | None,
    forget_bias: float,
    epsilon: float,
    previous: bool,
    looking: Looking | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Eq. 10 to 13 (eq. 7 and 8 for G = 1) for all steps.

    Args:
        inputs: (T, B, G H) W_x x_t; the backward pass may use up its memory.
        hyper_inputs: (T, B, G P) what W_xhat takes from x_t, + b_hat.
        h: initial state (B, H) of the main cell.
        c: the same, (B, H); of width 0 for G = 1.
        h_hat: initial state (B, P) of the hyper cell.
        c_hat: the same, (B, P); of width 0 for G = 1.
        weight: (G H + G P, H) W_h, below it what W_xhat takes from h: one product reads h_{t-1}.
        hyper_weight_h: (G P, P) W_hhat. These weights have the type of the inputs.
        embedding_weight: (3 G N, P).
        embedding_bias: (3 G N).
        scaling: (3 G, N, H) all W_z.
        bias: (G, H) b_0.
        gain: the main cell's layer norm, with what follows up to cell_offset; None without.
        hyper_gain: the hyper cell's, up to hyper_cell_offset.
        mask: (T, B, H) of phi(g), or None.
        hyper_mask: (T, B, P) of phi(g_hat), or None.
        previous: the embeddings come from h_hat_{t-1} instead of h_hat_t.
        looking: adds to both inputs of every step, see attention.py.
    Returns:
        h, c, h_hat, c_hat, each (T + 1, B, ...) with the initial state first; then for the
        backward pass the products W_h h and W_hhat h_hat + what W_xhat takes from h, in one
        (T, B, G H + G P), and the embeddings.
    """
    steps, batch, wide = inputs.shape
    h, c = with_first(h, steps), with_first(c, steps)
    h_hat, c_hat = with_first(h_hat, steps), with_first(c_hat, steps)
    products = inputs.new_empty(steps, batch, len(weight))
    z = embedding_bias.repeat(steps, batch, 1)
    blocks = blocks_of(h, len(bias))
    scales = h.new_empty(blocks[0][1], 3, len(bias), h.shape[-1])
    h_product, h_hat_product = as_products(h, inputs.dtype), as_products(h_hat, inputs.dtype)
    norm = as_norm(gain, offset, cell_gain, cell_offset)
    hyper_norm = as_norm(hyper_gain, hyper_offset, hyper_cell_gain, hyper_cell_offset)
    options = (forget_bias, epsilon)
    main = products[..., :wide], inputs, scales, bias, norm, mask, h, c, h_product
    hyper = products[..., wide:], hyper_inputs, None, None, hyper_norm, hyper_mask, h_hat, c_hat
    main_step, hyper_step = (
        native(Rows(*main, *options)),
        native(Rows(*hyper, h_hat_product, *options)),
    )

    before = (h if h_product is None else h_product).unbind(0)
    hyper_before = (h_hat if h_hat_product is None else h_hat_product).unbind(0)
    out, hyper_out = products.unbind(0), products[..., wide:].unbind(0)
    embeddings, source = z.unbind(0), (h_hat[:-1] if previous else h_hat[1:]).unbind(0)
    weight, hyper_weight_h, embed = weight.t(), hyper_weight_h.t(), embedding_weight.t()
    z_by_gate, scales_by_gate = by_gate(z, scaling, blocks), as_out(scales, blocks)
    for t in range(steps):
        if looking is not None:
            looking.forward(t, h[t])
        torch.mm(before[t], weight, out=out[t])
        hyper_out[t].addmm_(hyper_before[t], hyper_weight_h)
        hyper_step.forward(t, 0, batch)
        embeddings[t].addmm_(source[t], embed)
        for k, (first, end) in enumerate(blocks):
            torch.bmm(z_by_gate[t][k], scaling, out=scales_by_gate[k])
            main_step.forward(t, first, end)
    return h, c, h_hat, c_hat, products, z


hyper_sequence = torch.library.custom_op(
    "hypernetworks::hyper_sequence", replayed()(without_looking(hyper_forward)), mutates_args=()
)


@hyper_sequence.register_fake
def _(inputs, hyper_inputs, h, c, h_hat, c_hat, weight, _, embedding_weight, *_rest):  # type: ignore[no-untyped-def]
    steps, batch, _ = inputs.shape
    states = [s.new_empty(steps + 1, *s.shape) for s in (h, c, h_hat, c_hat)]
    products = inputs.new_empty(steps, batch, weight.shape[0])
    z = h.new_empty(steps, batch, embedding_weight.shape[0])
    return *states, products, z


_backward = replayed()(without_looking(hyper_backward))
# For traced graphs, which have no memory to overwrite.
hyper_sequence_backward = torch.library.custom_op(
    "hypernetworks::hyper_sequence_backward", _backward, mutates_args=()
)


@hyper_sequence_backward.register_fake
def _(grad_h, grad_c, grad_h_hat, grad_c_hat, *rest):  # type: ignore[no-untyped-def]
    saved = Saved(*rest[: len(Saved._fields)])
    sums = (3 * saved.bias.shape[0] + 2, saved.h.shape[-1])
    hyper_sums = (sums[0], saved.h_hat.shape[-1])
    return Found(
        products=torch.empty_like(saved.products),
        inputs=torch.empty_like(saved.inputs),
        z=torch.empty_like(saved.z),
        scaling=torch.empty_like(saved.scaling),
        h=torch.empty_like(saved.h[0]),
        c=torch.empty_like(saved.c[0]),
        h_hat=torch.empty_like(saved.h_hat[0]),
        c_hat=torch.empty_like(saved.c_hat[0]),
        sums=saved.h.new_empty(sums),
        hyper_sums=saved.h_hat.new_empty(hyper_sums),
    )


class Arguments(NamedTuple):
    """Those of `hyper_sequence`, or whether each needs a gradient, or these gradients."""

    inputs: Any
    hyper_inputs: Any
    h: Any
    c: Any
    h_hat: Any
    c_hat: Any
    weight: Any
    hyper_weight_h: Any
    embedding_weight: Any
    embedding_bias: Any
    scaling: Any
    bias: Any
    gain: Any
    offset: Any
    cell_gain: Any
    cell_offset: Any
    hyper_gain: Any
    hyper_offset: Any
    hyper_cell_gain: Any
    hyper_cell_offset: Any
    mask: Any = None
    hyper_mask: Any = None
    forget_bias: Any = None
    epsilon: Any = None
    previous: Any = None


def hyper_saved(arguments: tuple[Any, ...], output: tuple[Tensor, ...]) -> Saved:
    """What the backward pass needs of a forward pass."""
    made = ("h", "c", "h_hat", "c_hat", "products", "z")
    kept = Arguments(*arguments)._asdict() | dict(zip(made, output, strict=True))
    return Saved(**{name: kept[name] for name in Saved._fields})


def hyper_gradients(
    saved: Saved,
    options: tuple[Any, ...],
    grads: tuple[Tensor | None, ...],
    needed: Arguments,
    looking: LookingBack | None = None,
) -> Arguments:
    """From the gradients of h, c, h_hat and c_hat to those of the arguments.

    Args:
        options: forget_bias, epsilon and previous.
    """
    refuse_batches(*grads)
    arguments: Any = (*grads, *saved, *options)
    overwrite = may_overwrite(saved.products)
    # A leaf is the caller's own; what the layers hand over was made for this operator.
    made = looking is not None or saved.inputs.grad_fn is not None
    both = (overwrite, overwrite and made)
    if looking is not None:
        found = Found(*hyper_backward(*arguments, *both, looking))  # type: ignore[call-arg]
    elif overwrite:
        found = Found(*_backward(*arguments, *both))
    else:
        found = Found(*hyper_sequence_backward(*arguments, *both))
    gates, wide = len(saved.bias), saved.inputs.shape[-1]
    d_hyper = found.products[..., wide:]
    source = saved.h_hat[:-1] if options[-1] else saved.h_hat[1:]
    embedding_weight = weight_gradient(found.z, source) if needed.embedding_weight else None
    hyper_weight = weight_gradient(d_hyper, saved.h_hat[:-1]) if needed.hyper_weight_h else None
    no_norm = [None] * 4
    return Arguments(
        found.inputs,
        d_hyper,
        found.h,
        found.c,
        found.h_hat,
        found.c_hat,
        weight_gradient(found.products, saved.h[:-1]) if needed.weight else None,
        hyper_weight,
        embedding_weight,
        found.z.sum((0, 1)),
        found.scaling,
        found.sums[:gates],
        *(no_norm if saved.gain is None else norm_gradients(found.sums, gates)),
        *(no_norm if saved.hyper_gain is None else norm_gradients(found.hyper_sums, gates)),
    )


def _keep(ctx, inputs, output):  # type: ignore[no-untyped-def]
    ctx.options = inputs[-3:]
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*hyper_saved(inputs, output))


def _differentiate(ctx, grad_h, grad_c, grad_h_hat, grad_c_hat, *_):  # type: ignore[no-untyped-def]
    saved, needed = Saved(*ctx.saved_tensors), Arguments(*ctx.needs_input_grad)
    grads = (grad_h, grad_c, grad_h_hat, grad_c_hat)
    return tuple(hyper_gradients(saved, ctx.options, grads, needed))


hyper_sequence.register_autograd(_differentiate, setup_context=_keep)
hyper_sequence_backward.register_autograd(no_second_derivative)
