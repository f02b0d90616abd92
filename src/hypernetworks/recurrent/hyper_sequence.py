"""A HyperLSTM or HyperRNN over a whole sequence as one operator; see sequence.py.

T steps, B sequences, H units, P hyper units, G gates (4; 1 for the HyperRNN), N = N_z
3 G embeddings a step: z_h, z_x, z_b, each for every gate
"""

from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.blocks import as_out, blocks_of, by_gate
from hypernetworks.recurrent.graphs import replayed
from hypernetworks.recurrent.hyper_backward import hyper_backward
from hypernetworks.recurrent.native import native
from hypernetworks.recurrent.rows import Rows
from hypernetworks.recurrent.sequence import (
    as_norm,
    as_products,
    may_overwrite,
    norm_gradients,
    weight_gradient,
    with_first,
)


@torch.library.custom_op("hypernetworks::hyper_sequence", mutates_args=())
@replayed()
def hyper_sequence(
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
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Eq. 10 to 13 (eq. 7 and 8 for G = 1) for all steps.

    Args:
        inputs: (T, B, G H) W_x x_t; the backward pass may use up its memory.
        hyper_inputs: (T, B, G P) what W_xhat takes from x_t, + b_hat.
        h, c, h_hat, c_hat: initial states (B, H), (B, P); c and c_hat of width 0 for G = 1.
        weight: (G H + G P, H) W_h, below it what W_xhat takes from h: one product reads h_{t-1}.
        hyper_weight_h: (G P, P) W_hhat. These weights have the type of the inputs.
        embedding_weight, embedding_bias: (3 G N, P), (3 G N); scaling: (3 G, N, H) all W_z.
        bias: (G, H) b_0.
        gain to hyper_cell_offset: layer norm of either cell, or None.
        mask, hyper_mask: (T, B, H), (T, B, P) of phi(g) and phi(g_hat), or None.
        previous: the embeddings come from h_hat_{t-1} instead of h_hat_t.
    Returns:
        h, c, h_hat, c_hat, each (T + 1, B, ...) with the initial state first; then for the
        backward pass the products with h, those of the hyper cell, and the embeddings.
    """
    steps, batch, wide = inputs.shape
    h, c = with_first(h, steps), with_first(c, steps)
    h_hat, c_hat = with_first(h_hat, steps), with_first(c_hat, steps)
    products = inputs.new_empty(steps, batch, len(weight))
    hyper_products = torch.empty_like(hyper_inputs)
    z = h.new_empty(steps, batch, len(embedding_weight))
    blocks = blocks_of(h, len(bias))
    scales = h.new_empty(blocks[0][1], 3, len(bias), h.shape[-1])
    h_product, h_hat_product = as_products(h, inputs.dtype), as_products(h_hat, inputs.dtype)
    norm = as_norm(gain, offset, cell_gain, cell_offset)
    hyper_norm = as_norm(hyper_gain, hyper_offset, hyper_cell_gain, hyper_cell_offset)
    options = (forget_bias, epsilon)
    main = products[..., :wide], inputs, scales, bias, norm, mask, h, c, h_product
    hyper = hyper_products, hyper_inputs, None, None, hyper_norm, hyper_mask, h_hat, c_hat
    main_step, hyper_step = (
        native(Rows(*main, *options)),
        native(Rows(*hyper, h_hat_product, *options)),
    )

    before = (h if h_product is None else h_product).unbind(0)
    hyper_before = (h_hat if h_hat_product is None else h_hat_product).unbind(0)
    out, to_hyper = products.unbind(0), products[..., wide:].unbind(0)
    hyper_out, embeddings = hyper_products.unbind(0), z.unbind(0)
    source = (h_hat[:-1] if previous else h_hat[1:]).unbind(0)
    weight, hyper_weight_h, embed = weight.t(), hyper_weight_h.t(), embedding_weight.t()
    z_by_gate, scales_by_gate = by_gate(z, scaling, blocks), as_out(scales, blocks)
    for t in range(steps):
        torch.mm(before[t], weight, out=out[t])
        torch.addmm(to_hyper[t], hyper_before[t], hyper_weight_h, out=hyper_out[t])
        hyper_step.forward(t, 0, batch)
        torch.addmm(embedding_bias, source[t], embed, out=embeddings[t])
        for k, (first, end) in enumerate(blocks):
            torch.bmm(z_by_gate[t][k], scaling, out=scales_by_gate[k])
            main_step.forward(t, first, end)
    return h, c, h_hat, c_hat, products, hyper_products, z


@hyper_sequence.register_fake
def _(inputs, hyper_inputs, h, c, h_hat, c_hat, weight, _, embedding_weight, *_rest):  # type: ignore[no-untyped-def]
    steps, batch, _ = inputs.shape
    states = [s.new_empty(steps + 1, *s.shape) for s in (h, c, h_hat, c_hat)]
    products = inputs.new_empty(steps, batch, weight.shape[0])
    z = h.new_empty(steps, batch, embedding_weight.shape[0])
    return *states, products, torch.empty_like(hyper_inputs), z


# For traced graphs, which have no memory to overwrite.
hyper_sequence_backward = torch.library.custom_op(
    "hypernetworks::hyper_sequence_backward", hyper_backward, mutates_args=()
)


@hyper_sequence_backward.register_fake
def _(gh, gc, gh_hat, gc_hat, inputs, hyper_inputs, h, c, h_hat, c_hat, products, _p, z, *rest):  # type: ignore[no-untyped-def]
    scaling, bias = rest[3], rest[4]
    starts = [torch.empty_like(s[0]) for s in (h, c, h_hat, c_hat)]
    sums = [s.new_empty(3 * bias.shape[0] + 2, s.shape[-1]) for s in (h, h_hat)]
    like = [torch.empty_like(x) for x in (products, inputs, z, scaling)]
    return *like, *starts, *sums


def _keep(ctx, inputs, output):  # type: ignore[no-untyped-def]
    x, hyper_x, _, _, _, _, weight, hyper_weight_h, embedding_weight, _, *rest = inputs
    *tensors, ctx.forget_bias, ctx.epsilon, ctx.previous = rest
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(x, hyper_x, *output, weight, hyper_weight_h, embedding_weight, *tensors)


def _differentiate(ctx, grad_h, grad_c, grad_h_hat, grad_c_hat, *_):  # type: ignore[no-untyped-def]
    options = (ctx.forget_bias, ctx.epsilon, ctx.previous)
    grads = (grad_h, grad_c, grad_h_hat, grad_c_hat)
    saved: Any = ctx.saved_tensors
    inputs, _, h, _, h_hat, _, products = saved[:7]
    gates, norm, hyper_norm = len(saved[13]), saved[14], saved[18]
    if may_overwrite(products):
        # A leaf is the caller's own; what the layers hand over was made for this operator.
        over = (True, inputs.grad_fn is not None)
        d, d_inputs, dz, dscaling, *rest = hyper_backward(*grads, *saved, *options, *over)  # type: ignore[call-arg]
    else:
        d, d_inputs, dz, dscaling, *rest = hyper_sequence_backward(
            *grads, *saved, *options, False, False
        )
    *starts, sums, hyper_sums = rest
    d_hyper = d[..., inputs.shape[-1] :]
    needs_weight, needs_hyper_weight, needs_embedding = ctx.needs_input_grad[6:9]
    source = h_hat[:-1] if ctx.previous else h_hat[1:]
    return (
        d_inputs,
        d_hyper,
        *starts,
        weight_gradient(d, h[:-1]) if needs_weight else None,
        weight_gradient(d_hyper, h_hat[:-1]) if needs_hyper_weight else None,
        weight_gradient(dz, source) if needs_embedding else None,
        dz.sum((0, 1)),
        dscaling,
        sums[:gates],
        *([None] * 4 if norm is None else norm_gradients(sums, gates)),
        *([None] * 4 if hyper_norm is None else norm_gradients(hyper_sums, gates)),
        *([None] * 5),
    )


hyper_sequence.register_autograd(_differentiate, setup_context=_keep)
