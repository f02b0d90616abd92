"""The pointwise part of one step of a sequence, forward and backward, between the matrix products.

    T steps, B sequences, H units, G gates (4: i, g, f, o of an LSTM; 1: a tanh RNN)

States and arithmetic have one type, products and inputs may have another (bfloat16). What the
backward pass needs of the forward pass is computed again from the products: it costs less than
the memory. The arithmetic of a step is in step.py in torch operations, and for the CPU in C++
(native.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from hypernetworks.recurrent.fused.step import (
    Norm,
    Step,
    StepGradients,
    Sums,
    step_backward,
    step_forward,
)


@dataclass
class Gradients:
    """What the backward pass reads and writes.

    Attributes:
        output, cells: (T, B, H) d loss / d h and c as far as the loss uses them; None if not.
        h, c: (B, H) of the step after; `c` is replaced by that of the step before.
        products: (T, B, G H), may be a view; inputs: the same, None where inputs are not scaled.
            Both may be the memory of the products and inputs themselves.
        scales: (block, 3, G, H) of the step.
        parameters: (threads or B, 3 G + 2, H) sums: bias, gain, offset (G each), cell_gain,
            cell_offset.
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
        forward_form, backward_form: of step.py, or compiled (graphs.py).
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
    forward_form: Callable[[Step], None] = step_forward
    backward_form: Callable[[Step, StepGradients], None] = step_backward

    @property
    def gates(self) -> int:
        return self.inputs.shape[-1] // self.h.shape[-1]

    def forward(self, t: int, first: int, end: int) -> None:
        """Writes h and c of step t (at index t + 1), rows first to end - 1 of the batch."""
        self.forward_form(self._step(t, slice(first, end)))

    def backward(self, t: int, first: int, end: int) -> None:
        """From the gradients of step t's h and c to those of its products, inputs and scales."""
        grads, block, rows = self.gradients, slice(first, end), slice(end - first)
        assert grads is not None
        by_gate = (self.gates, self.h.shape[-1])
        self.backward_form(
            self._step(t, block),
            StepGradients(
                output=None if grads.output is None else grads.output[t, block],
                cells=None if grads.cells is None else grads.cells[t, block],
                h=grads.h[block],
                c=grads.c[block],
                product=grads.products[t, block].unflatten(1, by_gate),
                x=None if grads.inputs is None else grads.inputs[t, block].unflatten(1, by_gate),
                scales=None if grads.scales is None else grads.scales[rows],
                parameters=self._sums(grads.parameters, block),
            ),
        )

    def _sums(self, parameters: Tensor, block: slice) -> Sums:
        own = len(parameters) == self.h.shape[1]
        parts = parameters[block if own else slice(1)].split((*[self.gates] * 3, 2), 1)
        return Sums(*parts[:3], *parts[3].unbind(1))

    def _step(self, t: int, block: slice) -> Step:
        rows = slice(block.stop - block.start)
        return Step(
            product=self.products[t, block],
            x=self.inputs[t, block],
            scales=None if self.scales is None else self.scales[rows],
            bias=self.bias,
            norm=self.norm,
            mask=None if self.mask is None else self.mask[t, block],
            before=self.c[t, block],
            h=self.h[t + 1, block],
            c=self.c[t + 1, block],
            h_product=None if self.h_product is None else self.h_product[t + 1, block],
            forget_bias=self.forget_bias,
            epsilon=self.epsilon,
        )
