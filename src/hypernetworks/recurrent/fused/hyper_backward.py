"""The backward pass of a HyperLSTM or HyperRNN over a whole sequence; see hyper_sequence.py.

T steps, B sequences, H units, P hyper units, G gates (4; 1 for the HyperRNN), N = N_z
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.attention import LookingBack
from hypernetworks.recurrent.fused.blocks import as_out, blocks_of, by_gate
from hypernetworks.recurrent.fused.native import native
from hypernetworks.recurrent.fused.passes import as_norm, at_start, gradients_of, multiply_into
from hypernetworks.recurrent.fused.rows import Rows


class Saved(NamedTuple):
    """The tensors that `hyper_backward` takes, in its order."""

    inputs: Tensor
    hyper_inputs: Tensor
    h: Tensor
    c: Tensor
    h_hat: Tensor
    c_hat: Tensor
    products: Tensor
    z: Tensor
    weight: Tensor
    hyper_weight_h: Tensor
    embedding_weight: Tensor
    scaling: Tensor
    bias: Tensor
    gain: Tensor | None
    offset: Tensor | None
    cell_gain: Tensor | None
    cell_offset: Tensor | None
    hyper_gain: Tensor | None
    hyper_offset: Tensor | None
    hyper_cell_gain: Tensor | None
    hyper_cell_offset: Tensor | None
    mask: Tensor | None
    hyper_mask: Tensor | None


class Found(NamedTuple):
    """What `hyper_backward` returns, in its order."""

    products: Tensor
    inputs: Tensor
    z: Tensor
    scaling: Tensor
    h: Tensor
    c: Tensor
    h_hat: Tensor
    c_hat: Tensor
    sums: Tensor
    hyper_sums: Tensor


def hyper_backward(
    grad_h: Tensor | None,
    grad_c: Tensor | None,
    grad_h_hat: Tensor | None,
    grad_c_hat: Tensor | None,
    inputs: Tensor,
    hyper_inputs: Tensor,
    h: Tensor,
    c: Tensor,
    h_hat: Tensor,
    c_hat: Tensor,
    products: Tensor,
    z: Tensor,
    weight: Tensor,
    hyper_weight_h: Tensor,
    embedding_weight: Tensor,
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
    overwrite_products: bool,
    overwrite_inputs: bool,
    looking: LookingBack | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The gradients of products, inputs, embeddings, W_z, of the initial states, and sums.

    Args:
        overwrite_products: lay the first gradient over the products, which it is of.
        overwrite_inputs: lay the second over the inputs.
        looking: adds to the gradient of every h, see attention.py.
    Returns:
        (T, B, G H + G P), (T, B, G H), (T, B, 3 G N), (3 G, N, H), h_0, c_0, h_hat_0, c_hat_0,
        and the sums of rows.Gradients for the main and the hyper cell.
    """
    d = products if overwrite_products else torch.empty_like(products)
    d_inputs = inputs if overwrite_inputs else torch.empty_like(inputs)
    norm = as_norm(gain, offset, cell_gain, cell_offset)
    hyper_norm = as_norm(hyper_gain, hyper_offset, hyper_cell_gain, hyper_cell_offset)
    steps, batch, wide = inputs.shape
    blocks = blocks_of(h, len(bias))
    scales = h.new_empty(blocks[0][1], 3, len(bias), h.shape[-1])
    options = (None, forget_bias, epsilon)
    main = Rows(products[..., :wide], inputs, scales, bias, norm, mask, h, c, *options)
    states = hyper_norm, hyper_mask, h_hat, c_hat
    hyper = Rows(products[..., wide:], hyper_inputs, None, None, *states, *options)
    grads = main.gradients = gradients_of(grad_h, grad_c, main, d[..., :wide], d_inputs)
    hyper_grads = hyper.gradients = gradients_of(grad_h_hat, grad_c_hat, hyper, d[..., wide:])
    assert grads.scales is not None
    main_step, hyper_step = native(main), native(hyper)

    dz, dscaling = torch.empty_like(z), torch.zeros_like(scaling)
    z_by_gate, dz_by_gate = by_gate(z, scaling, blocks), by_gate(dz, scaling, blocks)
    dz_by_step = dz.unbind(0)
    scaling_back = scaling.transpose(1, 2)
    scales_by_gate, dscales = as_out(scales, blocks), as_out(grads.scales, blocks)
    d_by_step, d_hyper = d.unbind(0), d[..., wide:].unbind(0)
    for t in reversed(range(steps)):
        for k, (first, end) in enumerate(blocks):
            torch.bmm(z_by_gate[t][k], scaling, out=scales_by_gate[k])
            main_step.backward(t, first, end)
            torch.bmm(dscales[k], scaling_back, out=dz_by_gate[t][k])
            dscaling.baddbmm_(z_by_gate[t][k].transpose(1, 2), dscales[k])
        if not previous:
            hyper_grads.h.addmm_(dz_by_step[t], embedding_weight)
        hyper_step.backward(t, 0, batch)
        multiply_into(grads.h, d_by_step[t], weight)
        if looking is not None:
            looking.backward(t, grads.h, d_inputs[t], d_hyper[t])
        multiply_into(hyper_grads.h, d_hyper[t], hyper_weight_h)
        if previous:
            hyper_grads.h.addmm_(dz_by_step[t], embedding_weight)
    return Found(
        products=d,
        inputs=d_inputs,
        z=dz,
        scaling=dscaling,
        h=at_start(grads.h, grad_h),
        c=at_start(grads.c, grad_c),
        h_hat=at_start(hyper_grads.h, grad_h_hat),
        c_hat=at_start(hyper_grads.c, grad_c_hat),
        sums=grads.parameters.sum(0),
        hyper_sums=hyper_grads.parameters.sum(0),
    )
