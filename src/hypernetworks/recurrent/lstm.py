"""LSTM and layer-norm LSTM cells, as the paper uses them alone and inside a HyperLSTM.

T steps, B sequences, D input units, H units; gates in the order i, g, f, o
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.checks import check_epsilon, check_flag, check_number
from hypernetworks.recurrent.fused.attended import LSTM, attended_sequence
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.fused.sequence import lstm_sequence
from hypernetworks.recurrent.fused.step import normalize
from hypernetworks.recurrent.initialisation import (
    Device,
    InputInit,
    init_input_weight,
    init_norm,
    orthogonal_by_gate,
    parameter,
)
from hypernetworks.recurrent.masks import NO_MASKS, Masks, draw_mask
from hypernetworks.recurrent.projection import arithmetic_dtype, project, project_sequence
from hypernetworks.recurrent.state import LSTMState


class GateNorm(torch.nn.Module):
    """Layer normalisation of the gates, each over its units, and of c inside h.

    Parameters (gain 1 and offset 0 at the start): gain, offset (4, H); cell_gain, cell_offset (H).
    (x - mean) / sqrt(variance + epsilon), biased variance.
    """

    def __init__(
        self,
        hidden_size: int,
        epsilon: float,
        *,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.epsilon = check_epsilon(epsilon)
        self.gain = parameter(4, hidden_size, device=device, dtype=dtype)
        self.offset = parameter(4, hidden_size, device=device, dtype=dtype)
        self.cell_gain = parameter(hidden_size, device=device, dtype=dtype)
        self.cell_offset = parameter(hidden_size, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        init_norm(*self.tensors())

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.gain, self.offset, self.cell_gain, self.cell_offset

    def gates(self, y: Tensor) -> Tensor:
        """(B, 4, H), normalised."""
        return normalize(y, self.epsilon)[0] * self.gain + self.offset

    def cells(self, c: Tensor) -> Tensor:
        """(B, H), normalised."""
        return normalize(c, self.epsilon)[0] * self.cell_gain + self.cell_offset


def lstm_update(
    y: Tensor, c: Tensor, norm: GateNorm | None, forget_bias: float, mask: Tensor | None
) -> LSTMState:
    """Eq. 13: from the gates' sums y (B, 4, H) before LN and c_{t-1} (B, H) to h_t and c_t."""
    if norm is not None:
        y = norm.gates(y)
    i, g, f, o = y.unbind(1)
    phi_g = torch.tanh(g) if mask is None else torch.tanh(g) * mask
    c = torch.sigmoid(f + forget_bias) * c + torch.sigmoid(i) * phi_g
    h = torch.sigmoid(o) * torch.tanh(c if norm is None else norm.cells(c))
    return LSTMState(h, c)


class LSTMCell(Cell[LSTMState]):
    """c_t = sig(f) c_{t-1} + sig(i) DropOut(phi(g)), h_t = sig(o) phi(c_t), y = W_x x + W_h h + b.

    Args:
        input_size: D.
        hidden_size: H.
        recurrent_dropout: rate on phi(g) in training.
        forget_bias: added to f, not a parameter.
        input_init: "orthogonal" or "glorot": how `weight_x` starts (see initialisation.py).
        device: where the weights lie; torch's default if None.
        dtype: of the weights; torch's default if None.

    Weights:
        `weight_x` (4 H, D), `weight_h` (4 H, H): orthogonal by gate. `bias` (4 H): 0.
    """

    state_type = LSTMState

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, recurrent_dropout)
        self._add_parameters(forget_bias, input_init, None, True, device, dtype)

    def _add_parameters(
        self,
        forget_bias: float,
        input_init: InputInit,
        norm: GateNorm | None,
        bias: bool,
        device: Device,
        dtype: torch.dtype | None,
    ) -> None:
        self.forget_bias = check_number("forget_bias", forget_bias)
        self.input_init: InputInit = input_init
        size = 4 * self.hidden_size
        self.weight_x = parameter(size, self.input_size, device=device, dtype=dtype)
        self.weight_h = parameter(size, self.hidden_size, device=device, dtype=dtype)
        self.bias = parameter(size, device=device, dtype=dtype) if bias else None
        self.norm = norm
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Appendix A.2.3."""
        init_input_weight(self.weight_x, 4, self.input_init)
        orthogonal_by_gate(self.weight_h, 4)
        if self.bias is not None:
            torch.nn.init.zeros_(self.bias)
        if self.norm is not None:
            self.norm.reset_parameters()

    def set_forget_bias(self, value: float) -> None:
        self.forget_bias = check_number("forget_bias", value)

    def state_sizes(self) -> tuple[int, ...]:
        return self.hidden_size, self.hidden_size

    def mask_sizes(self) -> tuple[int, ...]:
        return (self.hidden_size,)

    def draw_masks(self, shape: tuple[int, ...], like: Tensor) -> Masks:
        if not self.training:
            return NO_MASKS
        return Masks(draw_mask(self.recurrent_dropout, (*shape, self.hidden_size), like))

    def step(
        self, x: Tensor, state: LSTMState, masks: Masks, input_mask: Tensor | None
    ) -> LSTMState:
        y = project(x, self.weight_x, input_mask) + F.linear(state.h, self.weight_h)
        y = y.to(state.h.dtype)
        if self.bias is not None:
            y = y + self.bias
        return self.update(y, state.c, masks.main)

    def update(self, y: Tensor, c: Tensor, mask: Tensor | None) -> LSTMState:
        """From the sum y (B, 4 H) of everything that enters the gates."""
        return lstm_update(y.unflatten(1, (4, -1)), c, self.norm, self.forget_bias, mask)

    def fused(
        self, x: Tensor, state: LSTMState, masks: Masks, input_mask: Tensor | None
    ) -> LSTMState:
        inputs = project_sequence(x, self.weight_x, input_mask, self.bias)
        h, c, _ = lstm_sequence(*self._arguments(inputs, state, masks))
        return LSTMState(h.to(state.h.dtype), c.to(state.c.dtype))

    def fused_attended(
        self, x: Tensor, state: LSTMState, masks: Masks, attention: Attention
    ) -> tuple[LSTMState, Tensor]:
        of_x, of_context = self.weight_x.tensor_split([x.shape[-1]], 1)
        inputs = project_sequence(x, of_x, None, self.bias)
        weights, real = (of_context.to(inputs.dtype),), arithmetic_dtype(inputs)
        arguments = self._arguments(inputs, state, masks)
        h, c, contexts = attended_sequence(LSTM, attention.to(real), weights, *arguments)
        kept = state.h.dtype
        return LSTMState(h.to(kept), c.to(kept)), contexts.to(kept)

    def _arguments(self, inputs: Tensor, state: LSTMState, masks: Masks) -> tuple[Any, ...]:
        """Those of the fused operators, with W_x x + b as `inputs`."""
        real = arithmetic_dtype(inputs)
        return (
            inputs.contiguous(),
            state.h.to(real),
            state.c.to(real),
            self.weight_h.to(inputs.dtype),
            *norm_arguments(self.norm, real),
            None if masks.main is None else masks.main.to(real).contiguous(),
            self.forget_bias,
            0.0 if self.norm is None else self.norm.epsilon,
        )


def norm_arguments(norm: GateNorm | None, real: torch.dtype) -> list[Tensor | None]:
    """What the fused operators take of a layer norm."""
    return [None] * 4 if norm is None else [p.to(real).contiguous() for p in norm.tensors()]


class LayerNormLSTMCell(LSTMCell):
    """LSTMCell with layer normalisation of every gate and of c_t inside h_t (section 3, LN).

    No bias before the norm, as the paper's parameter counts have it.

    Args:
        input_size: D.
        hidden_size: H.
        recurrent_dropout: rate on phi(g) in training.
        forget_bias: added to f, after the norm; not a parameter.
        input_init: "orthogonal" or "glorot": how `weight_x` starts.
        layer_norm_epsilon: inside the square root.
        pre_norm_bias: adds `bias` (4 H), starting at 0, before the norm.
        device: where the weights lie; torch's default if None.
        dtype: of the weights; torch's default if None.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        layer_norm_epsilon: float = 1e-3,
        pre_norm_bias: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        Cell.__init__(self, input_size, hidden_size, recurrent_dropout)
        norm = GateNorm(self.hidden_size, layer_norm_epsilon, device=device, dtype=dtype)
        bias = check_flag("pre_norm_bias", pre_norm_bias)
        self._add_parameters(forget_bias, input_init, norm, bias, device, dtype)
