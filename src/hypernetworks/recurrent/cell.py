"""What recurrent cells share: states, masks, the projection of the input, the two forms.

T steps, B sequences, D input units, H units, G gates
"""

from typing import Generic, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.recurrent.masks import NO_MASKS, Masks, check_rate
from hypernetworks.recurrent.state import State, stacked

Backend = Literal["auto", "reference", "fused"]


def project(x: Tensor, weight: Tensor, mask: Tensor | None = None) -> Tensor:
    """W x of vectors (..., D), or of symbol ids (...) for one-hot ones: a row look-up.

    Args:
        weight: (n, D), where D is the number of symbols for ids.
        mask: (...) factor of every position: dropout of a whole one-hot vector.
    """
    if x.is_floating_point():
        rows = F.linear(x, weight)
    else:
        rows = F.embedding(x, weight.t()).to(product_dtype(weight))
    return rows if mask is None else rows * mask.unsqueeze(-1).to(rows.dtype)


def project_sequence(x: Tensor, weight: Tensor, mask: Tensor | None) -> Tensor:
    """`project` for the fused operators, which have no second derivatives either.

    On the CPU the rows of symbols are multiplied by their factors while they are copied: over a
    whole sequence a product of its own would take longer than the look-up.
    """
    if mask is None or x.is_floating_point() or x.device.type != "cpu":
        return project(x, weight, mask)
    factors = mask.reshape(-1, 1).to(weight.dtype)
    rows = F.embedding_bag(x.reshape(-1, 1), weight.t(), mode="sum", per_sample_weights=factors)
    return rows.view(*x.shape, -1).to(product_dtype(weight))


def check_input_mask(mask: Tensor | None, *expected: int) -> None:
    if mask is not None and tuple(mask.shape) != expected:
        raise ValueError(f"input_mask must have the shape {expected}, not {tuple(mask.shape)}")


def product_dtype(like: Tensor) -> torch.dtype:
    """The type of matrix products with `like`: autocast's, where that is on."""
    device = like.device.type
    known = torch.amp.is_autocast_available(device)
    if known and like.dtype != torch.float64 and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return like.dtype


def arithmetic_dtype(like: Tensor) -> torch.dtype:
    """The type of states and pointwise arithmetic in the fused form: at least float32."""
    return torch.float64 if like.dtype == torch.float64 else torch.float32


class Cell(nn.Module, Generic[State]):
    """One step of a recurrent network; `sequence` does many.

    Subclasses have the parameters, `step` with the equations, and `fused` with the fast form.

    Attributes:
        input_size, hidden_size: D and H.
        recurrent_dropout: rate on phi(g) in training, where masks are not given.
    """

    state_type: type[State]

    def __init__(self, input_size: int, hidden_size: int, recurrent_dropout: float) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"{name}={size}: it must be at least 1")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)

    def reset_parameters(self) -> None:
        """Fills the parameters as a new cell has them."""
        raise NotImplementedError

    def state_sizes(self) -> tuple[int, ...]:
        """The width of every part of the state."""
        raise NotImplementedError

    def step(self, x: Tensor, state: State, masks: Masks, input_mask: Tensor | None) -> State:
        """The equations: x (B, D) or ids (B), state (B, ...)."""
        raise NotImplementedError

    def fused(self, x: Tensor, state: State, masks: Masks, input_mask: Tensor | None) -> State:
        """The same for x (T, B, D) or ids (T, B): states (T + 1, B, ...), the initial one first."""
        raise NotImplementedError

    def can_fuse(self) -> bool:
        """Whether the cell has a fused form."""
        return True

    def draw_masks(self, shape: tuple[int, ...], like: Tensor) -> Masks:
        """Fresh masks for a sequence, shape (T, B), or a step, (B,); none in evaluation."""
        return NO_MASKS

    def zero_state(self, batch: int) -> State:
        """The state before the first step, (batch, ...)."""
        parameter = next(self.parameters())
        return self.state_type(*(parameter.new_zeros(batch, s) for s in self.state_sizes()))

    def forward(
        self,
        x: Tensor,
        state: State | tuple[Tensor, ...] | None = None,
        masks: Masks | None = None,
        input_mask: Tensor | None = None,
    ) -> State:
        """One step, like torch.nn.LSTMCell.

        Args:
            x: (B, D), or symbol ids (B); without B for a single vector.
            state: (B, ...) each; zeros if None.
            masks: recurrent dropout; drawn afresh in training if None.
            input_mask: (B) factors of the symbols, 0 or 1 / keep.
        Returns:
            the new state, h first.
        """
        single = x.dim() == (1 if x.is_floating_point() else 0)
        if single:
            x = x.unsqueeze(0)
            input_mask = None if input_mask is None else input_mask.unsqueeze(0)
            masks = None if masks is None else masks.unsqueeze(0)
            state = None if state is None else tuple(part.unsqueeze(0) for part in state)
        self._check_input(x, 1)
        now = self.zero_state(len(x)) if state is None else self.checked_state(state, len(x))
        if masks is None:
            masks = self.draw_masks((len(x),), now[0])
        self._check_masks(masks, len(x))
        check_input_mask(input_mask, len(x))
        new = self.step(x, now, masks, input_mask)
        return self.state_type(*(part.squeeze(0) for part in new)) if single else new

    def sequence(
        self, x: Tensor, state: State, masks: Masks, input_mask: Tensor | None, backend: Backend
    ) -> State:
        """All steps: x (T, B, D) or ids (T, B) to states (T + 1, B, ...), the initial one first.

        Args:
            backend: "reference" loops over `step` under autograd, "fused" is one operator, "auto"
                fused where the cell has such a form.
        """
        if backend not in ("auto", "reference", "fused"):
            raise ValueError(f"backend={backend!r}: choose 'auto', 'reference' or 'fused'")
        self._check_input(x, 2)
        steps, batch = x.shape[:2]
        state = self.checked_state(state, batch)
        self._check_masks(masks, steps, batch)
        check_input_mask(input_mask, steps, batch)
        if backend == "fused" and not self.can_fuse():
            raise ValueError("this form has no fused backend; use 'auto' or 'reference'")
        if backend != "reference" and self.can_fuse():
            return self.fused(x, state, masks, input_mask)
        states = [state]
        for t in range(len(x)):
            mask = None if input_mask is None else input_mask[t]
            states.append(self.step(x[t], states[-1], masks.at(t), mask))
        return stacked(states)

    def checked_state(self, state: State | tuple[Tensor, ...], *leading: int) -> State:
        """The state as this cell's type, refused if its shapes are wrong."""
        expected = [(*leading, size) for size in self.state_sizes()]
        found = [tuple(part.shape) for part in state]
        if found != expected:
            fields = ", ".join(self.state_type._fields)
            raise ValueError(f"state ({fields}) must have the shapes {expected}, not {found}")
        return self.state_type(*state)

    def mask_sizes(self) -> tuple[int, ...]:
        """The width of the masks that the cell takes, in the order of Masks."""
        return ()

    def _check_masks(self, masks: Masks, *leading: int) -> None:
        sizes = dict(zip(masks._fields, self.mask_sizes(), strict=False))
        for name, mask in masks._asdict().items():
            if mask is None:
                continue
            if name not in sizes:
                raise ValueError(f"mask {name!r}: this cell has no such dropout")
            expected, shape = (*leading, sizes[name]), tuple(mask.shape)
            if shape != expected:
                raise ValueError(f"mask {name!r} must have the shape {expected}, not {shape}")

    def _check_input(self, x: Tensor, leading: int) -> None:
        symbols = not x.is_floating_point()
        if symbols and x.dtype not in (torch.int64, torch.int32):
            raise TypeError(f"symbols must be int64 or int32, not {x.dtype}")
        if x.dim() != leading + (not symbols) or not (symbols or x.shape[-1] == self.input_size):
            wanted = f"vectors of {self.input_size} or integer symbols"
            raise ValueError(f"input of shape {tuple(x.shape)}: expected {wanted}")

    def _shape_line(self) -> str:
        dropout = f", recurrent_dropout={self.recurrent_dropout}" if self.recurrent_dropout else ""
        return f"{self.input_size}, {self.hidden_size}{dropout}"

    def extra_repr(self) -> str:
        return self._shape_line()
