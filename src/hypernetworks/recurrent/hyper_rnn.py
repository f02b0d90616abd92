"""HyperRNN cells (eq. 4 to 8): scaled, whose weights are rescaled, and full, generated whole.

B sequences, D input units, H units, P hyper units, N = N_z
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.generator import Embeddings
from hypernetworks.recurrent.initialisation import (
    Device,
    InputInit,
    init_input_weight,
    orthogonal_by_gate,
    parameter,
)
from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.projection import project
from hypernetworks.recurrent.rnn import RNNCell
from hypernetworks.recurrent.scaled import (
    EmbeddingsFrom,
    ScaledCell,
    check_embeddings_from,
    hyper_sum,
)
from hypernetworks.recurrent.state import HyperRNNState
from hypernetworks.sizes import whole


class HyperRNNCell(ScaledCell[HyperRNNState]):
    """Eq. 7 and 8: h_t = phi(d_h * W_h h + d_x * W_x x + b(z_b)), where b holds b_0 too.

    Args:
        input_size: D.
        hidden_size: H, units of the main cell.
        hyper_size: P, units of the hyper cell.
        embedding_size: N_z, of the embeddings from which the hyper cell makes weights.
        input_init: "orthogonal" or "glorot": how `weight_x` of both cells starts.
        embeddings_from: "new" or "previous", as for HyperLSTMCell.
        device: where the weights lie; torch's default if None.
        dtype: of the weights; torch's default if None.

    Weights:
        `weight_x` (H, D), `weight_h` (H, H): W_x, W_h, orthogonal. `bias` (H): b_0, 0. `hyper`: the
        hyper cell on [h_{t-1}; x_t]. `generator`: embeddings and scaling.
    """

    state_type = HyperRNNState
    gates = 1
    norm = None
    forget_bias = 0.0
    hyper: RNNCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        hyper_size: int = 128,
        embedding_size: int = 4,
        input_init: InputInit = "orthogonal",
        embeddings_from: EmbeddingsFrom = "new",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 0.0)
        whole("hyper_size", hyper_size)
        self.hyper = RNNCell(
            self.input_size + self.hidden_size,
            hyper_size,
            input_init=input_init,
            device=device,
            dtype=dtype,
        )
        self._add_parameters(embedding_size, embeddings_from, input_init, device, dtype)

    def state_sizes(self) -> tuple[int, ...]:
        return self.hidden_size, self.hyper.hidden_size

    def step(
        self, x: Tensor, state: HyperRNNState, masks: Masks, input_mask: Tensor | None
    ) -> HyperRNNState:
        h, h_hat = state
        new = torch.tanh(hyper_sum(self.hyper, x, h, h_hat, input_mask))
        source = h_hat if self.embeddings_from == "previous" else new
        return HyperRNNState(torch.tanh(self.main_sum(x, h, source, input_mask)[:, 0]), new)

    def fused(
        self, x: Tensor, state: HyperRNNState, masks: Masks, input_mask: Tensor | None
    ) -> HyperRNNState:
        none = state.h.new_empty(state.h.shape[0], 0)
        h, _, h_hat, _ = self.run(x, (state.h, none, state.h_hat, none), masks, input_mask)
        return HyperRNNState(h, h_hat)

    def fused_attended(
        self, x: Tensor, state: HyperRNNState, masks: Masks, attention: Attention
    ) -> tuple[HyperRNNState, Tensor]:
        none = state.h.new_empty(state.h.shape[0], 0)
        states = (state.h, none, state.h_hat, none)
        h, _, h_hat, _, contexts = self.run_attended(x, states, masks, attention)
        return HyperRNNState(h, h_hat), contexts


class FullHyperRNNCell(Cell[HyperRNNState]):
    """Eq. 5 and 6: W_h = <W_hz, z_h>, W_x = <W_xz, z_x>, b = W_bz z_b + b_0.

    N_z times the memory of an RNN, which is why the paper goes on with the scaled form; there is
    no fused form of it.

    Args:
        input_size: D.
        hidden_size: H, units of the main cell.
        hyper_size: P, units of the hyper cell.
        embedding_size: N_z, of the embeddings from which the weights are made.
        input_init: "orthogonal" or "glorot": how the weights of the input start.
        embeddings_from: "new" or "previous", as for HyperLSTMCell.
        device: where the weights lie; torch's default if None.
        dtype: of the weights; torch's default if None.

    Weights:
        `weight_hz` (N, H, H), `weight_xz` (N, H, D): orthogonal / N. `weight_bz` (N, H), `bias`
        (H): 0. `embeddings`: z_h, z_x, z_b with G = 1. `hyper`: the hyper cell.
    """

    state_type = HyperRNNState

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        hyper_size: int = 128,
        embedding_size: int = 4,
        input_init: InputInit = "orthogonal",
        embeddings_from: EmbeddingsFrom = "new",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 0.0)
        whole("hyper_size", hyper_size)
        self.embeddings_from = check_embeddings_from(embeddings_from)
        self.input_init: InputInit = input_init
        self.hyper = RNNCell(
            self.input_size + self.hidden_size,
            hyper_size,
            input_init=input_init,
            device=device,
            dtype=dtype,
        )
        self.embeddings = Embeddings(1, hyper_size, embedding_size, device=device, dtype=dtype)
        self.weight_hz = parameter(
            embedding_size, hidden_size, hidden_size, device=device, dtype=dtype
        )
        self.weight_xz = parameter(
            embedding_size, hidden_size, input_size, device=device, dtype=dtype
        )
        self.weight_bz = parameter(embedding_size, hidden_size, device=device, dtype=dtype)
        self.bias = parameter(hidden_size, device=device, dtype=dtype)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        for n in range(len(self.weight_hz)):
            orthogonal_by_gate(self.weight_hz[n], 1)
            init_input_weight(self.weight_xz[n], 1, self.input_init)
        self.weight_hz.div_(len(self.weight_hz))
        self.weight_xz.div_(len(self.weight_xz))
        nn.init.zeros_(self.weight_bz)
        nn.init.zeros_(self.bias)
        self.hyper.reset_parameters()
        self.embeddings.reset_parameters()

    def state_sizes(self) -> tuple[int, ...]:
        return self.hidden_size, self.hyper.hidden_size

    def can_fuse(self) -> bool:
        return False

    def step(
        self, x: Tensor, state: HyperRNNState, masks: Masks, input_mask: Tensor | None
    ) -> HyperRNNState:
        h, h_hat = state
        new = torch.tanh(hyper_sum(self.hyper, x, h, h_hat, input_mask))
        source = h_hat if self.embeddings_from == "previous" else new
        z_h, z_x, z_b = (z[:, 0] for z in self.embeddings.forward(source))
        # <W, z> h is the sum over n of z_n (W_n h): the same, without a matrix for each sequence.
        from_h = F.linear(h, self.weight_hz.flatten(0, 1)).unflatten(1, (-1, self.hidden_size))
        from_x = project(x, self.weight_xz.flatten(0, 1), input_mask)
        from_x = from_x.unflatten(1, (-1, self.hidden_size))
        y = torch.einsum("bn,bnh->bh", z_h, from_h.to(h.dtype))
        y = y + torch.einsum("bn,bnh->bh", z_x, from_x.to(h.dtype))
        return HyperRNNState(torch.tanh(y + z_b @ self.weight_bz + self.bias), new)
