"""The hyper residual networks of table 2 against the plain ones, and the input pipeline's share.

Training steps (forward, L2 on the kernels, backward, SGD) and evaluation passes on a resident
batch, in turns.
"""

import time
from statistics import median

import torch

from benchmarks.measure import compare_rounds, in_turns
from hypernetworks.data.images import ImageBatches, Images, channel_moments
from hypernetworks.models.wide_resnet import WideResNet, hyper_wide_resnet
from hypernetworks.static.hyperize import Hyperized
from hypernetworks.tasks.classify import Classification

TRAINING, EVALUATION, PIPELINE = 1.05, 1.0, 3.0
WARM = 2


class Arm:
    """One network; each call is a training step, returning its seconds."""

    def __init__(self, model: torch.nn.Module, batch: int) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        images = torch.rand(batch, 3, 32, 32).to(memory_format=torch.channels_last)
        self.batch = images, torch.randint(10, (batch,))
        self.task = Classification(l2=5e-4)
        self.optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True)

    def __call__(self) -> float:
        self.model.train()
        started = time.perf_counter()
        loss = self.task.loss(self.model, self.batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - started

    def evaluate(self) -> float:
        if self.model.training:
            self.model.eval()  # which forgets kept kernels
        with torch.inference_mode():
            started = time.perf_counter()
            self.model(self.batch[0])
            return time.perf_counter() - started

    def generate(self) -> float:
        """Seconds of a hyper network's kernels and of their gradients' way back."""
        assert isinstance(self.model, Hyperized)
        self.model.train()
        started = time.perf_counter()
        kernels = self.model.kernels().values()
        torch.autograd.backward(list(kernels), [torch.ones_like(k) for k in kernels])
        return time.perf_counter() - started


def measure(widen: int, steps: int = 40, batch: int = 128, depth: int = 40) -> tuple[float, float]:
    """Prints and returns the ratios of training and of evaluation."""
    hyper, plain = Arm(hyper_wide_resnet(depth, widen), batch), Arm(WideResNet(depth, widen), batch)
    training = in_turns(hyper, plain, steps, WARM)
    evaluation = in_turns(hyper.evaluate, plain.evaluate, 4 * steps, WARM)
    name = f"WRN-{depth}-{widen}, hyper / plain"
    ratios = (
        compare_rounds(f"training step, {name}", training, TRAINING),
        compare_rounds(f"evaluation, {name}", evaluation, EVALUATION),
    )
    seconds = [hyper.generate() for _ in range(WARM + steps)][WARM:]
    print(f"  making the kernels, forward and backward: {median(seconds) * 1e3:.1f} ms")
    return ratios


def pipeline(steps: int = 8, batch: int = 128, images: int = 45_000, depth: int = 40) -> float:
    """Prints and returns the percentage of a plain k = 1 training step that its batch takes."""
    pixels = torch.randint(256, (images, 3, 32, 32), dtype=torch.uint8)
    data = Images(pixels, torch.zeros(images, dtype=torch.int64))
    batches = ImageBatches(data, batch, pad=2, flip=True, scale=channel_moments(data)).epoch(0)
    next(batches)  # shuffles
    plain, seconds, training = Arm(WideResNet(depth, 1), batch), [], []
    for _ in range(steps):
        started = time.perf_counter()
        next(batches)
        seconds.append(time.perf_counter() - started)
        training.append(plain())
    share = 100 * median(seconds) / median(training)
    verdict = "met" if share <= PIPELINE else "MISSED"
    print(
        f"a batch, cropped, mirrored, scaled: {median(seconds) * 1e3:.2f} ms, {share:.2f} % of a "
        f"training step (target <= {PIPELINE:g} %: {verdict})"
    )
    return share


def main() -> None:
    for widen in (1, 2):
        measure(widen)
    pipeline()
