"""A cell over sequences, in one direction.

T steps, B sequences, D input units, H units
"""

from typing import Generic

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Backend, Cell
from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.state import State, over


class Layer(nn.Module, Generic[State]):
    """One direction of one layer of a stack.

    Its forward, as the cell's, returns every state of the run, so that a forward hook sees all that
    there is to see (observe.py), at no cost where there is none.

    Args:
        cell: the step. reverse: from the last step to the first.
        backend: see Cell.sequence.
    """

    cell: Cell[State]

    def __init__(self, cell: Cell[State], reverse: bool, backend: Backend) -> None:
        super().__init__()
        self.cell = cell
        self.reverse = reverse
        self.backend: Backend = backend

    def forward(
        self,
        x: Tensor,
        state: State,
        masks: Masks,
        input_mask: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> State:
        """States (T + 1, B, ...) in the order in which the cell ran, the initial one first.

        Args:
            x: (T, B, D) or ids (T, B). input_mask: (T, B). lengths: (B) of the sequences; what
                lies behind one's end is run and means nothing.
        """
        if self.reverse:
            x = reversed_in_time(x, lengths)
            input_mask = None if input_mask is None else reversed_in_time(input_mask, lengths)
        return self.cell.sequence(x, state, masks, input_mask, self.backend)

    def output(self, states: State, lengths: Tensor | None) -> Tensor:
        """h (T, B, H) in the order of the input, 0 behind the end of a sequence."""
        if lengths is None:
            h = states.h[1:]
            return h.flip(0) if self.reverse else h
        h = after_first(states.h)
        if self.reverse:
            h = reversed_in_time(h, lengths)
        steps = torch.arange(h.shape[0], device=h.device)
        return h.masked_fill((steps[:, None] >= lengths)[:, :, None], 0)

    @staticmethod
    def final(states: State, lengths: Tensor | None) -> State:
        """The state (B, ...) after each sequence's last step."""
        if lengths is None:
            return over([states], lambda parts: parts[0][-1])
        rows = torch.arange(lengths.shape[0], device=lengths.device)
        return over([states], lambda parts: parts[0][lengths, rows])

    def extra_repr(self) -> str:
        return f"reverse={self.reverse}, backend={self.backend!r}"


def after_first(states: Tensor) -> Tensor:
    """states[1:], whose gradient is not added to zeros; it must not be changed in place."""
    return states.split([1, states.shape[0] - 1])[1]


def reversed_in_time(x: Tensor, lengths: Tensor | None) -> Tensor:
    """(T, B, ...) with the steps of every sequence in reverse; what lies behind its end stays."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    index = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return x[index, torch.arange(x.shape[1], device=x.device)]
