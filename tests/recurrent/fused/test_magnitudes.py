"""Relative precision at every magnitude: the gates' functions one by one, then whole cells."""

import copy

import pytest
import torch

from hypernetworks import HyperLSTMCell, HyperRNNCell, LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.masks import Masks
from tests.recurrent.cells import randomised

pytestmark = pytest.mark.usefixtures("steps")
TYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
POWERS = 10.0 ** torch.arange(-30, 31, 0.25, dtype=torch.float64)
VALUES = torch.cat((-POWERS, torch.zeros(1, dtype=torch.float64), POWERS))


def slope(x):
    """Of the sigmoid."""
    return torch.sigmoid(x) * torch.sigmoid(-x)


def assert_relative(found, expected, within, smallest):
    """Each number by itself; what is smaller than a normal number of the type may be anything so
    small."""
    bound = within * expected.abs() + smallest
    assert ((found.double() - expected).abs() <= bound).all()


@TYPES
@pytest.mark.parametrize("gate", range(4))
def test_gates_and_their_derivatives(gate, dtype):
    """One unit, whose gates are the inputs themselves: h, c and d h / d gate by hand."""
    cell = LSTMCell(4, 1, forget_bias=0.0, dtype=dtype)
    with torch.no_grad():
        cell.weight_x.copy_(torch.eye(4))
        cell.weight_h.zero_()
    x = torch.full((1, len(VALUES), 4), 0.5, dtype=dtype)
    x[0, :, gate] = VALUES.to(dtype)
    i, g, f, o = x[0].double().unbind(1)
    before = 0.3 if gate > 1 else 0.0  # else c would hide how small i and g are
    state = torch.zeros(len(VALUES), 1, dtype=dtype), torch.full((len(VALUES), 1), before).to(dtype)
    before = state[1].double()[:, 0]

    x.requires_grad_()
    states = cell.sequence(x, state, Masks(), None, "fused")
    (found,) = torch.autograd.grad(states.h[1:].sum(), x)

    c = torch.sigmoid(f) * before + torch.sigmoid(i) * torch.tanh(g)
    dc = torch.sigmoid(o) * 4 * slope(2 * c)
    expected = (
        dc * torch.tanh(g) * slope(i),
        dc * torch.sigmoid(i) * 4 * slope(2 * g),
        dc * before * slope(f),
        torch.tanh(c) * slope(o),
    )
    about = torch.finfo(dtype)
    limits = {"within": 8 * about.eps, "smallest": 10 * about.tiny}
    assert_relative(states.c[1, :, 0], c, **limits)
    assert_relative(states.h[1, :, 0], torch.sigmoid(o) * torch.tanh(c), **limits)
    assert_relative(found[0, :, gate], expected[gate], **limits)


CELLS = {
    "lstm": lambda: LSTMCell(6, 24),
    "ln_lstm": lambda: LayerNormLSTMCell(6, 24),
    "hyper": lambda: HyperLSTMCell(6, 24, hyper_size=10),
    "ln_hyper": lambda: HyperLSTMCell(6, 24, hyper_size=10, layer_norm=True),
    "hyper_rnn": lambda: HyperRNNCell(6, 24, hyper_size=10),
}


def run(cell, x, state, backend):
    """Output, last state and all gradients of a loss that sees both."""
    x = x.clone().requires_grad_()
    state = [part.clone().requires_grad_() for part in state]
    states = cell.sequence(x, state, Masks(), None, backend)
    wanted = [x, *state, *cell.parameters()]
    loss = sum(part.sum() for part in states)
    return [*states, *torch.autograd.grad(loss, wanted, allow_unused=True)]


SCALES = [1e-30, 1e-15, 1e-8, 1e-4, 1e-2, 1.0, 1e2, 1e8, 1e15, 1e18]
# Beyond those the squares of a norm leave float32, as in torch.nn.LayerNorm.
CASES = [(name, scale) for name in CELLS for scale in SCALES]
CASES += [(name, 1e30) for name in CELLS if "ln" not in name]


@pytest.mark.parametrize(("name", "scale"), CASES)
@pytest.mark.parametrize("fresh", [True, False], ids=["initialised", "random"])
def test_cells_in_float32(name, scale, fresh):
    """As near to float64 as float32 allows, where input and states are all of that size.

    How near that is where layer norm amplifies rounding, the equations in float32 say.
    """
    torch.manual_seed(0)
    cell = CELLS[name]() if fresh else randomised(CELLS[name]())
    x = torch.randn(2, 3, 6) * scale
    state = [torch.randn(3, size) * min(scale, 1.0) for size in cell.state_sizes()]
    exact = copy.deepcopy(cell).double()
    found = run(cell, x, state, "fused")
    in_torch = run(cell, x, state, "reference")
    expected = run(exact, x.double(), [part.double() for part in state], "reference")
    for one, other, two in zip(found, in_torch, expected, strict=True):
        if two is not None and two.norm() > 1e-35:
            allowed = 10 * (other.double() - two).norm() if "ln" in name else 0
            assert (one.double() - two).norm() <= 1e-4 * two.norm() + allowed
