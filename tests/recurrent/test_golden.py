"""Both forms against what the authors' own cell computes, to 1e-10 in float64."""

import pytest
import torch

from hypernetworks.recurrent.state import stacked
from tests.recurrent.golden import CASES, load, ours, theirs

EXACT = {"rtol": 0, "atol": 1e-10}


@pytest.mark.parametrize("form", ["reference", "torch_steps", "native_steps"])
@pytest.mark.parametrize("name", CASES)
def test_states_loss_and_gradients(name, form, request):
    backend = "reference" if form == "reference" else "fused"
    if backend == "fused":
        request.getfixturevalue(form)
    case = load(name)
    x = case.arrays["x"]
    states = case.cell.sequence(x, case.state, case.masks, None, backend)
    for part, value in zip(states._fields, states, strict=True):
        torch.testing.assert_close(value[1:], case.arrays[f"out/{part}"], **EXACT)
    if "loss" not in case.arrays:
        assert name.startswith("paper")
        return
    loss = (case.arrays["loss_coef"] * states.h[1:]).sum()
    torch.testing.assert_close(loss, case.arrays["loss"].squeeze(), **EXACT)
    loss.backward()
    for key, parameter in ours(case.cell).items():
        expected = theirs(case.arrays, "grad", key, parameter)
        torch.testing.assert_close(parameter.grad, expected, **EXACT, msg=f"gradient of {key}")


@pytest.mark.parametrize("name", CASES)
def test_one_step_at_a_time(name):
    case = load(name)
    case.cell.eval()
    state, states = case.state, []
    for t, x in enumerate(case.arrays["x"]):
        state = case.cell(x, state, case.masks.at(t))
        states.append(state)
    for part, value in zip(state._fields, stacked(states), strict=True):
        torch.testing.assert_close(value, case.arrays[f"out/{part}"], **EXACT)


def test_every_recorded_weight_is_used():
    for name in CASES:
        case = load(name)
        recorded = {k for k in case.arrays if k.startswith("w/")}
        assert len(recorded) == len(ours(case.cell)), name
