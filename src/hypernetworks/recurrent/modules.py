"""LSTM, LayerNormLSTM, HyperRNN and HyperLSTM: what a user imports.

Each takes the arguments of torch.nn.LSTM that make sense for it and those of its cell.
"""

import torch

from hypernetworks.recurrent.cell import Backend
from hypernetworks.recurrent.hyper import EmbeddingsFrom, HyperLSTMCell
from hypernetworks.recurrent.hyper_rnn import FullHyperRNNCell, HyperRNNCell
from hypernetworks.recurrent.initialisation import Device, InputInit
from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.stack import Stack
from hypernetworks.recurrent.state import HyperLSTMState, HyperRNNState, LSTMState


class LSTM(Stack[LSTMState]):
    """An LSTM with the authors' forget bias and recurrent dropout; state (h, c).

    Args:
        input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, backend: of Stack.
        recurrent_dropout, forget_bias, input_init, device, dtype: of LSTMCell.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        backend: Backend = "auto",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        def make_cell(size: int) -> LSTMCell:
            return LSTMCell(
                size,
                hidden_size,
                recurrent_dropout=recurrent_dropout,
                forget_bias=forget_bias,
                input_init=input_init,
                device=device,
                dtype=dtype,
            )

        shape = (num_layers, batch_first, dropout, bidirectional)
        super().__init__(make_cell, input_size, *shape, backend)


class LayerNormLSTM(Stack[LSTMState]):
    """An LSTM with layer normalisation (section 3); state (h, c).

    Args:
        input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, backend: of Stack.
        recurrent_dropout, forget_bias, input_init, layer_norm_epsilon, pre_norm_bias, device,
            dtype: of LayerNormLSTMCell.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        layer_norm_epsilon: float = 1e-3,
        pre_norm_bias: bool = False,
        backend: Backend = "auto",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        def make_cell(size: int) -> LayerNormLSTMCell:
            return LayerNormLSTMCell(
                size,
                hidden_size,
                recurrent_dropout=recurrent_dropout,
                forget_bias=forget_bias,
                input_init=input_init,
                layer_norm_epsilon=layer_norm_epsilon,
                pre_norm_bias=pre_norm_bias,
                device=device,
                dtype=dtype,
            )

        shape = (num_layers, batch_first, dropout, bidirectional)
        super().__init__(make_cell, input_size, *shape, backend)


class HyperRNN(Stack[HyperRNNState]):
    """A HyperRNN (eq. 4 to 8); state (h, h_hat).

    Args:
        input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, backend: of Stack.
        hyper_size, embedding_size, input_init, embeddings_from, device, dtype: of HyperRNNCell.
        full: weights generated whole (eq. 5) instead of rescaled (eq. 8).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        hyper_size: int = 128,
        embedding_size: int = 4,
        num_layers: int = 1,
        full: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        input_init: InputInit = "orthogonal",
        embeddings_from: EmbeddingsFrom = "new",
        backend: Backend = "auto",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        kind = FullHyperRNNCell if full else HyperRNNCell

        def make_cell(size: int) -> HyperRNNCell | FullHyperRNNCell:
            return kind(
                size,
                hidden_size,
                hyper_size=hyper_size,
                embedding_size=embedding_size,
                input_init=input_init,
                embeddings_from=embeddings_from,
                device=device,
                dtype=dtype,
            )

        shape = (num_layers, batch_first, dropout, bidirectional)
        super().__init__(make_cell, input_size, *shape, backend)


class HyperLSTM(Stack[HyperLSTMState]):
    """A HyperLSTM (eq. 9 to 13), with or without layer norm; state (h, c, h_hat, c_hat).

    Args:
        input_size, hidden_size, num_layers, batch_first, dropout, bidirectional, backend: of Stack.
        hyper_size, embedding_size, layer_norm, hyper_layer_norm, recurrent_dropout,
            hyper_recurrent_dropout, forget_bias, input_init, layer_norm_epsilon, pre_norm_bias,
            embeddings_from, device, dtype: of HyperLSTMCell.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        hyper_size: int = 128,
        embedding_size: int = 4,
        num_layers: int = 1,
        layer_norm: bool = False,
        recurrent_dropout: float = 0.0,
        hyper_recurrent_dropout: float = 0.0,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        hyper_layer_norm: bool | None = None,
        forget_bias: float = 1.0,
        input_init: InputInit = "orthogonal",
        layer_norm_epsilon: float = 1e-3,
        pre_norm_bias: bool = False,
        embeddings_from: EmbeddingsFrom = "new",
        backend: Backend = "auto",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        def make_cell(size: int) -> HyperLSTMCell:
            return HyperLSTMCell(
                size,
                hidden_size,
                hyper_size=hyper_size,
                embedding_size=embedding_size,
                layer_norm=layer_norm,
                hyper_layer_norm=hyper_layer_norm,
                recurrent_dropout=recurrent_dropout,
                hyper_recurrent_dropout=hyper_recurrent_dropout,
                forget_bias=forget_bias,
                input_init=input_init,
                layer_norm_epsilon=layer_norm_epsilon,
                pre_norm_bias=pre_norm_bias,
                embeddings_from=embeddings_from,
                device=device,
                dtype=dtype,
            )

        shape = (num_layers, batch_first, dropout, bidirectional)
        super().__init__(make_cell, input_size, *shape, backend)
