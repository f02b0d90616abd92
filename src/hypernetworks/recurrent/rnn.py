"""The tanh RNN (eq. 4), as the hyper cell of a HyperRNN.

B sequences, D input units, H units
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.initialisation import (
    Device,
    InputInit,
    init_input_weight,
    orthogonal_by_gate,
    parameter,
)
from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.projection import project
from hypernetworks.recurrent.state import RNNState


class RNNCell(Cell[RNNState]):
    """h_t = phi(W_h h_{t-1} + W_x x_t + b).

    Weights:
        `weight_x` (H, D), `weight_h` (H, H): orthogonal. `bias` (H): 0.
    """

    state_type = RNNState
    norm = None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_init: InputInit = "orthogonal",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, 0.0)
        self.input_init: InputInit = input_init
        self.weight_x = parameter(hidden_size, input_size, device=device, dtype=dtype)
        self.weight_h = parameter(hidden_size, hidden_size, device=device, dtype=dtype)
        self.bias = parameter(hidden_size, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        init_input_weight(self.weight_x, 1, self.input_init)
        orthogonal_by_gate(self.weight_h, 1)
        nn.init.zeros_(self.bias)

    def state_sizes(self) -> tuple[int, ...]:
        return (self.hidden_size,)

    def step(self, x: Tensor, state: RNNState, masks: Masks, input_mask: Tensor | None) -> RNNState:
        y = project(x, self.weight_x, input_mask) + F.linear(state.h, self.weight_h)
        return RNNState(torch.tanh(y.to(state.h.dtype) + self.bias))

    def can_fuse(self) -> bool:
        return False
