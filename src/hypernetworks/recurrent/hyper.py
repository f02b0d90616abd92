"""The HyperLSTM cell (section 3.2; eq. 9 to 13; appendix A.2).

B sequences, D input units, H units, P hyper units, N = N_z
"""

from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.checks import check_flag, check_number, check_rate
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.initialisation import Device, InputInit
from hypernetworks.recurrent.lstm import GateNorm, LayerNormLSTMCell, LSTMCell, lstm_update
from hypernetworks.recurrent.masks import NO_MASKS, Masks, draw_mask
from hypernetworks.recurrent.scaled import EmbeddingsFrom, ScaledCell, hyper_sum
from hypernetworks.recurrent.state import HyperLSTMState, LSTMState
from hypernetworks.sizes import whole


class HyperLSTMCell(ScaledCell[HyperLSTMState]):
    """Eq. 10 to 13, one step.

    Args:
        input_size: D.
        hidden_size: H, units of the main cell.
        hyper_size: P, units of the hyper cell.
        embedding_size: N_z, of the embeddings from which the hyper cell makes weights.
        layer_norm: of the main cell.
        hyper_layer_norm: of the hyper cell; as the main one if None.
        recurrent_dropout: rate on phi(g) in training.
        hyper_recurrent_dropout: rate on the hyper cell's, phi(g_hat).
        forget_bias: added to f of both cells, after the norm; not a parameter.
        input_init: "orthogonal" or "glorot": how `weight_x` of both cells starts.
        layer_norm_epsilon: inside the square root.
        pre_norm_bias: a bias before the norm of the hyper cell (the main cell has b_0 always).
        embeddings_from: "new", of h_hat_t, as the authors' cell has it; "previous", of h_hat_{t-1},
            as eq. 11 is printed.
        device: where the weights lie; torch's default if None.
        dtype: of the weights; torch's default if None.

    Weights:
        `weight_x` (4 H, D), `weight_h` (4 H, H): W_x, W_h, orthogonal by gate. `bias` (4 H): b_0,
        0. `hyper`: the hyper cell on [h_{t-1}; x_t]. `generator`: embeddings and scaling. `norm`:
        gains (1) and offsets (0), with layer norm.
    """

    state_type = HyperLSTMState
    gates = 4
    hyper: LSTMCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        hyper_size: int = 128,
        embedding_size: int = 4,
        layer_norm: bool = False,
        hyper_layer_norm: bool | None = None,
        recurrent_dropout: float = 0.0,
        hyper_recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        layer_norm_epsilon: float = 1e-3,
        pre_norm_bias: bool = False,
        embeddings_from: EmbeddingsFrom = "new",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, recurrent_dropout)
        whole("hyper_size", hyper_size)
        check_rate("hyper_recurrent_dropout", hyper_recurrent_dropout)
        check_flag("layer_norm", layer_norm)
        check_flag("pre_norm_bias", pre_norm_bias)
        if hyper_layer_norm is not None:
            check_flag("hyper_layer_norm", hyper_layer_norm)
        self.forget_bias = check_number("forget_bias", forget_bias)
        factory: dict[str, Any] = {"device": device, "dtype": dtype}
        self.norm = (
            GateNorm(self.hidden_size, layer_norm_epsilon, **factory) if layer_norm else None
        )
        both = {
            "recurrent_dropout": hyper_recurrent_dropout,
            "forget_bias": forget_bias,
            "input_init": input_init,
            **factory,
        }
        if layer_norm if hyper_layer_norm is None else hyper_layer_norm:
            both |= {"layer_norm_epsilon": layer_norm_epsilon, "pre_norm_bias": pre_norm_bias}
            self.hyper = LayerNormLSTMCell(self.input_size + self.hidden_size, hyper_size, **both)
        else:
            self.hyper = LSTMCell(self.input_size + self.hidden_size, hyper_size, **both)
        self._add_parameters(embedding_size, embeddings_from, input_init, device, dtype)

    def set_forget_bias(self, value: float) -> None:
        """Of the main and the hyper cell."""
        self.forget_bias = check_number("forget_bias", value)
        self.hyper.set_forget_bias(value)

    def state_sizes(self) -> tuple[int, ...]:
        return (self.hidden_size, self.hidden_size, *self.hyper.state_sizes())

    def mask_sizes(self) -> tuple[int, ...]:
        return self.hidden_size, self.hyper.hidden_size

    def draw_masks(self, shape: tuple[int, ...], like: Tensor) -> Masks:
        if not self.training:
            return NO_MASKS
        rates = (self.recurrent_dropout, self.hyper.recurrent_dropout)
        pairs = zip(rates, self.mask_sizes(), strict=True)
        drawn = (draw_mask(rate, (*shape, size), like) for rate, size in pairs)
        return Masks(*drawn)

    def step(
        self, x: Tensor, state: HyperLSTMState, masks: Masks, input_mask: Tensor | None
    ) -> HyperLSTMState:
        h, c, h_hat, c_hat = state
        y_hat = hyper_sum(self.hyper, x, h, h_hat, input_mask)
        new: LSTMState = self.hyper.update(y_hat, c_hat, masks.hyper)
        y = self.main_sum(x, h, h_hat if self.embeddings_from == "previous" else new.h, input_mask)
        main = lstm_update(y, c, self.norm, self.forget_bias, masks.main)
        return HyperLSTMState(*main, *new)

    def fused(
        self, x: Tensor, state: HyperLSTMState, masks: Masks, input_mask: Tensor | None
    ) -> HyperLSTMState:
        return HyperLSTMState(*self.run(x, state, masks, input_mask))

    def fused_attended(
        self, x: Tensor, state: HyperLSTMState, masks: Masks, attention: Attention
    ) -> tuple[HyperLSTMState, Tensor]:
        *states, contexts = self.run_attended(x, state, masks, attention)
        return HyperLSTMState(*states), contexts
