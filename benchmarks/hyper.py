"""The hyper convnet against the convnet: what generating the second kernel costs.

Training steps (forward, backward, Adam) and evaluation passes on the same resident batch, in turns.
"""

import time

import torch

from benchmarks.loop import BareSteps
from benchmarks.measure import compare
from hypernetworks import HyperMnistConvnet, MnistConvnet

TARGET = 1.05


def measure(steps: int = 60, batch_size: int = 1000) -> tuple[float, float]:
    """Prints and returns the ratios of training and of evaluation."""
    hyper, plain = BareSteps(HyperMnistConvnet(), batch_size), BareSteps(MnistConvnet(), batch_size)
    plain.images = hyper.images
    warm = steps // 10
    training = [(hyper(), plain()) for _ in range(steps)][warm:]
    evaluation = [(_forward(hyper), _forward(plain)) for _ in range(steps)][warm:]
    return (
        compare("training step, hyper convnet / convnet", *zip(*training, strict=True), TARGET),
        compare("evaluation, hyper convnet / convnet", *zip(*evaluation, strict=True), TARGET),
    )


def _forward(steps: BareSteps) -> float:
    started = time.perf_counter()
    with torch.inference_mode():
        steps.model(steps.images)
    return time.perf_counter() - started


def main() -> None:
    measure()
