"""LSTM, LayerNormLSTM, HyperRNN and HyperLSTM: what a user imports.

Each takes the arguments of torch.nn.LSTM that make sense for it and those of its cell.
"""

import torch

from hypernetworks.recurrent.cell import Backend
from hypernetworks.recurrent.checks import check_flag
from hypernetworks.recurrent.hyper import HyperLSTMCell
from hypernetworks.recurrent.hyper_rnn import FullHyperRNNCell, HyperRNNCell
from hypernetworks.recurrent.initialisation import Device, InputInit
from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.scaled import EmbeddingsFrom
from hypernetworks.recurrent.stack import Stack
from hypernetworks.recurrent.state import HyperLSTMState, HyperRNNState, LSTMState
from hypernetworks.recurrent.torch_lstm import give_weights, options_of, take_weights


class LSTM(Stack[LSTMState]):
    """An LSTM with the authors' forget bias and recurrent dropout; state (h, c).

    Parameters are called `layers.0.cell.weight_x` (4 H, D), `.weight_h` (4 H, H) and `.bias` (4 H),
    with `layers.0_reverse`, `layers.1` ... beside; gates lie in the order i, g, f, o. What users of
    torch.nn.LSTM write as `"weight_hh" in name` is `name.endswith("weight_h")` here, and the
    forget gate's bias is no slice to be filled but `forget_bias`, or `set_forget_bias(value)`.

    `num_layers`, `batch_first`, `dropout`, `bidirectional` and `backend` are as for
    [`Stack`][hypernetworks.recurrent.stack.Stack], the others as for
    [`LSTMCell`][hypernetworks.LSTMCell].
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

    @classmethod
    def from_torch(cls, lstm: torch.nn.LSTM) -> "LSTM":
        """The same function with the same weights, on its device and in its mode.

        Its two biases become one, its gates i, f, g, o ours, i, g, f, o; forget_bias is 0. Without
        biases there, ours are 0 and frozen. Its state dict is one of LSTM(..., forget_bias=0.0).

        Raises:
            TypeError: if it is no torch.nn.LSTM.
            ValueError: if it has a proj_size.
        """
        found = cls(**options_of(lstm))
        take_weights(found.cells(), lstm)
        return found.train(lstm.training)

    def to_torch(self) -> torch.nn.LSTM:
        """A torch.nn.LSTM that computes the same, with copies of the weights.

        forget_bias becomes a part of bias_ih; bias_hh is 0.

        Raises:
            ValueError: if it has recurrent dropout, which there is none of there.
        """
        cell = self.cells()[0]
        if cell.recurrent_dropout:
            raise ValueError(
                f"recurrent_dropout={cell.recurrent_dropout}: torch.nn.LSTM has none; set the "
                "cells' recurrent_dropout to 0 first"
            )
        like = cell.like()
        found = torch.nn.LSTM(
            self.input_size,
            self.hidden_size,
            self.num_layers,
            batch_first=self.batch_first,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
            device=like.device,
            dtype=like.dtype,
        )
        give_weights(self.cells(), found)
        return found.train(self.training)


class LayerNormLSTM(Stack[LSTMState]):
    """An LSTM with layer normalisation (section 3); state (h, c).

    `num_layers`, `batch_first`, `dropout`, `bidirectional` and `backend` are as for
    [`Stack`][hypernetworks.recurrent.stack.Stack], the others as for
    [`LayerNormLSTMCell`][hypernetworks.LayerNormLSTMCell].
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
    """A HyperRNN (eq. 4 to 8); state (h, h_hat): the second part is the hyper cell's h, no c.

    With `full` the weights are generated whole (eq. 5,
    [`FullHyperRNNCell`][hypernetworks.FullHyperRNNCell]) instead of rescaled (eq. 8). `num_layers`,
    `batch_first`, `dropout`, `bidirectional` and `backend` are as for
    [`Stack`][hypernetworks.recurrent.stack.Stack], the others as for
    [`HyperRNNCell`][hypernetworks.HyperRNNCell].
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
        kind = FullHyperRNNCell if check_flag("full", full) else HyperRNNCell

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

    A pair (h, c) is taken as a state too, the main cell's; the hyper cell then starts at zero.
    `zero_state(batch)` makes a whole one.

    `num_layers`, `batch_first`, `dropout`, `bidirectional` and `backend` are as for
    [`Stack`][hypernetworks.recurrent.stack.Stack], the others as for
    [`HyperLSTMCell`][hypernetworks.HyperLSTMCell].
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
