"""Programs of torch.export for batches of any size; ONNX."""

import io

import pytest
import torch
from torch.export import Dim

import hypernetworks
from hypernetworks import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM

CELLS = ["LSTMCell", "LayerNormLSTMCell", "HyperRNNCell", "FullHyperRNNCell", "HyperLSTMCell"]
STACKS = {
    "lstm": lambda **o: LSTM(3, 4, **o),
    "ln_lstm": lambda **o: LayerNormLSTM(3, 4, **o),
    "hyper_rnn": lambda **o: HyperRNN(3, 4, hyper_size=5, **o),
    "full": lambda **o: HyperRNN(3, 4, hyper_size=5, full=True, **o),
    "hyper": lambda **o: HyperLSTM(3, 4, hyper_size=5, layer_norm=True, **o),
}


def through_a_file(program):
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file).module()


@pytest.mark.parametrize("name", CELLS)
def test_cells(name):
    cell = getattr(hypernetworks, name)(3, 4).eval()
    program = torch.export.export(
        cell, (torch.randn(2, 3),), dynamic_shapes={"x": {0: Dim("batch")}}
    )
    x = torch.randn(7, 3)
    found, expected = through_a_file(program)(x), cell(x)
    assert type(found) is type(expected)
    torch.testing.assert_close(tuple(found), tuple(expected))


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("with_state", [False, True])
def test_stacks(name, backend, with_state):
    model = STACKS[name](backend=backend).eval()
    batch = Dim("batch")

    def arguments(size):
        x = torch.randn(2, size, 3)
        # A plain tuple: torch mistakes the field h_hat of a named one for h.
        return (x, tuple(part.detach() for part in model(x)[1])) if with_state else (x,)

    given = arguments(2)
    shapes = ({1: batch}, tuple({1: batch} for _ in given[1])) if with_state else ({1: batch},)
    program = torch.export.export(model, given, dynamic_shapes=shapes)
    others = arguments(7)
    output, after = through_a_file(program)(*others)
    expected, final = model(*others)
    assert type(after) is type(final)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(tuple(after), tuple(final))


@pytest.mark.parametrize("name", STACKS)
def test_onnx_takes_the_reference_form(name, monkeypatch):
    """What torch.onnx.export asks while it runs; the exporter itself is a package of its own."""
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    x = torch.randn(2, 1, 3)
    program = torch.export.export(STACKS[name](), (x,))
    assert "hypernetworks" not in {
        node.target.namespace for node in program.graph.nodes if hasattr(node.target, "namespace")
    }
    if name != "full":
        with pytest.raises(RuntimeError, match='no ONNX form; backend="reference"'):
            STACKS[name](backend="fused")(x)
