"""The states of recurrent cells: named tuples, h always first.

torch.load takes them from files with weights_only=True, and torch.export in programs, once this
module has been imported, as every layer does.

A cell's state has tensors (B, size); a stack's (num_layers x directions, B, size), in the order of
torch.nn.LSTM; both without B for unbatched input.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from hypernetworks.torch_private import register_named_tuple


class LSTMState(NamedTuple):
    """Of an LSTM, with or without layer norm."""

    h: Tensor
    c: Tensor


class HyperLSTMState(NamedTuple):
    """Of a HyperLSTM: the main cell's h and c, the hyper cell's h_hat and c_hat."""

    h: Tensor
    c: Tensor
    h_hat: Tensor
    c_hat: Tensor


class HyperRNNState(NamedTuple):
    """Of a HyperRNN: the main cell's h, the hyper cell's h_hat."""

    h: Tensor
    h_hat: Tensor


class RNNState(NamedTuple):
    """Of a plain RNN."""

    h: Tensor


KINDS = (LSTMState, HyperLSTMState, HyperRNNState, RNNState)
torch.serialization.add_safe_globals(list(KINDS))
for _kind in KINDS:
    register_named_tuple(_kind)


State = TypeVar("State", LSTMState, HyperLSTMState, HyperRNNState, RNNState)


def over(states: Sequence[State], function: Callable[[tuple[Tensor, ...]], Tensor]) -> State:
    """One state whose parts are functions of the same parts of several states."""
    kind = type(states[0])
    return kind(*(function(parts) for parts in zip(*states, strict=True)))


def stacked(states: Sequence[State]) -> State:
    """States (B, size) as one (len(states), B, size)."""
    return over(states, lambda parts: torch.stack(parts))
