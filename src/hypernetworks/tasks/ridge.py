"""The linear classifier that an image network must beat.

B batch, C classes
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RidgeClassifier(nn.Module):
    """The trivial baseline: ridge regression from the pixels to one-hot labels, in closed form.

    Args:
        batches: training batches (images (B, channels, height, width), labels (B,)), seen once.
        classes: C.
        penalty: the ridge, relative to the mean diagonal of the Gram matrix.
    """

    name = "linear classifier (ridge regression)"
    weight: Tensor

    def __init__(
        self, batches: Iterable[tuple[Tensor, Tensor]], classes: int, penalty: float = 1e-3
    ) -> None:
        super().__init__()
        gram = right = torch.zeros(())
        for images, labels in batches:
            x = _features(images)
            gram = gram.to(x) + x.T @ x
            right = right.to(x) + x.T @ F.one_hot(labels, classes).to(x)
        gram.diagonal().add_(penalty * gram.diagonal().mean())
        self.register_buffer("weight", torch.linalg.solve(gram, right))

    def forward(self, images: Tensor) -> Tensor:
        """Scores (B, C)."""
        return _features(images) @ self.weight


def _features(images: Tensor) -> Tensor:
    """(B, 1 + pixels) in float64: a constant and the pixels."""
    return F.pad(images.flatten(1).double(), (1, 0), value=1.0)
