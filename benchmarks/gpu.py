"""The recurrent core on a GPU: P with T = 100, against the reference form and cuDNN's plain LSTM.

Skipped, and said so, where there is no CUDA device. The targets are of an H100 in bfloat16.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from tabulate import tabulate
from torch.profiler import ProfilerActivity, profile

from benchmarks.measure import compare
from benchmarks.recurrent import P, layer
from hypernetworks.training.precision import has_bfloat16_units

SIZE = replace(P, steps=100)
TARGET_MS = 8.0
SHOWN = 15  # kernels of the breakdown


def _training(module: torch.nn.Module, x: torch.Tensor) -> Callable[[], None]:
    def step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            output, _ = module(x)
        output.float().sum().backward()
        for parameter in module.parameters():
            parameter.grad = None

    return step


def _seconds(step: Callable[[], None], repeats: int, warm: int) -> list[float]:
    found = []
    for k in range(warm + repeats):
        torch.cuda.synchronize()
        started = time.perf_counter()
        step()
        torch.cuda.synchronize()
        if k >= warm:
            found.append(time.perf_counter() - started)
    return found


def breakdown(step: Callable[[], None], activity: ProfilerActivity) -> str:
    """Where one step's time on the device goes: the kernels that take most of it, and all."""
    # acc_events: torch 2.11 warns of a profile that would forget; there is one cycle here.
    with profile(activities=[activity], acc_events=True) as profiler:
        step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
    of_device = activity is ProfilerActivity.CUDA
    found = [
        (e.self_device_time_total if of_device else e.self_cpu_time_total, e.count, e.key[:90])
        for e in profiler.key_averages()
    ]
    rows = [(time / 1e3, count, time / count, name) for time, count, name in found if time > 0]
    rows.sort(reverse=True)
    total = sum(row[0] for row in rows), sum(row[1] for row in rows)
    shown = [*rows[:SHOWN], (*total, total[0] * 1e3 / total[1], "all")]
    return tabulate(shown, ["ms", "launched", "us each", "kernel"], floatfmt=".2f")


def main() -> None:
    if not torch.cuda.is_available():
        print("the recurrent core on a GPU: not measured, no CUDA device")
        return
    print(torch.cuda.get_device_name())
    if not has_bfloat16_units(torch.device("cuda")):
        print("the recurrent core in bfloat16: not measured, this device has no units for it")
        return
    x = torch.randn(SIZE.steps, SIZE.batch, SIZE.inputs, device="cuda")
    found = {}
    for backend, repeats in (("fused", 30), ("reference", 5)):
        stack = layer(SIZE, backend=backend, device="cuda")
        found[backend] = _seconds(_training(stack, x), repeats, warm=10)
        if backend == "fused":
            print(breakdown(_training(stack, x), ProfilerActivity.CUDA))
    lstm = torch.nn.LSTM(SIZE.inputs, SIZE.hidden, device="cuda")
    cudnn = _seconds(_training(lstm, x), 30, warm=10)
    milliseconds = median(found["fused"]) * 1e3
    verdict = "met" if milliseconds <= TARGET_MS else "MISSED"
    print(
        f"P, T = 100, bfloat16: {milliseconds:.2f} ms (target <= {TARGET_MS} on an H100: {verdict})"
    )
    compare("fused / reference", found["fused"], found["reference"], 0.1)
    compare("fused / cuDNN's plain LSTM", found["fused"], cudnn, 2.5)
