"""The pointwise part of one step of a sequence, forward and backward, between the matrix products.

    T steps, B sequences, H units, G gates (4: i, g, f, o of an LSTM; 1: a tanh RNN)

States and arithmetic have one type, products and inputs may have another (bfloat16). What the
backward pass needs of the forward pass is computed again from the products: it costs less than
the memory. These are the torch forms; native.py has the same in C++.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Norm:
    """Layer normalisation of the gates and of c: gain and offset (G, H), those of c (H)."""

    gain: Tensor
    offset: Tensor
    cell_gain: Tensor
    cell_offset: Tensor


@dataclass
class Gradients:
    """What the backward pass reads and writes.

    Attributes:
        output, cells: (T, B, H) d loss / d h and c as far as the loss uses them; None if not.
        h, c: (B, H) of the step after; `c` is replaced by that of the step before.
        products: (T, B, G H), may be a view; inputs: the same, None where inputs are not scaled.
            Both may be the memory of the products and inputs themselves.
        scales: (block, 3, G, H) of the step.
        parameters: (threads, 3 G + 2, H) sums: bias, gain, offset (G each), cell_gain, cell_offset.
    """

    output: Tensor | None
    cells: Tensor | None
    h: Tensor
    c: Tensor
    products: Tensor
    inputs: Tensor | None
    scales: Tensor | None
    parameters: Tensor


@dataclass
class Rows:
    """One cell over a sequence: y = LN(d_h * products + d_x * inputs + b + b_0), then c and h.

    Attributes:
        products: (T, B, G H) W_h h_{t-1}, may be a view; inputs: (T, B, G H) W_x x_t.
        scales: (block, 3, G, H) d_h, d_x, b of the step and of a block of the batch; None: ones
            and zero (an ordinary cell).
        bias: (G, H) b_0, with scales; norm: None without layer norm.
        mask: (T, B, H) of phi(g), 0 or 1 / keep; None without recurrent dropout.
        h, c: (T + 1, B, H), the initial state first; a tanh RNN has c of width 0.
        h_product: `h` in the type of the products, where that is another.
    """

    products: Tensor
    inputs: Tensor
    scales: Tensor | None
    bias: Tensor | None
    norm: Norm | None
    mask: Tensor | None
    h: Tensor
    c: Tensor
    h_product: Tensor | None
    forget_bias: float
    epsilon: float
    gradients: Gradients | None = None

    @property
    def gates(self) -> int:
        return self.inputs.shape[-1] // self.h.shape[-1]

    def forward(self, t: int, first: int, end: int) -> None:
        """Writes h and c of step t (at index t + 1), rows first to end - 1 of the batch."""
        block = slice(first, end)
        mask = None if self.mask is None else self.mask[t, block]
        unit = lstm_unit if self.gates == 4 else tanh_unit
        y, _, _ = self._normalised_gates(t, block)
        h, c = unit(y, self.c[t, block], mask, self)
        self.h[t + 1, block], self.c[t + 1, block] = h, c
        if self.h_product is not None:
            self.h_product[t + 1, block] = h

    def backward(self, t: int, first: int, end: int) -> None:
        """From the gradients of step t's h and c to those of its products, inputs and scales."""
        grads, block = self.gradients, slice(first, end)
        assert grads is not None
        y, normal, factor = self._normalised_gates(t, block)
        dh = grads.h[block] if grads.output is None else grads.h[block] + grads.output[t, block]
        unit = lstm_unit_backward if self.gates == 4 else tanh_unit_backward
        d = unit(dh, y, t, block, self)
        if self.norm is not None:
            sums = grads.parameters[0, self.gates : 3 * self.gates].unflatten(0, (2, self.gates))
            sums[0] += (d * normal).sum(0)
            sums[1] += d.sum(0)
            d = normalize_backward(d * self.norm.gain, normal, factor)
        if self.scales is None:
            grads.products[t, block] = d.flatten(1)
            return
        assert grads.inputs is not None
        assert grads.scales is not None
        rows = end - first
        d_h, d_x, _ = self.scales[:rows].unbind(1)
        torch.mul(d, self._by_gate(self.products[t, block]), out=grads.scales[:rows, 0])
        torch.mul(d, self._by_gate(self.inputs[t, block]), out=grads.scales[:rows, 1])
        grads.scales[:rows, 2] = d
        # Last, since these may lie over the products and inputs themselves.
        grads.products[t, block] = (d * d_h).flatten(1)
        grads.inputs[t, block] = (d * d_x).flatten(1)
        grads.parameters[0, : self.gates] += d.sum(0)

    def _by_gate(self, flat: Tensor) -> Tensor:
        return flat.to(self.h.dtype).view(flat.shape[0], self.gates, -1)

    def _normalised_gates(self, t: int, block: slice) -> tuple[Tensor, Tensor, Tensor]:
        """y (block, G, H); with layer norm also the normalised sum before gain and offset."""
        product, x = self._by_gate(self.products[t, block]), self._by_gate(self.inputs[t, block])
        if self.scales is None:
            total = product + x
        else:
            assert self.bias is not None
            d_h, d_x, b = self.scales[: len(x)].unbind(1)
            total = d_h * product + d_x * x + b + self.bias
        if self.norm is None:
            return total, total, total
        normal, factor = normalize(total, self.epsilon)
        return normal * self.norm.gain + self.norm.offset, normal, factor


def normalize(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """(x - mean) / sqrt(variance + epsilon) over the last dimension, and the factor."""
    centred = x - x.mean(-1, keepdim=True)
    factor = torch.rsqrt(centred.square().mean(-1, keepdim=True) + epsilon)
    return centred * factor, factor


def normalize_backward(d: Tensor, normal: Tensor, factor: Tensor) -> Tensor:
    """d loss / d normalised to d loss / d x."""
    slope = (d * normal).mean(-1, keepdim=True)
    return factor * (d - d.mean(-1, keepdim=True) - normal * slope)


def tanh_unit(y: Tensor, c: Tensor, mask: Tensor | None, cell: Rows) -> tuple[Tensor, Tensor]:
    """h of a tanh RNN; c has no units and stays."""
    return torch.tanh(y[:, 0]), c


def tanh_unit_backward(dh: Tensor, y: Tensor, t: int, block: slice, cell: Rows) -> Tensor:
    """d loss / d y (block, 1, H)."""
    return (dh * (1 - cell.h[t + 1, block].square()))[:, None]


def lstm_unit(y: Tensor, c: Tensor, mask: Tensor | None, cell: Rows) -> tuple[Tensor, Tensor]:
    """Eq. 13: c_t and h_t from the gates and c_{t-1}."""
    i, g, f, o = y.unbind(1)
    g = torch.tanh(g) if mask is None else torch.tanh(g) * mask
    c = torch.sigmoid(f + cell.forget_bias) * c + torch.sigmoid(i) * g
    phi, _, _ = squash(c, cell)
    return torch.sigmoid(o) * phi, c


def squash(c: Tensor, cell: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """phi(LN(c)); with layer norm also the normalised c and the factor."""
    if cell.norm is None:
        return torch.tanh(c), c, c
    normal, factor = normalize(c, cell.epsilon)
    return torch.tanh(normal * cell.norm.cell_gain + cell.norm.cell_offset), normal, factor


def lstm_unit_backward(dh: Tensor, y: Tensor, t: int, block: slice, cell: Rows) -> Tensor:
    """d loss / d y (block, 4, H); leaves d loss / d c_{t-1} in the gradients."""
    grads = cell.gradients
    assert grads is not None
    i, g, f, o = y.unbind(1)
    i, g, f, o = (
        torch.sigmoid(i),
        torch.tanh(g),
        torch.sigmoid(f + cell.forget_bias),
        torch.sigmoid(o),
    )
    phi, normal, factor = squash(cell.c[t + 1, block], cell)
    dphi = dh * o * (1 - phi.square())
    if cell.norm is not None:
        grads.parameters[0, 12] += (dphi * normal).sum(0)
        grads.parameters[0, 13] += dphi.sum(0)
        dphi = normalize_backward(dphi * cell.norm.cell_gain, normal, factor)
    dc = dphi + grads.c[block]
    if grads.cells is not None:
        dc = dc + grads.cells[t, block]
    kept = 1 if cell.mask is None else cell.mask[t, block]
    grads.c[block] = dc * f
    return torch.stack(
        (
            dc * g * kept * i * (1 - i),
            dc * i * kept * (1 - g.square()),
            dc * cell.c[t, block] * f * (1 - f),
            dh * phi * o * (1 - o),
        ),
        dim=1,
    )
