"""The gradient between two steps: clipped where that is asked for, and how large it was."""

import math

from torch import Tensor, nn


class Gradient:
    """That of a model's parameters, of several processes their mean.

    Args:
        largest: the norm to which `clip` shortens it; None for none.
    """

    def __init__(self, model: nn.Module, largest: float | None) -> None:
        self.model = model
        self.largest = largest
        self._whole: Tensor | None = None  # the norm before it was clipped

    def clip(self) -> None:
        """Shortens it, whole, if its norm is larger."""
        if self.largest is not None:
            self._whole = nn.utils.clip_grad_norm_(self.model.parameters(), self.largest)

    def reading(self) -> dict[str, float]:
        """{"gradient_norm": its norm before it was clipped}; {} before the first step, and where
        that is not finite.

        It may be asked after the step, which leaves the gradient as it was in all of torch's
        optimisers, and waits for the device.
        """
        norm = self._whole
        if self.largest is None:
            found = [p.grad for p in self.model.parameters() if p.grad is not None]
            norm = nn.utils.get_total_norm(found) if found else None
        value = math.nan if norm is None else float(norm)
        return {"gradient_norm": value} if math.isfinite(value) else {}
