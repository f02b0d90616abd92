"""Constructors that editors, inspect and torch's own helpers can read."""

import inspect

import pytest
import torch
from torch.nn.utils import skip_init

import hypernetworks

STACKS = ["LSTM", "LayerNormLSTM", "HyperRNN", "HyperLSTM"]
CELLS = ["LSTMCell", "LayerNormLSTMCell", "HyperRNNCell", "FullHyperRNNCell", "HyperLSTMCell"]
OF_STACKS = {"num_layers", "batch_first", "dropout", "bidirectional", "backend", "full"}
ALL = pytest.mark.parametrize("name", STACKS + CELLS)


def parameters(name):
    return inspect.signature(getattr(hypernetworks, name)).parameters


@ALL
def test_every_argument_has_a_name_and_a_default_but_the_sizes(name):
    found = parameters(name)
    assert list(found)[:2] == ["input_size", "hidden_size"]
    assert list(found)[-2:] == ["device", "dtype"]
    positional = [p.name for p in found.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional[2:] == (["num_layers"] if name in ("LSTM", "LayerNormLSTM") else [])
    rest = [p for p in found.values() if p.name not in positional]
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in rest)


@pytest.mark.parametrize(
    ("stack", "cell"),
    list(
        zip(STACKS, ["LSTMCell", "LayerNormLSTMCell", "HyperRNNCell", "HyperLSTMCell"], strict=True)
    ),
)
def test_a_stack_has_the_arguments_and_defaults_of_its_cell(stack, cell):
    of_stack, of_cell = parameters(stack), parameters(cell)
    assert set(of_cell) == set(of_stack) - OF_STACKS
    assert all(of_stack[key].default == of_cell[key].default for key in of_cell)


@pytest.mark.parametrize("stack", STACKS)
def test_every_argument_reaches_the_cell(stack):
    other = {
        "hyper_size": 3,
        "embedding_size": 2,
        "layer_norm": True,
        "hyper_layer_norm": False,
        "recurrent_dropout": 0.1,
        "hyper_recurrent_dropout": 0.2,
        "forget_bias": 0.5,
        "input_init": "glorot",
        "layer_norm_epsilon": 0.01,
        "pre_norm_bias": True,
        "embeddings_from": "previous",
        "device": "meta",
        "dtype": torch.float64,
    }
    options = {key: other[key] for key in parameters(stack) if key in other}
    assert set(options) == set(parameters(stack)) - OF_STACKS - {"input_size", "hidden_size"}
    cell = getattr(hypernetworks, stack)(5, 6, **options).layers["0"].cell
    direct = type(cell)(5, 6, **options)

    def settings(module):
        kept = (float, int, str, bool, type(None))
        return {
            name: {key: value for key, value in vars(part).items() if isinstance(value, kept)}
            for name, part in module.named_modules()
        }

    def shapes(module):
        return {n: (p.shape, p.dtype, p.device) for n, p in module.named_parameters()}

    assert settings(cell) == settings(direct)
    assert shapes(cell) == shapes(direct)
    assert settings(cell) != settings(type(cell)(5, 6))


@ALL
def test_skip_init_makes_them_without_filling_them(name):
    """torch.nn.utils.skip_init asks the signature for a device."""
    made = skip_init(getattr(hypernetworks, name), 4, 6)
    made.reset_parameters()
    assert all(p.device.type == "cpu" and p.isfinite().all() for p in made.parameters())


@ALL
def test_an_argument_that_is_none_is_refused(name):
    with pytest.raises(TypeError, match="hiden_size"):
        getattr(hypernetworks, name)(4, 6, hiden_size=3)


class Index:
    """An integer as numpy's are: no int, but usable as one."""

    def __index__(self):
        return 3


SIZES = ["input_size", "hidden_size", "hyper_size", "embedding_size", "num_layers"]


@pytest.mark.parametrize(
    ("name", "size"), [(n, s) for n in STACKS + CELLS for s in SIZES if s in parameters(n)]
)
@pytest.mark.parametrize("wrong", [True, 2.0, "3", 0, -1])
def test_sizes_are_integers_of_at_least_one(name, size, wrong):
    given = {"input_size": 4, "hidden_size": 6, size: wrong}
    with pytest.raises(ValueError, match=f"^{size}={wrong!r}: it must be"):
        getattr(hypernetworks, name)(**given)
    assert getattr(hypernetworks, name)(**given | {size: Index()})


@ALL
def test_flags_and_rates_are_what_they_are_called(name):
    kind, known = getattr(hypernetworks, name), parameters(name)
    flags = {"batch_first", "bidirectional", "layer_norm", "pre_norm_bias", "full"}
    for flag in (flags | {"hyper_layer_norm"}) & set(known):
        with pytest.raises(TypeError, match=f"^{flag}=1: it must be True or False"):
            kind(4, 6, **{flag: 1})
    for rate in {"dropout", "recurrent_dropout", "hyper_recurrent_dropout"} & set(known):
        with pytest.raises(TypeError, match=f"^{rate}=True: it must be a number"):
            kind(4, 6, **{rate: True})
        with pytest.raises(ValueError, match=f"^{rate}=1.0: a probability"):
            kind(4, 6, **{rate: 1.0})
    if "forget_bias" in known:
        for wrong in (True, "1", float("nan"), float("inf")):
            with pytest.raises(
                (TypeError, ValueError), match=f"^forget_bias={wrong!r}: it must be"
            ):
                kind(4, 6, forget_bias=wrong)
            with pytest.raises(
                (TypeError, ValueError), match=f"^forget_bias={wrong!r}: it must be"
            ):
                kind(4, 6).set_forget_bias(wrong)


@pytest.mark.parametrize("name", ["LayerNormLSTM", "LayerNormLSTMCell", "HyperLSTM"])
@pytest.mark.parametrize("epsilon", [0, 0.0, -1e-3, float("nan"), float("inf")])
def test_an_epsilon_that_would_divide_by_zero_is_refused(name, epsilon):
    options = {"layer_norm": True} if name == "HyperLSTM" else {}
    with pytest.raises(ValueError, match=r"layer_norm_epsilon=.*above 0"):
        getattr(hypernetworks, name)(4, 6, layer_norm_epsilon=epsilon, **options)


@pytest.mark.parametrize("name", ["HyperRNN", "HyperLSTM"])
def test_a_third_positional_argument_is_no_hyper_size(name):
    with pytest.raises(TypeError, match="positional"):
        getattr(hypernetworks, name)(4, 6, 2)


@pytest.mark.parametrize("name", STACKS)
def test_dropout_between_one_layer_is_warned_of(name):
    with pytest.warns(UserWarning, match="dropout=0.5 is between layers") as found:
        getattr(hypernetworks, name)(4, 6, dropout=0.5)
    assert found[0].filename == __file__
    getattr(hypernetworks, name)(4, 6, num_layers=2, dropout=0.5)
