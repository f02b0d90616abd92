"""torch.nn.LSTM's weights as those of our LSTM, and back.

H units, K directions; torch's gates are in the order i, f, g, o, ours i, g, f, o

torch.nn.LSTM              LSTM
weight_ih_l0               layers.0.cell.weight_x
weight_hh_l0               layers.0.cell.weight_h
bias_ih_l0 + bias_hh_l0    layers.0.cell.bias, and forget_bias for f
weight_ih_l0_reverse       layers.0_reverse.cell.weight_x, and so on
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell


def gates_swapped(rows: Tensor) -> Tensor:
    """Rows (4 H, ...) of four gates with the second and the third exchanged."""
    first, second, third, last = rows.chunk(4)
    return torch.cat((first, third, second, last))


def options_of(theirs: nn.LSTM) -> dict[str, Any]:
    """The arguments of an LSTM of ours that computes the same.

    Raises:
        TypeError: it is something else.
        ValueError: it projects its h (proj_size), which ours does not.
    """
    if not isinstance(theirs, nn.LSTM):
        raise TypeError(f"a torch.nn.LSTM is wanted, not a {type(theirs).__name__}")
    if theirs.proj_size:
        raise ValueError(f"proj_size={theirs.proj_size}: an LSTM here has no projection of h")
    weight = theirs.weight_ih_l0
    return {
        "input_size": theirs.input_size,
        "hidden_size": theirs.hidden_size,
        "num_layers": theirs.num_layers,
        "batch_first": theirs.batch_first,
        "dropout": theirs.dropout,
        "bidirectional": theirs.bidirectional,
        "forget_bias": 0.0,
        "device": weight.device,
        "dtype": weight.dtype,
    }


@torch.no_grad()
def take_weights(cells: Iterable[Cell[Any]], theirs: nn.LSTM) -> None:
    """Fills cells, in the order in which they run, with its weights.

    Without biases there, ours are 0 and frozen.
    """
    for cell, suffix in zip(cells, _suffixes(theirs), strict=True):
        found: Any = cell
        found.weight_x.copy_(gates_swapped(getattr(theirs, f"weight_ih_{suffix}")))
        found.weight_h.copy_(gates_swapped(getattr(theirs, f"weight_hh_{suffix}")))
        if theirs.bias:
            both = getattr(theirs, f"bias_ih_{suffix}") + getattr(theirs, f"bias_hh_{suffix}")
            found.bias.copy_(gates_swapped(both))
        else:
            found.bias.zero_().requires_grad_(False)
        for name in ("weight_ih", "weight_hh"):
            learned = getattr(theirs, f"{name}_{suffix}").requires_grad
            (found.weight_x if name == "weight_ih" else found.weight_h).requires_grad_(learned)


@torch.no_grad()
def give_weights(cells: Iterable[Cell[Any]], theirs: nn.LSTM) -> None:
    """Fills it with the weights of our cells; all of a bias goes into bias_ih, the other is 0."""
    for cell, suffix in zip(cells, _suffixes(theirs), strict=True):
        found: Any = cell
        getattr(theirs, f"weight_ih_{suffix}").copy_(gates_swapped(found.weight_x))
        getattr(theirs, f"weight_hh_{suffix}").copy_(gates_swapped(found.weight_h))
        bias = gates_swapped(found.bias)
        bias[cell.hidden_size : 2 * cell.hidden_size] += found.forget_bias
        getattr(theirs, f"bias_ih_{suffix}").copy_(bias)
        getattr(theirs, f"bias_hh_{suffix}").zero_()


def _suffixes(theirs: nn.LSTM) -> list[str]:
    """Of its weights' names, in the order in which its layers and directions run."""
    directions = ("", "_reverse") if theirs.bidirectional else ("",)
    return [f"l{k}{reverse}" for k in range(theirs.num_layers) for reverse in directions]
