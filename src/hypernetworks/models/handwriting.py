"""The handwriting model of table 5: recurrent layers over pen points, a mixture density read-out.

T steps, B lines, H units, P points of a batch without its padding
"""

from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.mixture import Mixture, MixtureDensity
from hypernetworks.recurrent.checks import check_rate
from hypernetworks.recurrent.masks import draw_mask
from hypernetworks.recurrent.stack import Stack

POINT = 3  # dx, dy, end of stroke


class HandwritingModel(nn.Module):
    """Points in, the distribution of the next point out (section 4.5, A.3.5).

    Args:
        core: the recurrent layers, over POINT inputs.
        mixtures: Gaussians of the read-out.
        input_dropout: rate at which a whole point is dropped, the same for main and hyper cell.
        output_dropout: rate on h before the read-out.
    Raises:
        ValueError: if the core has other inputs, or a rate is none.

    Weights:
        Those of the core and of the `MixtureDensity` that is its `readout`.
    """

    def __init__(
        self,
        core: Stack[Any],
        mixtures: int = 20,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if core.input_size != POINT:
            raise ValueError(
                f"a core over {core.input_size} inputs: a point of the pen has {POINT}"
            )
        self.core = core
        self.input_dropout = check_rate("input_dropout", input_dropout)
        self.output_dropout = check_rate("output_dropout", output_dropout)
        self.readout = MixtureDensity(core.hidden_size * core.directions, mixtures)

    def forward(self, points: Tensor | PackedSequence, state: Any = None) -> tuple[Mixture, Any]:
        """The distributions of what follows each point, and the state after the last.

        Args:
            points: (T, B, POINT), or lines of different lengths as a PackedSequence.
            state: of the core; zeros if None.
        Returns:
            the mixtures (T, B), of a PackedSequence (P) in the order of its data; the state, of a
            PackedSequence after each line's own last point.
        """
        packed = isinstance(points, PackedSequence)
        mask = self._mask(self.input_dropout, _steps(points), points.data)
        h, state = self.core(points, state, input_mask=mask)
        h = h.data if packed else h
        kept = self._mask(self.output_dropout, tuple(h.shape), h)
        return self.readout(h if kept is None else h * kept), state

    def _mask(self, rate: float, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
        return draw_mask(rate, shape, like) if self.training else None


def _steps(points: Tensor | PackedSequence) -> tuple[int, int]:
    """(T, B)."""
    if isinstance(points, PackedSequence):
        return len(points.batch_sizes), int(points.batch_sizes[0])
    return points.shape[0], points.shape[1]
