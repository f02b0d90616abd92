"""The character language model of tables 3 and 4: recurrent layers and a linear read-out.

T steps, B streams, V symbols, H units
"""

from typing import Any

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.checks import check_rate
from hypernetworks.recurrent.masks import draw_mask
from hypernetworks.recurrent.stack import Stack

PART = 8  # steps


class CharacterModel(nn.Module):
    """One-hot symbols in, the logits of the next symbol out (section 4.3, A.3.3).

    Args:
        core: the recurrent layers, over V inputs.
        input_dropout: rate at which a position's whole one-hot vector is dropped, the same for
            main and hyper cell.
        output_dropout: rate on h before the read-out.

    Weights:
        Those of the core; `readout.weight` (V, H): uniform as of Glorot; `readout.bias` (V): 0.
    """

    def __init__(
        self, core: Stack[Any], input_dropout: float = 0.0, output_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.core = core
        self.input_dropout = check_rate("input_dropout", input_dropout)
        self.output_dropout = check_rate("output_dropout", output_dropout)
        self.readout = nn.Linear(core.hidden_size * core.directions, core.input_size)
        nn.init.xavier_uniform_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)

    def forward(self, symbols: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Logits (T, B, V) of the symbols after `symbols` (T, B), and the state after them."""
        mask, like = None, self.readout.weight
        if self.training:
            mask = draw_mask(self.input_dropout, tuple(symbols.shape), like)
        h, state = self.core(symbols, state, input_mask=mask)
        if not self.training or not self.output_dropout:
            return self.readout(h), state
        # On the CPU in parts whose masks and products stay in the cache.
        parts = h.split(PART if h.device.type == "cpu" else len(h))
        masks = (draw_mask(self.output_dropout, tuple(part.shape), like) for part in parts)
        logits = [self.readout(part * kept) for part, kept in zip(parts, masks, strict=True)]
        return torch.cat(logits), state
