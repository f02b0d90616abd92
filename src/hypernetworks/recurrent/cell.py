"""What recurrent cells share: one step, many steps, and which form computes them.

T steps, B sequences, D input units, H units
"""

from collections.abc import Sequence
from typing import Any, Generic, Literal, cast

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.checks import check_rate
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.given import (
    check_input,
    check_input_mask,
    check_masks,
    check_tensor,
    checked_state,
)
from hypernetworks.recurrent.masks import NO_MASKS, Masks
from hypernetworks.recurrent.state import State, stacked
from hypernetworks.sizes import whole
from hypernetworks.torch_private import in_transformation, run_forward_pre_hooks

Backend = Literal["auto", "reference", "fused"]


class Cell(nn.Module, Generic[State]):
    """One step of a recurrent network; `sequence` does many.

    Subclasses have the parameters, `step` with the equations, and `fused` with the fast form.
    Forward pre-hooks of a cell and of its parts run once a call, of a step or of a sequence.

    Attributes:
        input_size, hidden_size: D and H.
        recurrent_dropout: rate on phi(g) in training, where masks are not given.
    """

    state_type: type[State]

    def __init__(self, input_size: int, hidden_size: int, recurrent_dropout: float) -> None:
        super().__init__()
        self.input_size = whole("input_size", input_size)
        self.hidden_size = whole("hidden_size", hidden_size)
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

    def fused_attended(
        self, x: Tensor, state: State, masks: Masks, attention: Attention
    ) -> tuple[State, Tensor]:
        """`attended` in the fast form."""
        raise NotImplementedError

    def can_fuse(self) -> bool:
        """Whether the cell has a fused form."""
        return True

    def draw_masks(self, shape: tuple[int, ...], like: Tensor) -> Masks:
        """Fresh masks for a sequence, shape (T, B), or a step, (B,); none in evaluation."""
        return NO_MASKS

    def mask_sizes(self) -> tuple[int, ...]:
        """The width of the masks that the cell takes, in the order of Masks."""
        return ()

    def set_forget_bias(self, value: float) -> None:
        """What is added to every forget gate; the parameter `bias`, 0 at the start, comes on top.

        Raises:
            TypeError: if the cell has no forget gate.
        """
        raise TypeError(f"{type(self).__name__} has no forget gate")

    def like(self) -> Tensor:
        """A weight, for its type and device."""
        for parameter in self.parameters():
            return parameter
        # A replica of DataParallel has no parameters, but its weights as attributes.
        return next(value for value in vars(self).values() if isinstance(value, Tensor))

    def zero_state(self, batch: int) -> State:
        """The state before the first step, (batch, ...)."""
        like = self.like()
        return self.state_type(*(like.new_zeros(batch, size) for size in self.state_sizes()))

    def forward(
        self,
        x: Tensor,
        state: State | tuple[Tensor, ...] | None = None,
        masks: Masks | None = None,
        input_mask: Tensor | None = None,
        backend: Backend | None = None,
    ) -> State:
        """One step, like torch.nn.LSTMCell; with a `backend` a sequence, see `sequence`.

        Args:
            x: (B, D), or symbol ids (B); without B for a single vector.
            state: (B, ...) each; zeros if None. Of a cell with a hyper cell, (h, c) alone too.
            masks: recurrent dropout; drawn afresh in training if None.
            input_mask: (B) factors of the symbols, 0 or 1 / keep.
        Returns:
            the new state, h first.
        """
        check_tensor(x)
        for part in self.modules():
            if part is not self:  # its own have just run
                run_forward_pre_hooks(part)
        if backend is not None:
            return self._sequence(x, state, masks, input_mask, backend)
        if x.dim() != (1 if x.is_floating_point() else 0):
            return self._step(x, state, masks, input_mask)
        if state is not None:
            state = self.checked_state(state)
            state = self.state_type(*(part.unsqueeze(0) for part in state))
        input_mask = None if input_mask is None else input_mask.unsqueeze(0)
        masks = None if masks is None else masks.unsqueeze(0)
        new = self._step(x.unsqueeze(0), state, masks, input_mask)
        return self.state_type(*(part.squeeze(0) for part in new))

    def sequence(
        self,
        x: Tensor,
        state: State | tuple[Tensor, ...],
        masks: Masks,
        input_mask: Tensor | None,
        backend: Backend,
    ) -> State:
        """All steps: x (T, B, D) or ids (T, B) to states (T + 1, B, ...), the initial one first.

        Args:
            backend: "reference" loops over `step` under autograd, "fused" is one operator, "auto"
                fused where the cell has such a form and its first derivatives are enough: not in
                torch.func's transformations, forward-mode levels and exports to ONNX.
        """
        return cast("State", self(x, state, masks, input_mask, backend))

    def attended(
        self,
        x: Tensor,
        state: State,
        masks: Masks,
        attention: Attention,
        backend: Backend = "auto",
    ) -> tuple[State, Tensor]:
        """All steps, each reading besides x what the h before it finds in a memory.

        Forward hooks, and so `observe`, see nothing of it; pre-hooks run as for `sequence`.

        Args:
            x: (T, B, D - M) vectors; [x; context] is what enters the cell. state: (B, ...).
            attention: of memories of M units, in the type of the states.
            backend: as for `sequence`.
        Returns:
            states (T + 1, B, ...), the initial one first, and the contexts (T, B, M), before
            the attention's mask.
        """
        for part in self.modules():
            run_forward_pre_hooks(part)
        if self._fuses(backend):
            return self.fused_attended(x, state, masks, attention)
        states, contexts = [state], []
        for t, given in enumerate(x.unbind(0)):
            context, _ = attention.look(states[-1].h)
            read = context if attention.mask is None else context * attention.mask[t]
            states.append(self.step(torch.cat([given, read], -1), states[-1], masks.at(t), None))
            contexts.append(context)
        return stacked(states), torch.stack(contexts)

    def _step(self, x: Tensor, state: Any, masks: Masks | None, input_mask: Tensor | None) -> State:
        like = self.like()
        check_input(x, 1, self.input_size, like)
        batch = x.shape[0]
        now = self.zero_state(batch) if state is None else self.checked_state(state, batch)
        if masks is None:
            masks = self.draw_masks((batch,), now[0])
        check_masks(masks, self.mask_sizes(), (batch,), like)
        check_input_mask(input_mask, (batch,), like)
        return self.step(x, now, masks, input_mask)

    def _sequence(
        self,
        x: Tensor,
        state: Any,
        masks: Masks | None,
        input_mask: Tensor | None,
        backend: Backend,
    ) -> State:
        like = self.like()
        check_input(x, 2, self.input_size, like)
        steps, batch = x.shape[:2]
        now = self.zero_state(batch) if state is None else self.checked_state(state, batch)
        if masks is None:
            masks = self.draw_masks((steps, batch), now[0])
        check_masks(masks, self.mask_sizes(), (steps, batch), like)
        check_input_mask(input_mask, (steps, batch), like)
        if self._fuses(backend):
            return self.fused(x, now, masks, input_mask)
        states = [now]
        for t in range(steps):
            mask = None if input_mask is None else input_mask[t]
            states.append(self.step(x[t], states[-1], masks.at(t), mask))
        return stacked(states)

    def _fuses(self, backend: Backend) -> bool:
        check_backend(backend)
        if backend == "reference":
            return False
        beyond = in_transformation() or torch.onnx.is_in_onnx_export()
        if backend == "fused":
            if not self.can_fuse():
                raise ValueError("this form has no fused backend; use 'auto' or 'reference'")
            if beyond:
                raise RuntimeError(
                    'backend="fused" has no forward-mode derivatives, none of torch.func\'s '
                    'transformations and no ONNX form; backend="reference" has them'
                )
            return True
        return self.can_fuse() and not beyond

    def checked_state(self, state: Sequence[Tensor], *leading: int) -> State:
        """The state as this cell's type, refused if its shapes, types or devices are wrong."""
        return checked_state(state, self.state_type, self.state_sizes(), leading, self.like())

    def _shape_line(self) -> str:
        dropout = f", recurrent_dropout={self.recurrent_dropout}" if self.recurrent_dropout else ""
        return f"{self.input_size}, {self.hidden_size}{dropout}"

    def extra_repr(self) -> str:
        return self._shape_line()


def check_backend(backend: str) -> None:
    if backend not in ("auto", "reference", "fused"):
        raise ValueError(f"backend={backend!r}: choose 'auto', 'reference' or 'fused'")
