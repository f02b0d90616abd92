"""Kernels that are kept in evaluation: until what, and where none can be kept."""

import copy
import io

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from hypernetworks import hyperize
from tests.static.small import Small, images


def test_in_evaluation_kernels_are_kept_until_a_parameter_changes():
    torch.manual_seed(0)
    net = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
    with torch.no_grad():
        net(images(2, 20))
        kept = net.kernels()["first"]
        net(images(2, 20))
        assert net.kernels()["first"] is kept
        net.banks["3"].embeddings.mul_(2)
        assert net.kernels()["first"] is not kept
        changed = net.kernels()["first"]
        net.load_state_dict(net.state_dict())
        assert net.kernels()["first"] is not changed
        torch.testing.assert_close(net.kernels()["first"], changed)
        with torch.autocast("cpu", torch.bfloat16):
            rough = net.kernels()["first"]
            assert net.kernels()["first"] is rough
        assert not torch.equal(rough, net.kernels()["first"])
        torch.testing.assert_close(net.kernels()["first"], changed)
        net.banks["3"].embeddings.data.mul_(3)  # leaves no trace but for the next line
        torch.testing.assert_close(net.eval().kernels()["first"], 3 * changed)
        double = net.double().kernels()["first"]
        assert double.dtype == torch.float64
        net.train()
        assert net.kernels()["first"] is not net.kernels()["first"]
    net.eval()
    assert net.kernels()["first"].requires_grad


@pytest.mark.parametrize("compiled", [False, True])
def test_kept_kernels_follow_fused_optimisers(compiled):
    """Their steps raise no tensor's version."""
    net = hyperize(Small(), (4, 4), 3, select=["first"]).eval()
    call = torch.compile(net, backend="aot_eager", fullgraph=True) if compiled else net
    optimizer = torch.optim.Adam(net.parameters(), 0.1, fused=True)
    with torch.no_grad():
        before = net.kernels()["first"].clone()
    call(images(2, 20)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        kept = net.kernels()["first"]
        assert not torch.equal(kept, before)
        torch.testing.assert_close(kept, net.train().kernels()["first"], rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:`torch.jit.script:FutureWarning")  # torch's own, in jvp
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
