"""Generated pictures in CIFAR-10's file format: ten classes of shapes and patterns, in two colours.

Shapes:
    N  pictures of a class    S  32
"""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypernetworks.data.generated import manifest

VERSION = 1  # of the generator: raised when it would draw other pictures
SIDE = 32

# Each says where a picture has its second colour: x, y (N, S, S) around a random centre, turned by
# a random angle, in units of a random size.
CLASSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "disc": lambda x, y: x.square() + y.square() < 1,
    "square": lambda x, y: torch.maximum(x.abs(), y.abs()) < 0.9,
    "triangle": lambda x, y: (y > -0.6) & (y + 1.7 * x.abs() < 1),
    "ring": lambda x, y: ((x.square() + y.square()).sqrt() - 0.9).abs() < 0.3,
    "cross": lambda x, y: (
        (torch.minimum(x.abs(), y.abs()) < 0.25) & (torch.maximum(x.abs(), y.abs()) < 1.2)
    ),
    "stripes": lambda x, y: (3 * x).sin() > 0,
    "checks": lambda x, y: (3 * x).sin() * (3 * y).sin() > 0,
    "dots": lambda x, y: (3 * x).sin() + (3 * y).sin() > 0.9,
    "waves": lambda x, y: (3 * x + (3 * y).sin()).sin() > 0,
    "target": lambda x, y: (5 * (x.square() + y.square()).sqrt()).sin() > 0,
}


def write(folder: Path, train: int = 1000, test: int = 500, seed: int = 0) -> None:
    """Writes data_batch_1 .. 5, test_batch and a manifest, unless they are there already.

    Args:
        folder: of the files, each of which is replaced at once.
        train: pictures of each of the five training files. test: of the test file.
        seed: the same seed draws the same pictures.
    """
    wanted: dict[str, object] = {"generated": "pictures, not CIFAR-10", "version": VERSION}
    wanted |= {"seed": seed, "train": train, "test": test}
    if manifest.is_whole(folder, wanted):
        return
    files = [(f"data_batch_{number}", train) for number in range(1, 6)] + [("test_batch", test)]
    with manifest.generating(folder, wanted) as part:
        for stream, (name, count) in enumerate(files):
            pixels, labels = draw(count, len(files) * seed + stream)
            batch: dict[bytes, Any] = {b"batch_label": b"sample", b"labels": labels.tolist()}
            batch[b"data"] = pixels.flatten(1).numpy()
            batch[b"filenames"] = [f"sample_{n:05d}.png".encode() for n in range(count)]
            (part / name).write_bytes(pickle.dumps(batch, protocol=2))


def draw(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pictures (count, 3, 32, 32) uint8 and their labels (count,), in random order."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(len(CLASSES), (count,), generator=generator)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    place = torch.linspace(-1, 1, SIDE)
    down, right = place[:, None] - uniform(-0.3, 0.3, 1, 1), place - uniform(-0.3, 0.3, 1, 1)
    angle, size = uniform(-0.6, 0.6, 1, 1) * math.pi / 2, uniform(0.35, 0.7, 1, 1)
    x = (angle.cos() * right - angle.sin() * down) / size
    y = (angle.sin() * right + angle.cos() * down) / size
    second = torch.zeros(count, SIDE, SIDE, dtype=torch.bool)
    for label, inside in enumerate(CLASSES.values()):
        of_class = labels == label
        second[of_class] = inside(x[of_class], y[of_class])
    back, front = uniform(0, 1, 3, 1, 1), uniform(0, 1, 3, 1, 1)
    # Colours that are too near each other are moved apart.
    front = torch.where((front - back).abs() < 0.3, (back + 0.5) % 1, front)
    pictures = torch.where(second[:, None], front, back)
    noise = 0.05 * torch.randn(pictures.shape, generator=generator)
    return (pictures + noise).clamp(0, 1).mul(255).round().to(torch.uint8), labels
