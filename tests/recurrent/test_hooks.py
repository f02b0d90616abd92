"""What changes weights before a call runs, once a call: pruning, weight_norm, spectral_norm."""

import copy

import pytest
import torch
from torch.nn.utils import prune, spectral_norm, weight_norm

from hypernetworks import LSTM, HyperLSTM, HyperRNN
from tests.recurrent.cells import randomised

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
PLACES = {
    "lstm": (lambda **o: LSTM(3, 4, **o), "layers.0.cell"),
    "cell": (lambda **o: HyperLSTM(3, 4, hyper_size=5, layer_norm=True, **o), "layers.0.cell"),
    "hyper": (lambda **o: HyperLSTM(3, 4, hyper_size=5, **o), "layers.0.cell.hyper"),
    "generator": (lambda **o: HyperLSTM(3, 4, hyper_size=5, **o), "layers.0.cell.generator"),
    "embeddings": (
        lambda **o: HyperLSTM(3, 4, hyper_size=5, **o),
        "layers.0.cell.generator.embeddings",
    ),
    "norm": (lambda **o: HyperLSTM(3, 4, hyper_size=5, layer_norm=True, **o), "layers.0.cell.norm"),
    "rnn": (lambda **o: HyperRNN(3, 4, hyper_size=5, **o), "layers.0.cell.hyper"),
    "full": (lambda **o: HyperRNN(3, 4, hyper_size=5, full=True, **o), "layers.0.cell.embeddings"),
}
WEIGHT = {"generator": "weight_hz", "embeddings": "h_weight", "norm": "gain", "full": "h_weight"}
ALL = pytest.mark.parametrize("place", PLACES)
BOTH = pytest.mark.parametrize("backend", ["auto", "reference"])


def made(place, backend):
    make, path = PLACES[place]
    model = randomised(make(backend=backend, dtype=torch.float64))
    return model, model.get_submodule(path), WEIGHT.get(place, "weight_h")


def draw():
    return torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@ALL
@BOTH
def test_pruned_weights_are_those_of_every_call(place, backend):
    model, part, weight = made(place, backend)
    mask = torch.ones_like(getattr(part, weight))
    mask[..., ::2] = 0
    plain = copy.deepcopy(model)
    prune.custom_from_mask(part, weight, mask)
    for _ in range(2):  # a stale weight would fail in the second backward pass, or be the old one
        model.zero_grad()
        model(draw())[0].square().sum().backward()
        with torch.no_grad():
            getattr(part, f"{weight}_orig").mul_(0.9)
    with torch.no_grad():
        target = getattr(plain.get_submodule(PLACES[place][1]), weight)
        target.mul_(0.81).mul_(mask)
    torch.testing.assert_close(model(draw())[0], plain(draw())[0])
    gradient = getattr(part, f"{weight}_orig").grad
    assert gradient.abs().sum() > 0
    assert (gradient * (1 - mask)).abs().sum() == 0


@ALL
@BOTH
def test_weight_norm_has_the_norm_that_was_set(place, backend):
    model, part, weight = made(place, backend)
    expected = copy.deepcopy(model)
    weight_norm(part, weight, dim=None)
    with torch.no_grad():
        getattr(part, f"{weight}_g").mul_(2)
        getattr(expected.get_submodule(PLACES[place][1]), weight).mul_(2)
        torch.testing.assert_close(model(draw())[0], expected(draw())[0])
    model(draw())[0].sum().backward()
    assert getattr(part, f"{weight}_v").grad.abs().sum() > 0
    state = {key: 0.5 * value for key, value in model.state_dict().items()}
    model.load_state_dict(state)
    with torch.no_grad():
        model(draw())
        norm = getattr(part, weight).norm()
    torch.testing.assert_close(norm, getattr(part, f"{weight}_g").norm())


@pytest.mark.parametrize("place", ["lstm", "cell", "hyper"])
@BOTH
def test_spectral_norm_takes_one_power_iteration_a_call(place, backend):
    model, part, weight = made(place, backend)
    spectral_norm(part, weight, n_power_iterations=1)
    before = getattr(part, f"{weight}_u").clone()
    matrix = getattr(part, f"{weight}_orig").detach()
    model(draw())
    v = torch.nn.functional.normalize(matrix.t() @ before, dim=0)
    expected = torch.nn.functional.normalize(matrix @ v, dim=0)
    torch.testing.assert_close(getattr(part, f"{weight}_u"), expected)
    model.step(draw()[0])
    v = torch.nn.functional.normalize(matrix.t() @ expected, dim=0)
    again = torch.nn.functional.normalize(matrix @ v, dim=0)
    torch.testing.assert_close(getattr(part, f"{weight}_u"), again)


@BOTH
def test_hooks_of_a_cell_see_a_call_and_may_change_it(backend):
    model, cell, _ = made("cell", backend)
    calls = []
    expected = model(2 * draw())[0]
    cell.register_forward_pre_hook(lambda module, given: (2 * given[0], *given[1:]))
    cell.register_forward_hook(lambda module, given, states: calls.append(states.h.shape))
    torch.testing.assert_close(model(draw())[0], expected)
    model.step(draw()[0])
    assert calls == [(6, 2, 4), (2, 4)]
    full = []
    cell.register_full_backward_hook(lambda module, given, grads: full.append(len(grads)))
    model(draw().requires_grad_())[0].sum().backward()
    assert full == [4]


def test_a_part_that_is_not_called_cannot_have_its_input_changed():
    model, part, _ = made("hyper", "auto")
    part.register_forward_pre_hook(lambda module, given: (torch.zeros(1),))
    with pytest.raises(RuntimeError, match="pre-hook of LSTMCell, which is not called"):
        model(draw())
