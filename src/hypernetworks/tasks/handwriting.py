"""Handwriting prediction (table 5): nats of a line, summed over its points.

P predictions of a batch, B lines
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.handwriting import HandwritingModel
from hypernetworks.models.writing import pens
from hypernetworks.tasks.protocols import Batches, Metric

LineBatch = tuple[PackedSequence, Tensor, float]  # read, following, lines


class Handwriting:
    """The log-loss of the next point: minus its log-likelihood in nats.

    Args:
        mean: (2,) of the training offsets, by which the points are normalised; the log-loss is that
            of normalised offsets, as in Graves (2013).
        std: (2,) of the training offsets.
        predictions: of a training line on average. The training loss is the mean log-loss of the
            lines divided by it: a point's on average, and in proportion to what the table shows.
    """

    metrics: ClassVar[Mapping[str, Metric]] = {"log_loss": Metric("nats", "lower")}
    selection: ClassVar = "valid_log_loss"
    headline: ClassVar = ("valid_log_loss",)
    state_is_shared: ClassVar = True

    def __init__(self, mean: Tensor, std: Tensor, predictions: float) -> None:
        self.moments = mean, std
        self.predictions = predictions

    def loss(self, model: nn.Module, batch: LineBatch) -> Tensor:
        """The mean log-loss of the batch's lines, over `predictions`."""
        return log_losses(model, batch).sum() / (batch[2] * self.predictions)

    def evaluate(
        self, model: nn.Module, batches: Batches, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
        """log_loss: the nats of a line, summed over its points, on average over the lines."""
        nats, count = torch.zeros((), dtype=torch.float64), 0.0
        for batch in batches.epoch(0):
            nats += log_losses(model, batch).double().sum().cpu()
            count += batch[2]
        found = {"log_loss": float(nats) / count}
        return found if metrics is None else {name: found[name] for name in metrics}

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """What figures 7 and 16 to 18 show, see `models.writing.pens`: lines that the model draws,
        none of the data. Nothing of a model that is no HandwritingModel of one direction.
        """
        if not isinstance(model, HandwritingModel) or model.core.bidirectional:
            return {}
        return pens(model, self.moments)

    def state_dict(self) -> dict[str, Any]:
        """The moments, which whoever draws lines from the checkpoint's weights needs."""
        mean, std = self.moments
        return {"mean": mean.tolist(), "std": std.tolist()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state != self.state_dict():
            raise ValueError("the points are not normalised as this run's were")


def log_losses(model: nn.Module, batch: LineBatch) -> Tensor:
    """The nats (P,) of each prediction."""
    points, following, _ = batch
    mixture, _ = model(points)
    return -mixture.log_likelihood(following)
