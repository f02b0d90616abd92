"""Where the recurrent core's time goes at P: the steps between the products.

Ours with the steps in C++ against ours with them in torch operations; and the C++ steps by
themselves.
"""

import subprocess
import tempfile
from collections.abc import Callable
from ctypes import CDLL
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch

from benchmarks.measure import compare
from benchmarks.recurrent import P, Size, alternate, layer, one_thread, training
from hypernetworks.recurrent.fused import compiling, native
from hypernetworks.recurrent.fused.passes import gradients_of
from hypernetworks.recurrent.fused.rows import Rows
from hypernetworks.recurrent.fused.step import Norm

BEFORE = "abc6820"


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
    """The main cell's steps in C++, without any product; and as they were before their functions
    had all their digits at every magnitude."""
    library = native.load()
    if library is None:
        print("the steps alone: not measured, no C++ compiler")
        return
    step = Steps(size, library)
    seconds = (median(s) / size.steps * 1e3 for s in alternate(size.repeats, *step.passes()))
    shown = " forward, ".join(f"{ms:.2f} ms" for ms in seconds)
    print(f"the main cell's steps in C++ alone, at {size.name}: {shown} backward, a step")
    with tempfile.TemporaryDirectory() as folder:
        old = before(Path(folder))
        if old is None:
            print(f"  against those of commit {BEFORE}: not measured, git does not have it here")
            return
        arms = (*step.passes(), *Steps(size, old).passes())
        now, now_back, then, then_back = alternate(5 * size.repeats, *arms)
    compare(f"  forward, now / commit {BEFORE}", now, then)
    compare(f"  backward, now / commit {BEFORE}", now_back, then_back)


def before(folder: Path) -> CDLL | None:
    """The compiled steps of that commit, where git has it."""
    source = folder / "rows.cpp"
    wanted = f"{BEFORE}:./rows.cpp"
    shown = subprocess.run(["git", "show", wanted], cwd=compiling.HERE, capture_output=True)
    if shown.returncode:
        return None
    source.write_bytes(shown.stdout)
    return native.open_library(compiling.compile_library([source], folder, "rows"))


class Steps:
    """The steps of a layer-norm HyperLSTM's main cell by one library, on random numbers."""

    def __init__(self, size: Size, library: CDLL) -> None:
        t, b, h = size.steps, size.batch, size.hidden
        draw = torch.randn
        norm = Norm(draw(4, h), draw(4, h), draw(h), draw(h))
        states, scaled = (draw(t + 1, b, h), draw(t + 1, b, h)), (draw(b, 3, 4, h), draw(4, h))
        products, inputs = draw(t, b, 4 * h), draw(t, b, 4 * h)
        rows = Rows(products, inputs, *scaled, norm, None, *states, None, 1.0, 1e-3)
        d, d_inputs = torch.empty_like(products), torch.empty_like(inputs)
        rows.gradients = gradients_of(draw(t + 1, b, h), None, rows, d, d_inputs)
        self.step = native.Native(rows, library)
        self.steps, self.batch = t, b

    def passes(self) -> tuple[Callable[[], None], Callable[[], None]]:
        return self.forward, self.backward

    def forward(self) -> None:
        for k in range(self.steps):
            self.step.forward(k, 0, self.batch)

    def backward(self) -> None:
        for k in reversed(range(self.steps)):
            self.step.backward(k, 0, self.batch)


def main() -> None:
    native.load()
    with one_thread():
        forms(P)
        alone(P)
