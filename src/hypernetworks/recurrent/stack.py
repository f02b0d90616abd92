"""Stacks of recurrent layers with the manners of torch.nn.LSTM.

T steps, B sequences, D input units, H units, L layers, K directions
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Generic

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from hypernetworks.recurrent.cell import Backend, Cell, check_backend
from hypernetworks.recurrent.checks import check_flag, check_rate
from hypernetworks.recurrent.given import check_input, check_input_mask, check_tensor
from hypernetworks.recurrent.layer import Layer
from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.packing import padded
from hypernetworks.recurrent.state import State, over, stacked
from hypernetworks.sizes import whole


class Stack(nn.Module, Generic[State]):
    """Layers of cells, each fed with the h of the one below.

    Args:
        make_cell: makes the cell of a layer from its number of input units.
        input_size: D of the first layer.
        num_layers: L.
        batch_first: sequences and outputs are (B, T, ...) instead of (T, B, ...); states are not.
        dropout: rate on the h that goes from one layer to the next.
        bidirectional: with a second cell in every layer, which reads from the end: K = 2.
        backend: "auto", "fused" or "reference", see `Cell.sequence`.

    `layers` holds a layer for each direction: `layers.0`, `layers.0_reverse`, `layers.1` ...
    """

    def __init__(
        self,
        make_cell: Callable[[int], Cell[State]],
        input_size: int,
        num_layers: int,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        backend: Backend,
    ) -> None:
        super().__init__()
        check_backend(backend)
        self.input_size = input_size = whole("input_size", input_size)
        self.num_layers = whole("num_layers", num_layers)
        self.batch_first = check_flag("batch_first", batch_first)
        self.dropout = check_rate("dropout", dropout)
        self.bidirectional = check_flag("bidirectional", bidirectional)
        if dropout and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} is between layers, and there is one layer: it does nothing",
                stacklevel=3,
            )
        self.layers = nn.ModuleDict()
        for k in range(num_layers):
            for reverse in (False, True)[: self.directions]:
                cell = make_cell(input_size)
                self.layers[f"{k}_reverse" if reverse else f"{k}"] = Layer(cell, reverse, backend)
            input_size = cell.hidden_size * self.directions
        self.hidden_size = cell.hidden_size

    @property
    def directions(self) -> int:
        """K."""
        return 2 if self.bidirectional else 1

    def reset_parameters(self) -> None:
        """Appendix A.2.3, in every cell."""
        for layer in self._layers():
            layer.cell.reset_parameters()

    def set_forget_bias(self, value: float) -> None:
        """`Cell.set_forget_bias` of every cell."""
        for layer in self._layers():
            layer.cell.set_forget_bias(value)

    def flatten_parameters(self) -> None:
        """Does nothing; for code that calls it on any recurrent module."""

    def zero_state(self, batch: int) -> State:
        """The state before the first step, (L K, B, ...)."""
        return stacked([layer.cell.zero_state(batch) for layer in self._layers()])

    def forward(
        self,
        x: Tensor | PackedSequence,
        state: State | tuple[Tensor, ...] | None = None,
        masks: Sequence[Masks] | None = None,
        input_mask: Tensor | None = None,
    ) -> tuple[Any, State]:
        """Runs the sequences.

        Args:
            x: (T, B, D), or (B, T, D) with batch_first, or (T, D); instead of vectors also symbol
                ids, (T, B), (B, T) or (T), which stand for one-hot vectors; or a PackedSequence of
                either.
            state: (L K, B, ...) each, (L K, ...) unbatched; zeros if None. A HyperLSTM takes (h, c)
                alone too; its hyper cells then start at zero.
            masks: recurrent dropout of each layer and direction, (T, B, ...), unbatched (T, ...),
                in the order in which the cell runs, of a PackedSequence in its sorted order; drawn
                afresh in training if None.
            input_mask: (T, B), (B, T) with batch_first, (T) unbatched: factors of the input's
                positions, 0 or 1 / keep. For a PackedSequence (T, B) in its sorted order.
        Returns:
            the last layer's h, (T, B, K H) or as the input was; and the state after the last step.
        """
        if isinstance(x, PackedSequence):
            return self._packed(x, state, masks, input_mask)
        check_tensor(x)
        if x.dim() == (2 if x.is_floating_point() else 1):
            state = self._unbatched_state(state)
            input_mask = None if input_mask is None else input_mask.unsqueeze(1)
            masks = None if masks is None else [mask.unsqueeze(1) for mask in masks]
            output, final = self._run(x.unsqueeze(1), state, masks, input_mask, None)
            return output.squeeze(1), over([final], lambda parts: parts[0].squeeze(1))
        if self.batch_first:
            x = x.transpose(0, 1)
            input_mask = None if input_mask is None else input_mask.transpose(0, 1)
        output, final = self._run(x, state, masks, input_mask, None)
        return output.transpose(0, 1) if self.batch_first else output, final

    def step(
        self, x: Tensor, state: State | tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, State]:
        """One step of all layers, for what decides its next input only then.

        What `forward` computes of a sequence of one step; in training it draws the same dropout.

        Args:
            x: (B, D), or symbol ids (B); without B for a single vector or symbol.
            state: (L, B, ...) each, (L, ...) unbatched, as `zero_state` or the step before gives
                it; zeros if None.
        Returns:
            the last layer's h, (B, H), and the state after the step.
        Raises:
            ValueError: if the stack is bidirectional: one direction starts at the last step.
        """
        if self.bidirectional:
            raise ValueError("a bidirectional stack has no single steps: it reads from both ends")
        check_tensor(x)
        dims = 2 if x.is_floating_point() else 1
        if x.dim() == dims - 1:
            h, new = self.step(x.unsqueeze(0), self._unbatched_state(state))
            return h.squeeze(0), over([new], lambda parts: parts[0].squeeze(1))
        cells = self.cells()
        check_input(x, 1, self.input_size, cells[0].like())
        batch = x.shape[0]
        now = self._checked_state(state, batch)
        masks = [cell.draw_masks((batch,), now[0]) for cell in cells]
        states = []
        for k, cell in enumerate(cells):
            if k:
                x = F.dropout(x, self.dropout, self.training)
            states.append(cell(x, _of_layer(now, k), masks[k]))
            x = states[k].h
        return x, stacked(states)

    def _packed(
        self,
        packed: PackedSequence,
        state: State | tuple[Tensor, ...] | None,
        masks: Sequence[Masks] | None,
        input_mask: Tensor | None,
    ) -> tuple[PackedSequence, State]:
        data, sizes, order, back = packed
        x, lengths = padded(data, sizes)
        if state is not None:
            state = self._checked_state(state, x.shape[1])
        if state is not None and order is not None:
            state = tuple(part.index_select(1, order) for part in state)
        output, final = self._run(x, state, masks, input_mask, lengths.to(data.device))
        if back is not None:
            final = over([final], lambda parts: parts[0].index_select(1, back))
        result = pack_padded_sequence(output, lengths)
        return PackedSequence(result.data, sizes, order, back), final

    def _run(
        self,
        x: Tensor,
        state: State | tuple[Tensor, ...] | None,
        masks: Sequence[Masks] | None,
        input_mask: Tensor | None,
        lengths: Tensor | None,
    ) -> tuple[Tensor, State]:
        layers = self._layers()
        like = layers[0].cell.like()
        check_input(x, 2, self.input_size, like)
        steps, batch = x.shape[:2]
        if steps == 0:
            raise ValueError("the sequence has no steps")
        now = self._checked_state(state, batch)
        check_input_mask(input_mask, (steps, batch), like)
        if masks is None:
            masks = [layer.cell.draw_masks((steps, batch), now[0]) for layer in layers]
        if len(masks) != len(layers):
            raise ValueError(f"{len(masks)} masks for {len(layers)} layers and directions")
        finals = []
        for first in range(0, len(layers), self.directions):
            outputs = []
            for k in range(first, first + self.directions):
                start = _of_layer(now, k)
                mask = input_mask if first == 0 else None
                states = layers[k](x, start, masks[k], mask, lengths)
                outputs.append(layers[k].output(states, lengths))
                finals.append(layers[k].final(states, lengths))
            x = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
            if first + self.directions < len(layers):
                x = F.dropout(x, self.dropout, self.training)
        return x, stacked(finals)

    def _checked_state(self, state: State | tuple[Tensor, ...] | None, batch: int) -> State:
        if state is None:
            return self.zero_state(batch)
        return self._layers()[0].cell.checked_state(state, len(self.layers), batch)

    def _unbatched_state(self, state: Any) -> State | None:
        """(L K, ...) as (L K, 1, ...)."""
        if state is None:
            return None
        found = self._layers()[0].cell.checked_state(state, len(self.layers))
        return over([found], lambda parts: parts[0].unsqueeze(1))

    def cells(self) -> list[Cell[State]]:
        """The cells in the order in which they run, forward before backward."""
        return [layer.cell for layer in self._layers()]

    def _layers(self) -> list[Layer[State]]:
        return list(self.layers.values())  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        shown = {"batch_first": self.batch_first, "dropout": self.dropout}
        return ", ".join(f"{name}={value}" for name, value in shown.items() if value)


def _of_layer(state: State, k: int) -> State:
    """The state (B, ...) of one layer and direction."""
    return over([state], lambda parts: parts[0][k])
