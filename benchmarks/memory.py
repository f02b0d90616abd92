"""Peak memory of a training step, fused and reference form, each in a fresh process.

The peak resident size of the process minus its resident size before the step, at P with T = 100. A
step of a few units goes before, so that the code of the libraries (some 150 MB) is not counted.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.recurrent import P, layer, one_thread
from hypernetworks.recurrent.fused import native

STEPS = 100
TARGET = 0.4
MEGABYTE = 1 << 20


def status(field: str) -> int:
    """A size of this process in bytes, from the system's own books."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if field in x)
    return int(line.split()[1]) * 1024


def step(backend: str) -> int:
    """Bytes that forward and backward of one step take."""
    native.load()
    with one_thread():
        few = replace(P, inputs=5, hidden=8, hyper=4, embedding=2)
        layer(few, backend=backend)(torch.randn(3, 2, 5))[0].sum().backward()
        stack = layer(P, backend=backend)
        x, grad = torch.randn(STEPS, P.batch, P.inputs), torch.randn(STEPS, P.batch, P.hidden)
        before = status("VmRSS")
        stack(x)[0].backward(grad)
    return status("VmHWM") - before


def main() -> None:
    if not Path("/proc/self/status").exists():
        print("memory: measured on Linux alone")
        return
    found = {}
    for backend in ("fused", "reference"):
        command = [sys.executable, "-m", "benchmarks.memory", backend]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[backend] = int(done.stdout)
    ratio = found["fused"] / found["reference"]
    shown = " / ".join(f"{bytes_ / MEGABYTE:,.0f} MB" for bytes_ in found.values())
    verdict = "met" if ratio <= TARGET else "MISSED"
    print(
        f"peak memory of a step at P, T = {STEPS}, fused / reference: {ratio:.3f} = {shown} "
        f"(target <= {TARGET:.2f}: {verdict})"
    )


if __name__ == "__main__":
    print(step(sys.argv[1]))
