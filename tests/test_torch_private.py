"""Each private name of torch taken away in turn: what uses it still gives the right numbers."""

import re
from operator import attrgetter
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from hypernetworks import HyperLSTM, LayerNormLSTM, hyperize, torch_private
from tests.conftest import ROOT
from tests.static.small import Small, images


class Without:
    """torch, or a module of it, without the name at the end of a path; torch itself needs some."""

    def __init__(self, inner, path):
        self.inner = inner
        self.first, _, self.rest = path.partition(".")

    def __getattr__(self, name):
        if name == self.first and not self.rest:
            raise AttributeError(name)
        found = getattr(self.inner, name)
        return Without(found, self.rest) if name == self.first else found


def take_away(monkeypatch, path):
    assert attrgetter(path)(torch) is not None
    monkeypatch.setattr(torch_private, "torch", Without(torch, path))


@pytest.mark.parametrize("room", ["static", "recurrent", "models", "tasks", "training"])
def test_no_other_file_has_private_names(room):
    """Of torch: attributes that start with one underscore, of what is neither self nor cls."""
    private = re.compile(r"(?<!\bself)(?<!\bcls)\._(?!asdict\b|fields\b|replace\b)[a-zA-Z]\w*")
    for path in (ROOT / "src" / "hypernetworks" / room).rglob("*.py"):
        found = private.findall(path.read_text())
        assert not found, f"{path.name}: {found}"


@pytest.mark.parametrize("kind", [LayerNormLSTM, HyperLSTM])
@pytest.mark.parametrize("retain", [False, True])
def test_gradients_without_the_name_of_the_kept_graph(kind, retain, monkeypatch):
    torch.manual_seed(0)
    stack = kind(3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)

    def gradients():
        loss = stack(x)[0].square().sum()
        once = torch.autograd.grad(loss, list(stack.parameters()), retain_graph=retain)
        return torch.autograd.grad(loss, list(stack.parameters())) if retain else once

    expected = gradients()
    take_away(monkeypatch, "_C._autograd._get_current_graph_task_keep_graph")
    assert torch_private.keeps_graph()
    torch.testing.assert_close(gradients(), expected, rtol=0, atol=0)


class Checkpointed(Small):
    def forward(self, x):
        hidden = checkpoint(lambda x: self.second(self.first(x)), x, use_reentrant=False)
        return self.last(self.wide(hidden))


def test_checkpointing_without_the_name_of_the_graph_task(monkeypatch):
    torch.manual_seed(0)
    net = hyperize(Checkpointed(), (4, 4), 3, select=["first", "second"]).double()
    x = images(2, 20).double()

    def gradients():
        return torch.autograd.grad(net(x).square().sum(), list(net.parameters()))

    expected = gradients()
    take_away(monkeypatch, "_C._current_graph_task_id")
    torch.testing.assert_close(gradients(), expected, rtol=0, atol=0)
    with pytest.raises(RuntimeError, match=r"first has a generated kernel in its network's calls"):
        net.model.first(x)
    monkeypatch.setattr(torch.autograd.Variable, "_execution_engine", None)
    assert not torch_private.in_backward_pass()


def test_transformations_without_their_name(monkeypatch):
    net = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
    x = images(2, 20)
    with torch.no_grad():
        expected = net(x)
        take_away(monkeypatch, "_C._functorch.is_functorch_wrapped_tensor")
        net.eval()  # forgets what it kept
        stacked = {n: torch.stack([p, p]) for n, p in net.named_parameters()}
        both = torch.vmap(lambda p: torch.func.functional_call(net, p, (x,)))(stacked)
        torch.testing.assert_close(both, torch.stack([expected] * 2), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(net(x), expected)


def test_dispatch_modes_without_their_name(monkeypatch):
    net = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
    made, x = [], images(2, 20)
    net.banks["3"].register_forward_hook(lambda *call: made.append(None))
    take_away(monkeypatch, "_C._len_torch_dispatch_stack")
    with torch.no_grad():
        assert torch.equal(net(x), net(x))
    assert len(made) == 2


CONVS = [
    {"padding": 0},
    {"padding": (1, 3)},
    {"padding": "valid"},
    {"padding": "same", "dilation": (2, 1)},
]


@pytest.mark.parametrize("options", CONVS)
def test_borders_from_public_settings(options):
    """With an even kernel: its border is wider on one side."""
    conv = nn.Conv2d(2, 3, (4, 3), padding_mode="circular", **options)
    expected = list(conv._reversed_padding_repeated_twice)
    assert torch_private.border_of(conv) == expected
    del conv._reversed_padding_repeated_twice
    assert torch_private.border_of(conv) == expected


class Own(nn.Conv2d):
    def _conv_forward(self, *arguments):
        return 2 * super()._conv_forward(*arguments)


class Renamed(nn.Conv2d):
    def forward(self, x):
        return 2 * super().forward(x)


def test_a_forward_of_its_own_is_seen(monkeypatch):
    kinds = (nn.Conv2d, Own, Renamed)
    assert [torch_private.computes_as_conv2d(k(2, 2, 1)) for k in kinds] == [True, False, False]
    monkeypatch.delattr(nn.Conv2d, "_conv_forward")
    plain, renamed = nn.Conv2d(2, 2, 1), Renamed(2, 2, 1)
    assert torch_private.computes_as_conv2d(plain)
    assert not torch_private.computes_as_conv2d(renamed)


@pytest.mark.parametrize(
    "register",
    [
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
    ],
)
def test_hooks_of_a_pass_are_seen_and_no_others(register):
    conv = nn.Conv2d(2, 2, 1)
    conv.register_load_state_dict_pre_hook(lambda *call: None)
    assert not torch_private.has_hooks(conv)
    handle = getattr(conv, register)(lambda *call: None)
    assert torch_private.has_hooks(conv)
    handle.remove()
    assert not torch_private.has_hooks(conv)


@pytest.mark.parametrize(
    "path",
    ["_C._functorch", "_C._functorch.maybe_current_level", "autograd.forward_ad._current_level"],
)
def test_without_knowing_of_transformations_the_equations_run(path, monkeypatch):
    take_away(monkeypatch, path)
    x, along = torch.randn(3, 1, 2), torch.ones(3, 1, 2)
    model = HyperLSTM(2, 3, hyper_size=2)
    found = torch.func.jvp(lambda x: model(x)[0], (x,), (along,))[1]
    step = 1e-2
    expected = (model(x + step * along)[0] - model(x - step * along)[0]) / (2 * step)
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("path", ["_C", "utils._pytree"])
def test_states_are_registered_or_left_alone(path, monkeypatch):
    take_away(monkeypatch, path)

    class Pair(NamedTuple):
        first: torch.Tensor

    torch_private.register_named_tuple(Pair)
