"""Imported weights compute what their own cell computes."""

import pytest
import torch

from hypernetworks import from_labml, from_supercell
from hypernetworks.recurrent.lstm import LayerNormLSTMCell
from tests.recurrent import labml_layout
from tests.recurrent.golden import load

EXACT = {"rtol": 0, "atol": 1e-10}
ROOT = "model/rnn/HyperLSTMCell/"
CASES = ("lstm", "ln_lstm", "hyper", "ln_hyper")


def recorded(name, layout):
    """A golden case's weights under the authors' variable names, of their early or last file."""
    arrays = {k.removeprefix("w/"): v for k, v in load(name).arrays.items() if k.startswith("w/")}
    hyper = "hyper" in name
    root = ROOT if hyper else "model/rnn/LSTMCell/"
    scopes = {"": root, "hyper.": f"{root}LSTMCell/"} if hyper else {"": root}
    found = {}
    for prefix, scope in scopes.items():
        inner = prefix == "hyper." or not hyper
        found[f"{scope}W_xh"] = arrays[f"{prefix}w_x"]
        found[f"{scope}{'W_hh_i' if inner and layout == 'last' else 'W_hh'}"] = arrays[
            f"{prefix}w_h"
        ]
        found[f"{scope}bias"] = arrays[f"{prefix}b"]
        if f"{prefix}ln_gain" not in arrays:
            continue
        gain, offset = arrays[f"{prefix}ln_gain"], arrays[f"{prefix}ln_bias"]
        if layout == "last":
            block = "ln" if inner else "ln_all"
            found[f"{scope}{block}/ln_gamma"] = gain.flatten()
            found[f"{scope}{block}/ln_beta"] = offset.flatten()
        else:
            for y, gate in enumerate("ijfo"):
                found[f"{scope}ln_{gate}/layer_norm_alpha"] = gain[y]
                found[f"{scope}ln_{gate}/layer_norm_bias"] = offset[y]
        names = (
            ("ln_gamma", "ln_beta") if layout == "last" else ("layer_norm_alpha", "layer_norm_bias")
        )
        for part, value in zip(names, ("ln_c_gain", "ln_c_bias"), strict=True):
            found[f"{scope}ln_c/{part}"] = arrays[f"{prefix}{value}"]
    if hyper:
        for y, gate in enumerate("ijfo"):
            for part in "hx":
                scope = f"{root}hyper_{gate}{part}/"
                found[f"{scope}zw/super_linear_w"] = arrays[f"z_{part}_w"][y]
                found[f"{scope}zw/super_linear_b"] = arrays[f"z_{part}_b"][y]
                found[f"{scope}alpha/super_linear_w"] = arrays[f"d_{part}"][y]
            scope = f"{root}hyper_{gate}{'b' if layout == 'last' else 'h'}/"
            found[f"{scope}zb/super_linear_w"] = arrays["z_b_w"][y]
            found[f"{scope}beta/super_linear_w"] = arrays["d_b"][y]
    found = {f"{name}:0": value.numpy() for name, value in found.items()}
    found[f"{root}W_xh/Adam"] = arrays["w_x"].numpy()
    return found


@pytest.mark.parametrize("layout", ["early", "last"])
@pytest.mark.parametrize("name", CASES)
def test_supercell_weights_give_the_recorded_states(name, layout):
    case = load(name)
    cell = from_supercell(recorded(name, layout))
    states = cell.sequence(case.arrays["x"], case.state, case.masks, None, "auto")
    for part, value in zip(states._fields, states, strict=True):
        torch.testing.assert_close(value[1:], case.arrays[f"out/{part}"], **EXACT)


def test_a_layer_norm_cell_without_a_bias_has_none():
    arrays = {
        k: v
        for k, v in recorded("ln_lstm", "early").items()
        if not k.endswith("bias:0") or "ln_" in k
    }
    cell = from_supercell(arrays)
    assert isinstance(cell, LayerNormLSTMCell)
    assert cell.bias is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda a: a.pop("model/rnn/HyperLSTMCell/hyper_ix/alpha/super_linear_w:0"),
            "hyper_ix/alpha",
        ),
        (lambda a: a.update({"model/rnn/HyperLSTMCell/extra:0": [1.0]}), "no place here: extra"),
        (lambda a: a.update({"model/rnn/HyperLSTMCell/bias:0": [1.0]}), "bias has the shape"),
        (lambda a: a.clear(), "expected one cell"),
        (lambda a: a.pop(f"{ROOT}hyper_ix/zw/super_linear_w:0"), "hyper_ix/zw/super_linear_w"),
        (lambda a: a.update({f"{ROOT}ln_all/ln_gamma:0": [1.0] * 5}), "ln has the shape"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    arrays = recorded("ln_hyper", "last")
    change(arrays)
    with pytest.raises(ValueError, match=words):
        from_supercell(arrays)


def test_a_forget_bias_that_cannot_be_expressed_is_refused():
    with pytest.raises(ValueError, match="forget_bias"):
        from_supercell(recorded("ln_hyper", "last"), forget_bias=0.5)
    assert from_supercell(recorded("ln_lstm", "last"), forget_bias=0.5).forget_bias == 0.5


def test_labml_weights_compute_its_function():
    sizes = (3, 5, 4, 2, 2)
    state_dict = labml_layout.random_state_dict(*sizes)
    stack = from_labml(state_dict)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    state = [torch.randn(2, 2, size, dtype=torch.float64) for size in (5, 5, 4, 4)]
    expected, final = labml_layout.run(state_dict, x, state)
    output, end = stack(x, state)
    torch.testing.assert_close(output, expected, **EXACT)
    torch.testing.assert_close(list(end), final, **EXACT)


def test_labml_itself():
    labml = pytest.importorskip(
        "labml_nn.hypernetworks.hyper_lstm", reason="labml_nn not installed"
    )
    theirs = labml.HyperLSTM(3, 5, 4, 2, 2).double()
    theirs.load_state_dict(labml_layout.random_state_dict(3, 5, 4, 2, 2))
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    expected, _ = theirs(x)
    torch.testing.assert_close(from_labml(theirs.state_dict())(x)[0], expected, **EXACT)


def test_other_weights_are_no_labml_model():
    with pytest.raises(ValueError, match="labml_nn"):
        from_labml({"weight": torch.ones(1)})
    state_dict = labml_layout.random_state_dict(3, 5, 4, 2, 1)
    del state_dict["cells.0.d_b.2.bias"]
    with pytest.raises(ValueError, match=r"cells\.0\.d_b\.2\.bias"):
        from_labml(state_dict)
    state_dict = labml_layout.random_state_dict(3, 5, 4, 2, 1)
    state_dict["cells.0.z_h.weight"] = state_dict["cells.0.z_h.weight"].t()
    with pytest.raises(ValueError, match=r"z_h.weight has the shape"):
        from_labml(state_dict)
