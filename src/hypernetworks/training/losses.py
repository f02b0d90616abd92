"""The mean training loss between two readings, kept on the device."""

import math
from typing import Any

import torch
from torch import Tensor

from hypernetworks.training.devices import Placement
from hypernetworks.training.stopping import Diverged


class MeanLoss:
    """Adds up the losses of steps; only a reading waits for the device."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.sum = torch.zeros((), device=placement.device)
        self.count = 0

    def add(self, losses: list[Tensor]) -> None:
        """A step's loss, as the shares of its batches."""
        for loss in losses:
            self.sum += loss.detach()
        self.count += 1

    def mean(self, step: int) -> float:
        """Of the steps up to `step` since the last `read`, over all processes.

        Raises:
            Diverged: if it is NaN or infinite.
        """
        if self.count == 0:
            return 0.0
        mean = float(self.placement.mean(self.sum / self.count))
        if not math.isfinite(mean):
            raise Diverged(f"the training loss of steps {step - self.count + 1} to {step}")
        return mean

    def read(self, step: int) -> float:
        """The mean, which it closes: the next one begins after this step."""
        mean = self.mean(step)
        self.sum.zero_()
        self.count = 0
        return mean

    def state_dict(self) -> dict[str, Any]:
        return {"sum": self.sum, "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.sum = state["sum"].to(self.placement.device)
        self.count = state["count"]
