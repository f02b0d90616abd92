"""What the channels-last memory format is worth: a training step of the convnet in both formats."""

import torch

from benchmarks.loop import BareSteps
from benchmarks.measure import compare
from hypernetworks import MnistConvnet


def measure(steps: int = 30, batch_size: int = 1000) -> float:
    """Prints and returns the ratio."""
    ours, default = (BareSteps(MnistConvnet(), batch_size) for _ in range(2))
    default.model.to(memory_format=torch.contiguous_format)
    warm = steps // 10
    turns = [(ours(), default()) for _ in range(steps)][warm:]
    return compare("training step, channels-last / default", *zip(*turns, strict=True))


def main() -> None:
    measure()
