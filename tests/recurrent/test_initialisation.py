"""Cells start as appendix A.2.3 says."""

import pytest
import torch

from hypernetworks import LSTM, HyperLSTM


def test_initialisation_is_that_of_the_paper():
    torch.manual_seed(0)
    cell = HyperLSTM(6, 8, hyper_size=5, layer_norm=True).layers["0"].cell
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
