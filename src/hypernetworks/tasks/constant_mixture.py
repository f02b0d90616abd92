"""The model that a handwriting model must beat: one mixture for all points, whatever came before.

P points, M Gaussians
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.mixture import Mixture

STEPS, DRAWN, LR = 400, 1024, 0.1


class ConstantMixture(nn.Module):
    """A mixture of Gaussians and a rate of ends of strokes, fitted to the training offsets.

    By Adam on random points (maximum likelihood has no closed form); its rate falls to 0. The
    first means are points, the first deviations 1/2.

    Args:
        points: (P, 3) normalised training points, those that are predicted.
        mixtures: M.
    """

    def __init__(self, points: Tensor, mixtures: int) -> None:
        super().__init__()
        self.name = f"constant mixture of {mixtures} Gaussians"
        generator = torch.Generator().manual_seed(0)

        def drawn(count: int) -> Tensor:
            rows = torch.randint(len(points), (count,), generator=generator)
            return points[rows.to(points.device)]

        outputs = torch.zeros(6 * mixtures + 1)
        outputs[mixtures : 3 * mixtures] = drawn(mixtures)[:, :2].T.flatten().cpu()
        outputs[3 * mixtures : 5 * mixtures] = -torch.log(torch.tensor(2.0))
        fitted = outputs.to(points.device).requires_grad_()
        optimizer = torch.optim.Adam([fitted], lr=LR)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        for _ in range(STEPS):
            optimizer.zero_grad()
            (-Mixture.of(fitted).log_likelihood(drawn(DRAWN)).mean()).backward()
            optimizer.step()
            schedule.step()
        self.register_buffer("outputs", fitted.detach())

    def forward(self, points: Tensor | PackedSequence, state: Any = None) -> tuple[Mixture, Any]:
        """The same mixture for every point."""
        assert isinstance(self.outputs, Tensor)
        return Mixture.of(self.outputs.expand(*points.data.shape[:-1], -1)), None
