"""What HyperLSTM and the scaled HyperRNN share (section 3.2; eq. 7 to 12; appendix A.2).

    T steps, B sequences, D input units, H units, P hyper units, N = N_z
    G gates: 4 (i, g, f, o) in a HyperLSTM, 1 in a HyperRNN

A small recurrent network, the hyper cell, reads [h_{t-1}; x_t] and makes, at every step, the
embeddings z from which the scaling vectors d_h, d_x and the bias b of the main cell come.
"""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.fused.attended import HYPER, attended_sequence
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.fused.hyper_sequence import hyper_sequence
from hypernetworks.recurrent.generator import Generator, Scales
from hypernetworks.recurrent.initialisation import (
    Device,
    InputInit,
    init_input_weight,
    orthogonal_by_gate,
    parameter,
)
from hypernetworks.recurrent.lstm import GateNorm, LSTMCell, norm_arguments
from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.projection import arithmetic_dtype, project, project_sequence
from hypernetworks.recurrent.rnn import RNNCell
from hypernetworks.recurrent.state import State

EmbeddingsFrom = Literal["new", "previous"]


def check_embeddings_from(choice: EmbeddingsFrom) -> EmbeddingsFrom:
    if choice not in ("new", "previous"):
        raise ValueError(f"embeddings_from={choice!r}: choose 'new' or 'previous'")
    return choice


def hyper_sum(
    hyper: LSTMCell | RNNCell, x: Tensor, h: Tensor, h_hat: Tensor, input_mask: Tensor | None
) -> Tensor:
    """W_hhat h_hat + W_xhat [h; x] + b_hat (B, G P), before the norm of eq. 10."""
    to_h, to_x = split_input_weight(hyper, h.shape[-1])
    y_hat = project(x, to_x, input_mask) + F.linear(h, to_h) + F.linear(h_hat, hyper.weight_h)
    y_hat = y_hat.to(h.dtype)
    return y_hat if hyper.bias is None else y_hat + hyper.bias


def split_input_weight(hyper: LSTMCell | RNNCell, hidden_size: int) -> tuple[Tensor, Tensor]:
    """What W_xhat takes of h_{t-1} and of x_t: (G P, H) and (G P, D)."""
    return hyper.weight_x[:, :hidden_size], hyper.weight_x[:, hidden_size:]


class ScaledCell(Cell[State]):
    """A main cell whose weights are rescaled by what its hyper cell says.

    Weights:
        `weight_x` (G H, D), `weight_h` (G H, H): W_x, W_h, orthogonal by gate. `bias` (G H): b_0,
        0. `hyper`: the hyper cell on [h_{t-1}; x_t]. `generator`: embeddings and scaling.
    """

    gates: int
    hyper: LSTMCell | RNNCell
    norm: GateNorm | None
    forget_bias: float

    def _add_parameters(
        self,
        embedding_size: int,
        embeddings_from: EmbeddingsFrom,
        input_init: InputInit,
        device: Device,
        dtype: torch.dtype | None,
    ) -> None:
        self.embeddings_from = check_embeddings_from(embeddings_from)
        self.input_init: InputInit = input_init
        size = self.gates * self.hidden_size
        self.weight_x = parameter(size, self.input_size, device=device, dtype=dtype)
        self.weight_h = parameter(size, self.hidden_size, device=device, dtype=dtype)
        self.bias = parameter(size, device=device, dtype=dtype)
        sizes = (self.hyper.hidden_size, embedding_size, self.hidden_size)
        self.generator = Generator(self.gates, *sizes, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Appendix A.2.3."""
        init_input_weight(self.weight_x, self.gates, self.input_init)
        orthogonal_by_gate(self.weight_h, self.gates)
        nn.init.zeros_(self.bias)
        self.hyper.reset_parameters()
        self.generator.reset_parameters()
        if self.norm is not None:
            self.norm.reset_parameters()

    def main_sum(self, x: Tensor, h: Tensor, h_hat: Tensor, input_mask: Tensor | None) -> Tensor:
        """d_h * W_h h + d_x * W_x x + b(z_b) + b_0 (B, G, H), before the norm of eq. 12."""
        d_h, d_x, b = self.generator.forward(h_hat)  # its hooks have run, once for all steps
        from_h = F.linear(h, self.weight_h).unflatten(1, (self.gates, -1)).to(h.dtype)
        from_x = project(x, self.weight_x, input_mask).unflatten(1, (self.gates, -1)).to(h.dtype)
        return d_h * from_h + d_x * from_x + b + self.bias.unflatten(0, (self.gates, -1))

    def scales(self, h_hat: Tensor) -> Scales:
        """The scaling vectors (T, ..., G, H) of a run's hyper outputs (T + 1, ..., P)."""
        return self.generator(h_hat[:-1] if self.embeddings_from == "previous" else h_hat[1:])

    def run(
        self,
        x: Tensor,
        states: tuple[Tensor, Tensor, Tensor, Tensor],
        masks: Masks,
        input_mask: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All steps by the fused operator, from h, c, h_hat, c_hat (c of width 0 without gates)."""
        _, to_x = split_input_weight(self.hyper, self.hidden_size)
        inputs = project_sequence(x, self.weight_x, input_mask)
        hyper_inputs = project_sequence(x, to_x, input_mask)
        arguments = self._arguments(inputs, hyper_inputs, states, masks)
        h, c, h_hat, c_hat, *_ = hyper_sequence(*arguments)
        kept = states[0].dtype
        return h.to(kept), c.to(kept), h_hat.to(kept), c_hat.to(kept)

    def run_attended(
        self,
        x: Tensor,
        states: tuple[Tensor, Tensor, Tensor, Tensor],
        masks: Masks,
        attention: Attention,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The same with attention: states as of `run`, and the contexts."""
        _, to_x = split_input_weight(self.hyper, self.hidden_size)
        of_x, of_context = self.weight_x.tensor_split([x.shape[-1]], 1)
        hyper_of_x, hyper_of_context = to_x.tensor_split([x.shape[-1]], 1)
        inputs = project_sequence(x, of_x, None)
        arguments = self._arguments(inputs, project_sequence(x, hyper_of_x, None), states, masks)
        weights = (of_context.to(inputs.dtype), hyper_of_context.to(inputs.dtype))
        attention, kept = attention.to(arithmetic_dtype(inputs)), states[0].dtype
        found = attended_sequence(HYPER, attention, weights, *arguments)
        h, c, h_hat, c_hat, contexts = (part.to(kept) for part in found)
        return h, c, h_hat, c_hat, contexts

    def _arguments(
        self, inputs: Tensor, hyper_inputs: Tensor, states: tuple[Tensor, ...], masks: Masks
    ) -> tuple[Any, ...]:
        """Those of the fused operators, with W_x x and what W_xhat takes of x as inputs."""
        to_h, _ = split_input_weight(self.hyper, self.hidden_size)
        if self.hyper.bias is not None:
            hyper_inputs = hyper_inputs + self.hyper.bias.to(hyper_inputs.dtype)
        product: torch.dtype = inputs.dtype
        real: torch.dtype = arithmetic_dtype(inputs)
        embedding_weight, embedding_bias = self.generator.embeddings.joint()
        return (
            inputs.contiguous(),
            hyper_inputs.contiguous(),
            *(part.to(real) for part in states),
            torch.cat((self.weight_h, to_h)).to(product),
            self.hyper.weight_h.to(product),
            embedding_weight.to(real),
            embedding_bias.to(real),
            self.generator.scaling().to(real),
            self.bias.unflatten(0, (self.gates, -1)).to(real).contiguous(),
            *norm_arguments(self.norm, real),
            *norm_arguments(self.hyper.norm, real),
            *(None if mask is None else mask.to(real).contiguous() for mask in masks),
            self.forget_bias,
            next((n.epsilon for n in (self.norm, self.hyper.norm) if n is not None), 0.0),
            self.embeddings_from == "previous",
        )

    def extra_repr(self) -> str:
        size = self.generator.weight_bz.shape[1]
        options = f"hyper_size={self.hyper.hidden_size}, embedding_size={size}"
        if self.embeddings_from != "new":
            options += f", embeddings_from={self.embeddings_from!r}"
        return f"{self._shape_line()}, {options}"
