"""The hyper convnet against the convnet: what generating the second kernel costs.

Training steps (forward, backward, Adam) and evaluation passes on the same resident batch, in turns.
"""

import time
from functools import partial

import torch

from benchmarks.loop import BareSteps
from benchmarks.measure import compare_rounds, in_turns
from hypernetworks import HyperMnistConvnet, MnistConvnet

TARGET = 1.05
WARM = 4


def measure(steps: int = 60, batch_size: int = 1000) -> tuple[float, float]:
    """Prints and returns the ratios of training and of evaluation."""
    hyper, plain = BareSteps(HyperMnistConvnet(), batch_size), BareSteps(MnistConvnet(), batch_size)
    plain.images = hyper.images
    training = in_turns(hyper, plain, steps, WARM)
    evaluation = in_turns(partial(_forward, hyper), partial(_forward, plain), steps, WARM)
    return (
        compare_rounds("training step, hyper convnet / convnet", training, TARGET),
        compare_rounds("evaluation, hyper convnet / convnet", evaluation, TARGET),
    )


def _forward(steps: BareSteps) -> float:
    started = time.perf_counter()
    with torch.inference_mode():
        steps.model(steps.images)
    return time.perf_counter() - started


def main() -> None:
    measure()
