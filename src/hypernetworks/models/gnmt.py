"""The translation model of table 6: GNMT (Wu et al. 2016) with any recurrent cells.

B sentence pairs, S source and T target positions, H units, V symbols, L layers, P predictions
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from hypernetworks.models.attention import AdditiveAttention, Memory
from hypernetworks.models.log_loss import log_loss
from hypernetworks.models.registry import recurrent_core
from hypernetworks.recurrent.checks import check_rate
from hypernetworks.recurrent.layer import Layer, after_first
from hypernetworks.recurrent.masks import draw_mask
from hypernetworks.recurrent.packing import padded
from hypernetworks.recurrent.stack import Stack
from hypernetworks.recurrent.state import over
from hypernetworks.sizes import whole

PLAIN_LAYERS = 2  # below the first whose output is added to its input
OF_AN_LSTM = ("weight_x", "weight_h", "bias")


class DecoderState(NamedTuple):
    """The state (1, B, ...) of every decoder layer; the bottom one's h is the next query."""

    layers: tuple[Any, ...]

    def rows(self, index: Tensor) -> "DecoderState":
        """Those of the sentences (N,), in that order, repeated where they are named twice."""
        return DecoderState(
            tuple(
                over([state], lambda parts: parts[0].index_select(1, index))
                for state in self.layers
            )
        )


class GNMT(nn.Module):
    """A source sentence and the symbols before it in, the logits of the next target symbol out.

    Encoder: L layers, the bottom one bidirectional with H units each way, whose 2 H outputs feed
    the second. Decoder: L layers, each reading the output of the one below, at the bottom the
    symbol's embedding, beside the context. From the third layer on, on both sides, a layer's
    output is added to what it read from the layer below (Wu et al., eq. 6; the context is not part
    of it), the sum feeds the next layer, at the top the attention or the read-out. What asks the
    attention at step i is the bottom decoder layer's output of step i - 1, zeros at the first; the
    context found enters every layer at step i. The decoder starts from zero states.

    Args:
        core: the recurrent layers, a name of `registry.CORES`.
        symbols: V, of source and target.
        layers: L, at least 2.
        hidden_size: H, also of the embeddings and of the attention's hidden layer.
        dropout: rate on everything that enters a layer from below, embeddings and contexts too.
        init_range: weights start uniform within plus and minus this, see below.
        embedding_range: the same of the embeddings; None: init_range.
        settings: the core's own: hyper_size, embedding_size, recurrent_dropout ...
    Raises:
        ValueError: naming the argument that cannot work.

    Weights:
        `source`, `target`: the embeddings (V, H). `encoder`, `decoder`: L cores of one layer each.
        `attention`: of `AdditiveAttention`. `readout.weight` (V, H), `readout.bias` (V).
        All of them start uniform within +-init_range, the embeddings within +-embedding_range,
        of a recurrent cell its own weight_x, weight_h and bias. What a cell has beyond that keeps
        the cell's start (appendix A.2.3): the hyper cell (`hyper`), what it generates with
        (`generator`; of a full HyperRNN `embeddings`, weight_hz, weight_xz, weight_bz) and layer
        norms (`norm`: gains 1, offsets 0).
    """

    def __init__(
        self,
        core: str,
        symbols: int,
        layers: int = 8,
        hidden_size: int = 1024,
        dropout: float = 0.0,
        init_range: float = 0.04,
        embedding_range: float | None = None,
        **settings: Any,
    ) -> None:
        super().__init__()
        if whole("layers", layers) < PLAIN_LAYERS:
            raise ValueError(f"layers={layers}: at least {PLAIN_LAYERS} on each side")
        embedding_range = init_range if embedding_range is None else embedding_range
        for name, value in {"init_range": init_range, "embedding_range": embedding_range}.items():
            if not 0 < value < torch.inf:
                raise ValueError(f"{name}={value}: it must be above 0, and finite")
        self.hidden_size = whole("hidden_size", hidden_size)
        self.dropout = check_rate("dropout", dropout)

        def layer(input_size: int, bidirectional: bool = False) -> Stack[Any]:
            options = {"hidden_size": hidden_size, "bidirectional": bidirectional}
            return recurrent_core(core, input_size, **options, **settings)

        first, second = layer(hidden_size, bidirectional=True), layer(2 * hidden_size)
        above = [layer(hidden_size) for _ in range(layers - PLAIN_LAYERS)]
        self.encoder = nn.ModuleList([first, second, *above])
        self.decoder = nn.ModuleList([layer(2 * hidden_size) for _ in range(layers)])
        self.source = nn.Embedding(whole("symbols", symbols), hidden_size)
        self.target = nn.Embedding(symbols, hidden_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.readout = nn.Linear(hidden_size, symbols)
        self._reset_parameters(init_range)
        for embedding in (self.source, self.target):
            nn.init.uniform_(embedding.weight, -embedding_range, embedding_range)

    def _reset_parameters(self, bound: float) -> None:
        parts = (self.attention, self.readout)
        found = [parameter for part in parts for parameter in part.parameters()]
        for stack in (*self._stacks(self.encoder), *self._stacks(self.decoder)):
            for cell in stack.cells():
                own = dict(cell.named_parameters(recurse=False))
                found += [own[name] for name in OF_AN_LSTM if name in own]
        for parameter in found:
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, source: PackedSequence, read: PackedSequence, following: Tensor | None = None
    ) -> Tensor:
        """The logits (P, V) of what follows each symbol of `read`, in the order of its data.

        Args:
            source: B sentences of symbols.
            read: the B target sentences, shifted to the right, in the same original order.
            following: (P,) what did follow. With it, instead of the logits, the sum () of its
                log-losses in nats, found without all logits at once: faster, in less memory.
        """
        memory = self.encode(source)
        x, lengths = padded(read.data, read.batch_sizes)
        if x.shape[1] != memory.values.shape[0]:
            pairs = f"{memory.values.shape[0]} source and {x.shape[1]} target sentences"
            raise ValueError(f"{pairs}: they must be pairs")
        if read.sorted_indices is not None:
            memory = memory.rows(read.sorted_indices)
        x = self.target(x)
        bottom, *above = self._stacks(self.decoder)
        x, contexts = self._attended(bottom, x, memory)
        for k, stack in enumerate(above, 1):
            h, _ = stack(self._dropped(torch.cat([x, contexts], -1)))
            x = h if k < PLAIN_LAYERS else x + h
        x = pack_padded_sequence(x, lengths).data
        if following is None:
            return self.readout(x)
        return log_loss(x, self.readout.weight, self.readout.bias, following)

    def encode(self, source: PackedSequence) -> Memory:
        """The memory of B sentences of symbols, in their original order."""
        bottom, *above = self._stacks(self.encoder)
        packed = PackedSequence(self._dropped(self.source(source.data)), source.batch_sizes)
        x, lengths = padded(bottom(packed)[0].data, source.batch_sizes)
        for k, stack in enumerate(above, 1):
            h, _ = stack(self._dropped(x))
            x = h if k < PLAIN_LAYERS else x + h
        memory = self.attention.remember(x.transpose(0, 1), lengths.to(x.device))
        back = source.unsorted_indices
        return memory if back is None else memory.rows(back)

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first symbol is read."""
        batch = memory.values.shape[0]
        return DecoderState(tuple(stack.zero_state(batch) for stack in self._stacks(self.decoder)))

    def step(
        self, symbols: Tensor, state: DecoderState, memory: Memory
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """Reads a symbol (B,) of every sentence.

        Returns:
            log_probs (B, V) of the next symbol, the attention's weights (B, S), the new state.
        """
        bottom = state.layers[0]
        context, weights = self.attention(bottom.h[0], memory)
        x, states = self.target(symbols), []
        for k, stack in enumerate(self._stacks(self.decoder)):
            h, new = stack.step(self._dropped(torch.cat([x, context], -1)), state.layers[k])
            x = h if k < PLAIN_LAYERS else x + h
            states.append(new)
        return self.readout(x).log_softmax(-1), weights, DecoderState(tuple(states))

    def _attended(self, stack: Stack[Any], x: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """The bottom decoder layer: its h and the contexts (T, B, H) of embeddings (T, B, H)."""
        layer: Layer[Any] = stack.layers["0"]  # type: ignore[assignment]
        shape = (*x.shape[:2], memory.values.shape[-1])
        mask = draw_mask(self.dropout, shape, x) if self.training else None
        state = layer.cell.zero_state(x.shape[1])
        masks = layer.cell.draw_masks(shape[:2], state.h)
        attention = self.attention.of(memory, mask)
        states, contexts = layer.cell.attended(
            self._dropped(x), state, masks, attention, layer.backend
        )
        return after_first(states.h), contexts

    def _dropped(self, x: Tensor) -> Tensor:
        mask = draw_mask(self.dropout, tuple(x.shape), x) if self.training else None
        return x if mask is None else x * mask

    @staticmethod
    def _stacks(side: nn.ModuleList) -> list[Stack[Any]]:
        return list(side)  # type: ignore[arg-type]
