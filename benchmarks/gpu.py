"""The recurrent core on a GPU: P with T = 100, against the reference form and cuDNN's plain LSTM.

Skipped, and said so, where there is no CUDA device. The targets are of an H100 in bfloat16.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch

from benchmarks.measure import compare
from benchmarks.recurrent import P, layer
from hypernetworks.training.precision import has_bfloat16_units

SIZE = replace(P, steps=100)
TARGET_MS = 8.0


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
    lstm = torch.nn.LSTM(SIZE.inputs, SIZE.hidden, device="cuda")
    cudnn = _seconds(_training(lstm, x), 30, warm=10)
    milliseconds = median(found["fused"]) * 1e3
    verdict = "met" if milliseconds <= TARGET_MS else "MISSED"
    print(
        f"P, T = 100, bfloat16: {milliseconds:.2f} ms (target <= {TARGET_MS} on an H100: {verdict})"
    )
    compare("fused / reference", found["fused"], found["reference"], 0.1)
    compare("fused / cuDNN's plain LSTM", found["fused"], cudnn, 2.5)
