"""Where the recurrent core's time goes at P: the steps between the products.

Ours with the steps in C++ against ours with them in torch operations; and the C++ steps by
themselves.
"""

from statistics import median
from unittest.mock import patch

import torch

from benchmarks.measure import compare
from benchmarks.recurrent import P, Size, alternate, layer, one_thread, training
from hypernetworks.recurrent.fused import native
from hypernetworks.recurrent.fused.passes import gradients_of
from hypernetworks.recurrent.fused.rows import Rows
from hypernetworks.recurrent.fused.step import Norm


def forms(size: Size) -> None:
    """C++ steps against torch steps."""
    stack = layer(size)
    step = training(stack, torch.randn(size.steps, size.batch, size.inputs))

    def with_torch_steps() -> None:
        with patch.object(native, "loaded", lambda: None), patch.object(native, "_tried", True):
            step()

    compiled, in_torch = alternate(size.repeats, step, with_torch_steps)
    compare(f"steps in C++ / in torch operations, at {size.name}", compiled, in_torch)


def alone(size: Size) -> None:
    """The main cell's steps in C++, without any product."""
    library = native.load()
    if library is None:
        print("the steps alone: not measured, no C++ compiler")
        return
    t, b, h = size.steps, size.batch, size.hidden
    draw = torch.randn
    norm = Norm(draw(4, h), draw(4, h), draw(h), draw(h))
    states, scaled = (draw(t + 1, b, h), draw(t + 1, b, h)), (draw(b, 3, 4, h), draw(4, h))
    products, inputs = draw(t, b, 4 * h), draw(t, b, 4 * h)
    rows = Rows(products, inputs, *scaled, norm, None, *states, None, 1.0, 1e-3)
    d, d_inputs = torch.empty_like(products), torch.empty_like(inputs)
    rows.gradients = gradients_of(draw(t + 1, b, h), None, rows, d, d_inputs)
    step = native.Native(rows, library)

    def forward() -> None:
        for k in range(t):
            step.forward(k, 0, b)

    def backward() -> None:
        for k in reversed(range(t)):
            step.backward(k, 0, b)

    seconds = (median(s) / t * 1e3 for s in alternate(size.repeats, forward, backward))
    shown = " forward, ".join(f"{ms:.2f} ms" for ms in seconds)
    print(f"the main cell's steps in C++ alone, at {size.name}: {shown} backward, a step")


def main() -> None:
    native.load()
    with one_thread():
        forms(P)
        alone(P)
