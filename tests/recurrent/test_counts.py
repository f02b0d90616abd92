"""Parameter counts of every recurrent row of tables 3, 4 and 5, to the digit (tables.yaml)."""

import pytest
import torch

from hypernetworks import LSTM, HyperLSTM, LayerNormLSTM

# rows of table 3: 50 symbols; 4: 205 symbols; 5: 3 numbers in, 121 out. Sizes: units, layers.
LSTMS = [
    ("3 lstm_1000", 50, 50, 1000, 1, 4254050),
    ("3 lstm_1250", 50, 50, 1250, 1, 6567550),
    ("3 lstm_2x1000", 50, 50, 1000, 2, 12258050),
    ("4 lstm_1800", 205, 205, 1800, 1, 14812405),
    ("4 lstm_2000", 205, 205, 2000, 1, 18058205),
    ("5 lstm_900", 3, 121, 900, 1, 3363421),
    ("5 lstm_1000", 3, 121, 1000, 1, 4137121),
    ("5 lstm_3x400", 3, 121, 400, 3, 3258121),
    ("5 lstm_2x650", 3, 121, 650, 2, 5161771),
]
NORMED = [
    ("3 ln_lstm_1000", 50, 50, 1000, 4260050),
    ("4 ln_lstm_1800", 205, 205, 1800, 14823205),
    ("5 ln_lstm_900", 3, 121, 900, 3368821),
    ("5 ln_lstm_1000", 3, 121, 1000, 4143121),
]
# units, hyper units, N_z, layers, layer norm
HYPERS = [
    ("3 hyperlstm_1000", 50, 50, 1000, 128, 4, 1, False, 4911874),
    ("3 ln_hyperlstm_1000", 50, 50, 1000, 128, 4, 1, True, 4922642),
    ("3 ln_hyperlstm_1000_large", 50, 50, 1000, 128, 16, 1, True, 5085170),
    ("3 ln_hyperlstm_2x1000", 50, 50, 1000, 128, 16, 2, True, 14406690),
    ("4 hyperlstm_1800", 205, 205, 1800, 256, 64, 1, False, 18708213),
    ("4 ln_hyperlstm_1800", 205, 205, 1800, 256, 64, 1, True, 18727749),
    ("4 ln_hyperlstm_2048", 205, 205, 2048, 512, 64, 1, True, 26539725),
    ("5 ln_hyperlstm_900", 3, 121, 900, 128, 4, 1, True, 3950949),
    ("5 hyperlstm_900", 3, 121, 900, 128, 4, 1, False, 3941181),
]


def count(stack, units, outputs):
    return sum(p.numel() for p in stack.parameters()) + outputs * (units + 1)


@pytest.mark.parametrize("row", LSTMS, ids=lambda row: row[0])
def test_lstm(row):
    _, inputs, outputs, units, layers, expected = row
    assert count(LSTM(inputs, units, layers, device="meta"), units, outputs) == expected


@pytest.mark.parametrize("row", NORMED, ids=lambda row: row[0])
def test_layer_norm_lstm(row):
    _, inputs, outputs, units, expected = row
    assert count(LayerNormLSTM(inputs, units, device="meta"), units, outputs) == expected


@pytest.mark.parametrize("row", HYPERS, ids=lambda row: row[0])
def test_hyper_lstm(row):
    _, inputs, outputs, *shape, expected = row
    assert count(HyperLSTM(inputs, *shape, device="meta"), shape[0], outputs) == expected


def test_initialisation_is_that_of_the_paper():
    torch.manual_seed(0)
    cell = HyperLSTM(6, 8, 5, 4, layer_norm=True).layers["0"].cell
    for weight in (cell.weight_h, cell.hyper.weight_h):
        for gate in weight.chunk(4):
            torch.testing.assert_close(gate @ gate.t(), torch.eye(len(gate)))
    for gate in cell.weight_x.chunk(4):
        torch.testing.assert_close(gate.t() @ gate, torch.eye(6))
    for gate in cell.hyper.weight_x.chunk(4):
        torch.testing.assert_close(gate @ gate.t(), torch.eye(5))
    embeddings = cell.generator.embeddings
    assert not embeddings.h_weight.any()
    assert (embeddings.x_bias == 1).all()
    assert embeddings.b_weight.std().item() == pytest.approx(0.01, rel=0.3)
    d_h, d_x, b = cell.generator(torch.randn(5))
    torch.testing.assert_close(d_h, torch.full((4, 8), 0.1))
    torch.testing.assert_close(d_x, torch.full((4, 8), 0.1))
    assert not b.any()
    assert (cell.norm.gain == 1).all()
    assert not cell.norm.cell_offset.any()


def test_glorot_input_weights_are_uniform_over_the_whole_matrix():
    cell = LSTM(30, 50, input_init="glorot").layers["0"].cell
    bound = (6 / (30 + 200)) ** 0.5
    assert cell.weight_x.abs().max() <= bound
    assert cell.weight_x.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
