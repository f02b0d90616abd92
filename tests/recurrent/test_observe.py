"""What is observed against loops over the equations."""

import pytest
import torch

from hypernetworks import LSTM, HyperLSTM, HyperLSTMCell, HyperRNN, LayerNormLSTM, observe
from hypernetworks.recurrent.observe import joined


def stack(kind, **options):
    torch.manual_seed(0)
    made = kind(3, 5, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made


@pytest.mark.parametrize("source", ["new", "previous"])
def test_weight_change_is_the_norm_of_the_matrices_difference(source):
    model = stack(HyperLSTM, hyper_size=4, embedding_size=2, num_layers=2, embeddings_from=source)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    with observe(model) as runs:
        model(x)
    assert list(runs) == ["layers.0", "layers.1"]
    (run,) = runs["layers.1"]
    cell = model.layers["1"].cell
    change = run.weight_change()
    assert change.shape == (3, 2, 4)
    scales = run.scales()
    assert [part.shape for part in scales] == [(4, 2, 4, 5)] * 3
    weight = cell.weight_h.unflatten(0, (4, 5))
    embeddings, generator = cell.generator.embeddings, cell.generator
    for t in range(4):
        h_hat = run.states.h_hat[t if source == "previous" else t + 1, 0]
        z = embeddings.h_weight[2] @ h_hat + embeddings.h_bias[2]
        torch.testing.assert_close(scales.d_h[t, 0, 2], z @ generator.weight_hz[2])
    for t in range(3):
        before, after = (scales.d_h[k, 1, 0][:, None] * weight[0] for k in (t, t + 1))
        torch.testing.assert_close(change[t, 1, 0], (after - before).norm())


@pytest.mark.parametrize("kind", [LSTM, LayerNormLSTM, HyperLSTM])
def test_phi_of_c_is_what_h_is_made_of(kind):
    model = stack(kind)
    with observe(model) as runs:
        model(torch.randn(4, 2, 3, dtype=torch.float64))
    (run,) = runs["layers.0"]
    cell = model.layers["0"].cell
    c = run.states.c[2]
    if kind is LayerNormLSTM:
        mean, variance = c.mean(-1, keepdim=True), c.var(-1, unbiased=False, keepdim=True)
        c = (c - mean) / (variance + 1e-3).sqrt() * cell.norm.cell_gain + cell.norm.cell_offset
    torch.testing.assert_close(run.phi_c()[1], torch.tanh(c))


def test_outside_nothing_is_kept_and_inside_nothing_changes():
    model = stack(HyperRNN, hyper_size=4, embedding_size=2)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    before, _ = model(x)
    with observe(model) as runs:
        within, _ = model(x)
    model(x)
    assert torch.equal(before, within)
    assert len(runs["layers.0"]) == 1
    assert runs["layers.0"][0].weight_change().shape == (3, 2, 1)
    assert not runs["layers.0"][0].states.h.requires_grad


def test_a_cell_without_scales_says_so():
    model = stack(LSTM)
    with observe(model) as runs:
        model(torch.randn(4, 2, 3, dtype=torch.float64))
    with pytest.raises(TypeError, match="LSTMCell has no scaling vectors"):
        runs["layers.0"][0].weight_change()


def test_a_cell_without_c_says_so():
    model = stack(HyperRNN)
    with observe(model) as runs:
        model(torch.randn(4, 2, 3, dtype=torch.float64))
    with pytest.raises(TypeError, match="HyperRNNCell has no c"):
        runs["layers.0"][0].phi_c()


@pytest.mark.parametrize("kind", [LSTM, LayerNormLSTM, HyperRNN, HyperLSTM])
@pytest.mark.parametrize("compiled", ["compile", "method"])
def test_a_compiled_model_is_seen(kind, compiled):
    model, x = stack(kind, num_layers=2), torch.randn(4, 2, 3, dtype=torch.float64)
    called = model
    if compiled == "compile":
        called = torch.compile(model, backend="eager")
    else:
        model.compile(backend="eager")
    expected = called(x)[0]
    with observe(called) as runs:
        called(x)
    assert {name: len(found) for name, found in runs.items()} == {"layers.0": 1, "layers.1": 1}
    torch.testing.assert_close(runs["layers.1"][0].states.h[1:], expected)
    called(x)
    assert len(runs["layers.0"]) == 1


@pytest.mark.parametrize("kind", [LSTM, HyperRNN, HyperLSTM])
def test_single_steps_are_runs_and_join(kind):
    model, x = stack(kind, num_layers=2), torch.randn(4, 2, 3, dtype=torch.float64)
    with observe(model) as runs:
        model(x)
        state = None
        for t in range(4):
            _, state = model.step(x[t], state)
        cell, state = model.cells()[0], None
        for t in range(4):
            state = cell(x[t], state)
    assert {name: len(found) for name, found in runs.items()} == {"layers.0": 9, "layers.1": 5}
    whole = tuple(runs["layers.0"][0].states)
    for steps in (runs["layers.0"][1:5], runs["layers.0"][5:]):
        torch.testing.assert_close(tuple(joined(steps).states), whole)
    if kind is not LSTM:
        found = joined(runs["layers.0"][1:5]).weight_change()
        torch.testing.assert_close(found, runs["layers.0"][0].weight_change())


def test_a_compiled_part_of_a_model_is_seen_by_its_name():
    model = torch.nn.Sequential()
    model.add_module("core", torch.compile(stack(LSTM), backend="eager"))
    with observe(model) as runs:
        model.core(torch.randn(4, 2, 3, dtype=torch.float64))
    assert {name: len(found) for name, found in runs.items()} == {"core.layers.0": 1}


def test_a_cell_by_itself_and_unbatched():
    cell = HyperLSTMCell(3, 5, hyper_size=4)
    with observe(cell) as runs:
        state = cell(torch.randn(3))
        cell(torch.randn(3), state)
        cell(torch.randn(2, 3))
    shapes = [tuple(run.states.h.shape) for run in runs[""]]
    assert shapes == [(2, 1, 5), (2, 1, 5), (2, 2, 5)]
    torch.testing.assert_close(runs[""][1].states.h[0, 0], state.h)


def test_a_model_without_cells_says_so():
    with (
        pytest.raises(ValueError, match="Linear has no recurrent cells"),
        observe(torch.nn.Linear(2, 2)),
    ):
        pass
