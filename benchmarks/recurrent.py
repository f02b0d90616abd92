"""The recurrent core against its product floor, an autograd loop, labml_nn and torch.nn.LSTM.

Forward and backward of a layer-norm HyperLSTM on one core, at the issue's two sizes; the arms take
turns in one process, the figures are medians.

    B sequences, D inputs, H units, P hyper units, N = N_z, T steps
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.autograd_loop import AutogradLoop
from benchmarks.measure import compare
from hypernetworks import LSTM, HyperLSTM, LayerNormLSTM
from hypernetworks.recurrent.fused import native
from hypernetworks.training.precision import has_bfloat16_units


@dataclass
class Size:
    name: str
    batch: int
    hidden: int
    hyper: int
    steps: int
    floor_target: float
    loop_floor: float  # what the frozen loop itself may be over the floor
    repeats: int
    inputs: int = 50
    embedding: int = 4


S = Size("S", 32, 256, 64, 50, floor_target=2.0, loop_floor=4.3, repeats=21)
P = Size("P", 128, 1000, 128, 20, floor_target=1.25, loop_floor=2.0, repeats=9)


def layer(size: Size, **options: Any) -> HyperLSTM:
    """The layer-norm HyperLSTM that is measured."""
    sizes = {"hyper_size": size.hyper, "embedding_size": size.embedding}
    return HyperLSTM(size.inputs, size.hidden, **sizes, layer_norm=True, **options)


@contextmanager
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def alternate(repeats: int, *arms: Callable[[], object]) -> list[list[float]]:
    """Seconds of each arm, in turns, after two rounds of warming up."""
    found: list[list[float]] = [[] for _ in arms]
    for k in range(repeats + 2):
        for arm, seconds in zip(arms, found, strict=True):
            started = time.perf_counter()
            arm()
            if k >= 2:
                seconds.append(time.perf_counter() - started)
    return found


def training(module: torch.nn.Module, x: Tensor, autocast: bool = False) -> Callable[[], None]:
    """Forward and backward, gradients of all weights; none of the input, as with symbols."""
    with torch.no_grad():
        grad = torch.randn_like(module(x)[0])

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            output, _ = module(x)
        output.backward(grad)
        for parameter in module.parameters():
            parameter.grad = None

    return step


def floor(size: Size, dtype: torch.dtype = torch.float32) -> Callable[[], None]:
    """The matrix products of a HyperLSTM's forward and backward passes alone, through torch.mm.

    Those that read h_{t-1} are one; weight gradients are batched over time; the twelve products of
    N_z with H are one torch.bmm and, being small, in float32.
    """
    b, d, h, p, t = size.batch, size.inputs, size.hidden, size.hyper, size.steps
    n, wide = size.embedding, 4 * size.hidden + 4 * size.hyper

    def draw(*shape: int, of: torch.dtype = dtype) -> Tensor:
        return torch.randn(*shape).to(of)

    x, all_d, all_h, all_p = draw(t * b, d), draw(t * b, wide), draw(t * b, h), draw(t * b, p)
    w_x, w_xhat, w_h, w_hhat = draw(4 * h, d), draw(4 * p, d), draw(wide, h), draw(4 * p, p)
    h_t, p_t, d_t = draw(b, h), draw(b, p), draw(b, wide)
    single = torch.float32
    z_w, w_z, p_s = (
        draw(12 * n, p, of=single),
        draw(12, n, h, of=single),
        draw(b, p, of=single),
    )
    z, dz, scales = draw(12, b, n, of=single), draw(b, 12 * n, of=single), draw(12, b, h, of=single)
    all_z, all_dz, all_scales = (
        draw(12, t * b, n, of=single),
        draw(t * b, 12 * n, of=single),
        draw(12, t * b, h, of=single),
    )
    all_p_s = all_p.float()

    def products() -> None:
        torch.mm(x, w_x.t()), torch.mm(x, w_xhat.t())
        for _ in range(t):
            torch.mm(h_t, w_h.t()), torch.mm(p_t, w_hhat.t())
            torch.mm(p_s, z_w.t()), torch.bmm(z, w_z)
        for _ in range(t):
            torch.bmm(scales, w_z.transpose(1, 2)), torch.mm(dz, z_w)
            torch.mm(d_t, w_h), torch.mm(d_t[:, 4 * h :], w_hhat)
        torch.mm(all_d.t(), all_h), torch.mm(all_d[:, 4 * h :].t(), all_p)
        torch.mm(all_dz.t(), all_p_s), torch.bmm(all_z.transpose(1, 2), all_scales)
        torch.mm(all_d[:, : 4 * h].t(), x), torch.mm(all_d[:, 4 * h :].t(), x)

    return products


def core(size: Size) -> None:
    """Binding: against the floor; and against the frozen loop."""
    shape = (size.inputs, size.hidden, size.hyper, size.embedding)
    ours, loop = layer(size), AutogradLoop(*shape)
    x = torch.randn(size.steps, size.batch, size.inputs)
    arms = (training(ours, x), training(loop, x), floor(size))
    fused, autograd, products = alternate(size.repeats, *arms)
    about = f"LN-HyperLSTM at {size.name}"
    compare(f"{about}, ours / product floor", fused, products, size.floor_target)
    loop_floor = compare("  the autograd loop / product floor", autograd, products, size.loop_floor)
    implied = size.floor_target / loop_floor
    compare(f"{about}, ours / the autograd loop", fused, autograd, implied)


def bfloat16(size: Size) -> None:
    """bfloat16 products, float32 states and pointwise steps, against our float32 form."""
    if not has_bfloat16_units(torch.device("cpu")):
        print(f"bfloat16 at {size.name}: not measured, this processor has no units for it")
        return
    ours = layer(size)
    x = torch.randn(size.steps, size.batch, size.inputs)
    arms = (training(ours, x), training(ours, x, autocast=True))
    floors = (floor(size), floor(size, torch.bfloat16))
    single, half, floor_single, floor_half = alternate(size.repeats, *arms, *floors)
    compare(f"bfloat16 at {size.name}, ours / our float32", half, single, 1 / 1.6)
    speedup, bare = (median(a) / median(b) for a, b in ((single, half), (floor_single, floor_half)))
    print(f"  that is {speedup:.2f} times as fast; the bare products {bare:.2f} times")


def torch_lstm(size: Size) -> None:
    """LSTM and LayerNormLSTM against torch.nn.LSTM."""
    x = torch.randn(size.steps, size.batch, size.inputs)
    modules = (kind(size.inputs, size.hidden) for kind in (LSTM, LayerNormLSTM, torch.nn.LSTM))
    ours, normed, theirs = alternate(size.repeats, *(training(m, x) for m in modules))
    compare(f"LSTM at {size.name}, ours / torch.nn.LSTM", ours, theirs, 1.15)
    compare(f"LayerNormLSTM at {size.name}, ours / torch.nn.LSTM", normed, theirs, 1.4)


def labml(size: Size) -> None:
    """The other public implementation with tests of its own kind: the same weights, both ways."""
    try:
        from labml_nn.hypernetworks.hyper_lstm import HyperLSTM as Theirs
    except ImportError:
        print("labml_nn is not installed: pip install --no-deps labml-nn==0.5.1")
        return
    from hypernetworks import from_labml

    theirs = Theirs(size.inputs, size.hidden, size.hyper, size.embedding, 1)
    with torch.no_grad():  # they start at zero
        for name, parameter in theirs.named_parameters():
            if ".w_h." in name or ".w_x." in name:
                torch.nn.init.orthogonal_(parameter)
    ours = from_labml(theirs.state_dict())
    x = torch.randn(size.steps, size.batch, size.inputs)
    torch.testing.assert_close(ours(x)[0], theirs(x)[0], rtol=1e-3, atol=1e-4)
    fused, peer = alternate(size.repeats, training(ours, x), training(theirs, x))
    target = 0.5 if size is S else 1.0
    compare(f"LN-HyperLSTM at {size.name}, ours / labml_nn 0.5.1", fused, peer, target)


def main() -> None:
    native.load()
    with one_thread():
        print("forward + backward on one thread")
        for size in (S, P):
            core(size)
        bfloat16(P)
        torch_lstm(P)
        for size in (S, P):
            labml(size)
