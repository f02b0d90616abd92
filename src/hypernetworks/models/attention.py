"""Additive attention: a network with one hidden layer weighs the positions of a source (Bahdanau
et al. 2015; in GNMT, Wu et al. 2016, eq. 4).

B sentences, S source positions, H units of the memory, Q of a query, A of the hidden layer
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.fused.attention import Attention


class Memory(NamedTuple):
    """What a query attends to, prepared once for all queries.

    Fields:
        values (B, S, H): the encoder's outputs. keys (B, S, A): what the hidden layer makes of
        them. penalty (B, S): added to the scores: 0, or -inf behind the end of a sentence.
    """

    values: Tensor
    keys: Tensor
    penalty: Tensor

    def rows(self, index: Tensor) -> "Memory":
        """Those of the sentences (N,), in that order, repeated where they are named twice."""
        return Memory(*(part.index_select(0, index) for part in self))


class AdditiveAttention(nn.Module):
    """weights = softmax_j(v . tanh(W_q q + b + W_k m_j)), context = sum_j weights_j m_j.

    Args:
        query_size: Q.
        memory_size: H.
        hidden_size: A.

    Weights:
        `query.weight` (A, Q), `query.bias` (A), `key.weight` (A, H), `score` (A).
    """

    def __init__(self, query_size: int, memory_size: int, hidden_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size)
        self.key = nn.Linear(memory_size, hidden_size, bias=False)
        self.score = nn.Parameter(torch.empty(hidden_size))
        nn.init.uniform_(self.score, -(hidden_size**-0.5), hidden_size**-0.5)

    def remember(self, values: Tensor, lengths: Tensor) -> Memory:
        """The memory of values (B, S, H), of sentences of lengths (B,)."""
        positions = torch.arange(values.shape[1], device=values.device)
        penalty = values.new_zeros(values.shape[:2])
        penalty.masked_fill_(positions >= lengths[:, None], float("-inf"))
        return Memory(values, self.key(values), penalty)

    def of(self, memory: Memory, mask: Tensor | None = None) -> Attention:
        """The attention to a memory as recurrent cells take it; see `Cell.attended`."""
        parts = (memory.keys, memory.values, memory.penalty)
        return Attention(*parts, self.query.weight, self.query.bias, self.score, mask)

    def forward(self, query: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """The context (B, H) and the weights (B, S) of queries (B, Q)."""
        return self.of(memory).look(query)
