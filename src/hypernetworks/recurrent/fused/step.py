"""The arithmetic of one step between the matrix products: gates, states, and their derivatives.

B sequences (or a block of them), H units, G gates (4: i, g, f, o of an LSTM; 1: a tanh RNN)
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Norm(NamedTuple):
    """Layer normalisation of the gates and of c: gain and offset (G, H), those of c (H)."""

    gain: Tensor
    offset: Tensor
    cell_gain: Tensor
    cell_offset: Tensor


class Step(NamedTuple):
    """What a step reads, and where it writes h, c and h_product.

    product, x: (B, G H) W_h h_{t-1} and W_x x_t. scales: (B, 3, G, H) d_h, d_x, b; None: ones and
    zero. bias: (G, H) b_0, with scales. mask: (B, H) of phi(g). before, h, c: (B, H), where
    `before` is c_{t-1}; of width 0 in a tanh RNN. h_product: h in the type of the products.
    """

    product: Tensor
    x: Tensor
    scales: Tensor | None
    bias: Tensor | None
    norm: Norm | None
    mask: Tensor | None
    before: Tensor
    h: Tensor
    c: Tensor
    h_product: Tensor | None
    forget_bias: float
    epsilon: float

    @property
    def gates(self) -> int:
        return self.x.shape[1] // self.h.shape[1]


class Sums(NamedTuple):
    """Gradients of parameters, added up over the steps: bias, gain, offset (n, G, H), those of c
    (n, H). n = B: each sequence's own; n = 1: of all."""

    bias: Tensor
    gain: Tensor
    offset: Tensor
    cell_gain: Tensor
    cell_offset: Tensor


class StepGradients(NamedTuple):
    """output, cells: (B, H) from the loss, or None. h, c: (B, H) from the step after; c then holds
    that for the step before. Written: product, x (B, G, H), scales (B, 3, G, H). Added to:
    parameters.

    On a GPU the memory of each is its own and has the shape of what is computed: a compiled step
    then writes it where it computes it, with no kernel of its own."""

    output: Tensor | None
    cells: Tensor | None
    h: Tensor
    c: Tensor
    product: Tensor
    x: Tensor | None
    scales: Tensor | None
    parameters: Sums


def step_forward(step: Step) -> None:
    """Writes h and c."""
    y, _, _ = _normalised_gates(step)
    if step.gates == 1:
        h = torch.tanh(y[:, 0])
    else:
        i, g, f, o = y.unbind(1)
        g = torch.tanh(g) if step.mask is None else torch.tanh(g) * step.mask
        c = torch.sigmoid(f + step.forget_bias) * step.before + torch.sigmoid(i) * g
        h = torch.sigmoid(o) * torch.tanh(_inside_phi(c, step)[0])
        step.c.copy_(c)
    step.h.copy_(h)
    if step.h_product is not None:
        step.h_product.copy_(h)


def step_backward(step: Step, grads: StepGradients) -> None:
    """From the gradients of h and c to those of product, x, scales, c_{t-1} and parameters."""
    y, normal, factor = _normalised_gates(step)
    dh = grads.h if grads.output is None else grads.h + grads.output
    d = _lstm_backward(dh, y, step, grads) if step.gates == 4 else _tanh_backward(dh, y)
    if step.norm is not None:
        _add(grads.parameters.gain, d * normal)
        _add(grads.parameters.offset, d)
        d = normalize_backward(d * step.norm.gain, normal, factor)
    if step.scales is None or grads.scales is None or grads.x is None:
        grads.product.copy_(d)
        return
    d_h, d_x, _ = step.scales.unbind(1)
    product, x = _by_gate(step.product, step), _by_gate(step.x, step)
    grads.scales.copy_(torch.stack((d * product, d * x, d), dim=1))
    _add(grads.parameters.bias, d)
    # Last, since these may lie over the products and inputs themselves.
    grads.product.copy_(d * d_h)
    grads.x.copy_(d * d_x)


def _add(sums: Tensor, values: Tensor) -> None:
    sums += values if len(sums) == len(values) else values.sum(0, keepdim=True)


def _by_gate(flat: Tensor, step: Step) -> Tensor:
    return flat.to(step.h.dtype).view(flat.shape[0], step.gates, step.h.shape[1])


def _normalised_gates(step: Step) -> tuple[Tensor, Tensor, Tensor]:
    """y (B, G, H); with layer norm also the normalised sum before gain and offset."""
    product, x = _by_gate(step.product, step), _by_gate(step.x, step)
    if step.scales is None or step.bias is None:
        total = product + x
    else:
        d_h, d_x, b = step.scales.unbind(1)
        total = d_h * product + d_x * x + b + step.bias
    if step.norm is None:
        return total, total, total
    normal, factor = normalize(total, step.epsilon)
    return normal * step.norm.gain + step.norm.offset, normal, factor


def normalize(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """(x - mean) / sqrt(variance + epsilon) over the last dimension, and the factor."""
    centred = x - x.mean(-1, keepdim=True)
    factor = torch.rsqrt(centred.square().mean(-1, keepdim=True) + epsilon)
    return centred * factor, factor


def normalize_backward(d: Tensor, normal: Tensor, factor: Tensor) -> Tensor:
    """d loss / d normalised to d loss / d x."""
    slope = (d * normal).mean(-1, keepdim=True)
    return factor * (d - d.mean(-1, keepdim=True) - normal * slope)


def _inside_phi(c: Tensor, step: Step) -> tuple[Tensor, Tensor, Tensor]:
    """What phi is taken of; with layer norm also the normalised c and the factor."""
    if step.norm is None:
        return c, c, c
    normal, factor = normalize(c, step.epsilon)
    return normal * step.norm.cell_gain + step.norm.cell_offset, normal, factor


def sigmoid_slope(x: Tensor) -> Tensor:
    """The derivative, with all its digits also where 1 - sigmoid(x) has lost them."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


def tanh_slope(x: Tensor) -> Tensor:
    """The derivative, with all its digits also where 1 - tanh(x)^2 has lost them."""
    return 4 * sigmoid_slope(2 * x)


def _tanh_backward(dh: Tensor, y: Tensor) -> Tensor:
    """d loss / d y (B, 1, H)."""
    return dh[:, None] * tanh_slope(y)


def _lstm_backward(dh: Tensor, y: Tensor, step: Step, grads: StepGradients) -> Tensor:
    """d loss / d y (B, 4, H); leaves d loss / d c_{t-1} in grads.c."""
    y_i, y_g, y_f, y_o = y.unbind(1)
    y_f = y_f + step.forget_bias
    inner, normal, factor = _inside_phi(step.c, step)
    dphi = dh * torch.sigmoid(y_o) * tanh_slope(inner)
    if step.norm is not None:
        _add(grads.parameters.cell_gain, dphi * normal)
        _add(grads.parameters.cell_offset, dphi)
        dphi = normalize_backward(dphi * step.norm.cell_gain, normal, factor)
    dc = dphi + grads.c
    if grads.cells is not None:
        dc = dc + grads.cells
    kept = 1 if step.mask is None else step.mask
    grads.c.copy_(dc * torch.sigmoid(y_f))
    return torch.stack(
        (
            dc * torch.tanh(y_g) * kept * sigmoid_slope(y_i),
            dc * torch.sigmoid(y_i) * kept * tanh_slope(y_g),
            dc * step.before * sigmoid_slope(y_f),
            dh * torch.tanh(inner) * sigmoid_slope(y_o),
        ),
        dim=1,
    )
