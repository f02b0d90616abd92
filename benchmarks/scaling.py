"""How the time of a training step grows with T, batch, units and N_z: a table and a plot."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from tabulate import tabulate

from benchmarks.recurrent import S, alternate, layer, one_thread, training
from hypernetworks.recurrent.fused import native

AXES = {
    "steps": ("T", (12, 25, 50, 100, 200)),
    "batch": ("batch", (8, 16, 32, 64, 128)),
    "hidden": ("units", (64, 128, 256, 512, 1024)),
    "embedding": ("N_z", (1, 4, 16, 64)),
}
PLOT = Path("results") / "bench" / "scaling.png"


def milliseconds(axis: str, value: int) -> float:
    """A training step at S with one size changed."""
    size = replace(S, **{axis: value})
    stack = layer(size)
    x = torch.randn(size.steps, size.batch, size.inputs)
    return median(alternate(5, training(stack, x))[0]) * 1e3


def main() -> None:
    native.load()
    with one_thread():
        found = {
            axis: [(value, milliseconds(axis, value)) for value in values]
            for axis, (_, values) in AXES.items()
        }
    for axis, (label, _) in AXES.items():
        rows = [(value, ms, ms / value) for value, ms in found[axis]]
        print(tabulate(rows, [label, "ms a training step", f"ms / {label}"], floatfmt=".3f"))
        print()
    first, last = found["steps"][0], found["steps"][-1]
    linear = (last[1] / last[0]) / (first[1] / first[0])
    print(f"time a step of the sequence, T = {last[0]} / T = {first[0]}: {linear:.3f} (linear: 1)")
    plot(found)
    print(f"plot: {PLOT}")


def plot(found: dict[str, list[tuple[int, float]]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(AXES), figsize=(14, 3.2), layout="constrained")
    for axis, (name, (label, _)) in zip(axes, AXES.items(), strict=True):
        values, times = zip(*found[name], strict=True)
        axis.loglog(values, times, "o-")
        axis.set(xlabel=label, ylabel="ms a training step")
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=120)
