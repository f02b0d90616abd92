"""Kernels that are kept in evaluation: until what, and where none can be kept."""

import copy
import io

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils import prune

from hypernetworks import convolution_kernels, hyperize
from hypernetworks.static.bank import KernelBank
from tests.static.small import Small, images


def small(**options):
    torch.manual_seed(0)
    return hyperize(Small(), (4, 4), 3, select=["first"], **options).eval()


CALLS = {}


@pytest.fixture(autouse=True)
def counted(monkeypatch):
    """Calls of banks; no hooks, with which nothing is kept."""
    forward = KernelBank.forward

    def counting(bank):
        CALLS.setdefault(id(bank), []).append(None)
        return forward(bank)

    monkeypatch.setattr(KernelBank, "forward", counting)
    CALLS.clear()


def times_made(net):
    """A list that grows by one whenever the network's kernels are made."""
    return CALLS.setdefault(id(net.banks["3"]), [])


def expected(net, x):
    """What the network should give now, from a copy that has kept nothing."""
    return copy.deepcopy(net)(x)


def through_data(parameter):
    parameter.data.mul_(2)


def through_numpy(parameter):
    parameter.detach().numpy()[...] *= 2


def as_a_teacher(parameter):
    parameter.data.lerp_(torch.ones_like(parameter), 0.5)


def through_another_view(parameter):
    torch.from_dlpack(parameter.detach()).add_(0.5)


def in_place(parameter):
    with torch.no_grad():
        parameter.mul_(2)


CHANGES = [through_data, through_numpy, as_a_teacher, through_another_view, in_place]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["embeddings", "generator.w_in", "generator.w_out"])
def test_no_kernel_is_older_than_its_parameters(name, change):
    net, x = small(), images(2, 20)
    made = times_made(net)
    with torch.no_grad():
        before = net(x)
        assert torch.equal(net(x), before)
        assert len(made) == 1
        change(net.get_parameter(f"banks.3.{name}"))
        found = net(x)
        assert len(made) == 2
        assert not torch.allclose(found, before)
        torch.testing.assert_close(found, expected(net, x), rtol=0, atol=0)
        assert torch.equal(net(x), found)
    assert len(made) == 2


def test_kernels_are_kept_where_nothing_changes():
    net, x = small(), images(2, 20)
    made = times_made(net)
    with torch.no_grad():
        for _ in range(3):
            net(x)
        net.load_state_dict(net.state_dict())
        net.eval()(x)
        with net.generated() as model:
            model(x)
        assert len(made) == 1
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(x)
            net(x)
        assert len(made) == 2
        assert not torch.equal(rough, net(x))
        net.double()(x.double())
        net.train()
        for count in (5, 6):
            net(x.double())
            assert len(made) == count
    net.eval()(x.double()).sum().backward()  # with gradients
    assert net.banks["3"].embeddings.grad is not None


def test_parameters_that_are_replaced():
    net, x = small(), images(2, 20)
    other = small()
    nn.init.normal_(other.banks["3"].embeddings)
    with torch.no_grad():
        found = [net(x), other(x)]
        called = torch.func.functional_call(net, dict(other.named_parameters()), (x,))
        torch.testing.assert_close([net(x), called], found, rtol=0, atol=0)
        net.load_state_dict(other.state_dict(), assign=True)
        torch.testing.assert_close(net(x), found[1], rtol=0, atol=0)
        del net.banks["3"].generator.w_in
        net.banks["3"].generator.w_in = 2 * other.banks["3"].generator.w_in
        torch.testing.assert_close(net.kernels()["first"], 2 * other.kernels()["first"])
        assert not torch.allclose(net(x), found[1])


def test_what_is_handed_out_is_not_what_is_kept():
    net, x = small(), images(2, 20)
    with torch.no_grad():
        before = net(x)
        net.kernels()["first"].zero_()
        net.model.first.weight.zero_()
        assert torch.equal(net(x), before)


@pytest.mark.parametrize("compiled", [False, True])
def test_kept_kernels_follow_fused_optimisers(compiled):
    """Their steps raise no tensor's version."""
    net, x = small(), images(2, 20)
    call = torch.compile(net, backend="aot_eager", fullgraph=True) if compiled else net
    optimizer = torch.optim.Adam(net.parameters(), 0.1, fused=True)
    with torch.no_grad():
        before = net(x)
    call(x).sum().backward()
    optimizer.step()
    with torch.no_grad():
        assert not torch.allclose(net(x), before)
        torch.testing.assert_close(net(x), expected(net, x), rtol=0, atol=0)


def test_without_gradients_where_nothing_can_be_kept():
    net = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
    x = images(2, 20)
    with torch.no_grad():
        expected = net(x)
        stacked = {n: torch.stack([p, p]) for n, p in net.named_parameters()}
        both = torch.vmap(lambda p: torch.func.functional_call(net, p, (x,)))(stacked)
        torch.testing.assert_close(both, torch.stack([expected, expected]), rtol=1e-4, atol=1e-5)
        torch.func.jvp(net, (x,), (x,))
        torch.save(net.kernels(), io.BytesIO())  # none of them a transformation's
        with FakeTensorMode(allow_non_fake_inputs=True):
            net(x)
        torch.testing.assert_close(net(x), expected)
        assert copy.deepcopy(net).to("meta")(x.to("meta")).is_meta
    with torch.inference_mode():
        within = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
        within.load_state_dict(net.state_dict())
        torch.testing.assert_close(within(x), expected)
        before = len(times_made(within))
        assert torch.equal(within(x), within(x))
        assert len(times_made(within)) == before


def in_the_block(net):
    with net.generated() as model:
        model.first.weight.mul_(2)


def of_the_last_call(net):
    *_, generated = convolution_kernels(net)
    generated.mul_(2)


def in_a_hook(net):
    def double(layer, given):
        layer.weight.mul_(2)

    handle = net.model.first.register_forward_pre_hook(double)
    net(images(1, 20))
    handle.remove()


@pytest.mark.parametrize("write", [in_the_block, of_the_last_call, in_a_hook])
@torch.no_grad()
def test_what_is_written_into_a_kernel_the_next_call_does_not_see(write):
    net, x = small(), images(2, 20)
    before = net(x)
    write(net)
    assert torch.equal(net(x), before)


@torch.no_grad()
def test_nothing_is_kept_where_a_bank_has_hooks():
    net, x = small(), images(2, 20)
    before, scale = net(x), [2.0]
    net.banks["3"].generator.register_forward_hook(lambda part, given, made: made * scale[0])
    doubled = net(x)
    assert not torch.allclose(doubled, before)
    scale[0] = 1.0
    torch.testing.assert_close(net(x), before)


def test_a_pruned_bank_is_that_of_the_call_wherever_a_kernel_is_read():
    net = small()
    bank = net.banks["3"]
    prune.custom_from_mask(bank, "embeddings", torch.ones_like(bank.embeddings))
    with torch.no_grad():
        bank.embeddings_orig.mul_(2)
        found = net.model.first.weight
        net(images(1, 20))
        torch.testing.assert_close(found, net.kernels()["first"])
