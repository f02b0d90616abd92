"""The basic kernel that all layers of a network are tiled with: given, or found for the network."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

from torch import nn

from hypernetworks.sizes import whole

Base = tuple[int, int] | Literal["auto"]

PAPERS = 16  # output and input channels
MOST = 3 / 4  # of the weights


def given_base(base: Any) -> tuple[int, int] | None:
    """(output, input) channels as the caller gave them; None for "auto".

    Raises:
        ValueError: naming it, for what is neither.
    """
    if isinstance(base, str) and base == "auto":
        return None
    try:
        n_out, n_in = base
    except (TypeError, ValueError):
        raise ValueError(
            f'hyperize: base={base!r}: it must be (output, input) channels, or "auto"'
        ) from None
    return whole("hyperize: base[0]", n_out), whole("hyperize: base[1]", n_in)


def found_base(convs: Collection[nn.Conv2d]) -> tuple[int, int]:
    """A base for these convolutions: for outputs, and for inputs, the largest size up to the
    paper's 16 of which the channels are multiples in the layers with three quarters of the weights.

    So one layer of odd channels, such as a network's first, decides nothing. A depthwise kernel
    has one input channel: where most weights are such, the base has one, too.
    """
    shapes = [(conv.out_channels, conv.in_channels // conv.groups) for conv in convs]
    weights = [conv.weight.numel() for conv in convs]
    n_out, n_in = ([shape[side] for shape in shapes] for side in (0, 1))
    return _largest(n_out, weights), _largest(n_in, weights)


def _largest(channels: Sequence[int], weights: Sequence[int]) -> int:
    for size in range(PAPERS, 1, -1):
        tiled = sum(w for n, w in zip(channels, weights, strict=True) if n % size == 0)
        if tiled >= MOST * sum(weights):
            return size
    return 1
