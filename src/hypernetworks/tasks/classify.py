"""Image classification (sections 4.1, 4.2, appendix A.1).

Shapes:
    B       batch        C   classes
    images  (B, channels, height, width), values in [0, 1]
    labels  (B,) class numbers
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.static.hyperize import convolution_kernels
from hypernetworks.tasks.protocols import Batches, Metric

Batch = tuple[Tensor, Tensor]


class Classification:
    """Cross-entropy for training; error in percent and mean loss in nats for evaluation.

    Args:
        l2: times half the sum of squares of all convolution kernels, generated ones as they are
            generated, is added to the training loss (appendix A.3.2).
    """

    metrics: ClassVar[Mapping[str, Metric]] = {
        "error": Metric("percent", "lower"),
        "accuracy": Metric("percent", "higher"),
        "loss": Metric("nats", "lower"),
    }
    selection: ClassVar = "valid_error"
    headline: ClassVar = ("test_error",)

    def __init__(self, l2: float = 0.0) -> None:
        if l2 < 0:
            raise ValueError(f"l2={l2}: it must be 0 or more")
        self.l2 = l2

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        images, labels = batch
        loss = F.cross_entropy(model(images), labels)
        kernels = convolution_kernels(model) if self.l2 else []
        if kernels:
            squares = [k.float().square().sum() for k in kernels]
            loss = loss + 0.5 * self.l2 * torch.stack(squares).sum()
        return loss

    def evaluate(
        self, model: nn.Module, batches: Batches, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
        """Metrics over all examples of `batches.epoch(0)`.

        Returns:
            those named by `metrics` (None: all) of
            error: percent of examples whose most probable class is wrong.
            accuracy: 100 - error.
            loss: mean cross-entropy, nats an example.
        """
        wrong, loss, count = torch.zeros(()), torch.zeros(()), 0
        for images, labels in batches.epoch(0):
            logits = model(images).float()
            wrong = wrong.to(logits.device) + (logits.argmax(1) != labels).sum()
            loss = loss.to(logits.device) + F.cross_entropy(logits, labels, reduction="sum")
            count += len(labels)
        missed = int(wrong)
        found = {
            "error": 100 * missed / count,
            "accuracy": 100 * (count - missed) / count,
            "loss": float(loss) / count,
        }
        return found if metrics is None else {name: found[name] for name in metrics}

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """What the model has to show of itself: kernels, filters."""
        return model.arrays() if hasattr(model, "arrays") else {}  # type: ignore[operator]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to load: a classifier carries nothing from step to step."""
