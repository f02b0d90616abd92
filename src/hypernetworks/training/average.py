"""The exponential moving average of the weights, torch's own, in whose place it is evaluated."""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def average_of(model: nn.Module, decay: float | None) -> AveragedModel | None:
    """A copy of the model to hold the average w' = d w' + (1 - d) w of its weights and buffers.

    The first update copies them, so that the average never remembers how the weights began.

    Args:
        decay: d; None for no average.
    """
    if decay is None:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
