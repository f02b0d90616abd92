"""`hyperize` on networks of torchvision and on small ones: all that a module does."""

import copy
import io

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.checkpoint import checkpoint
from torchvision.models.feature_extraction import create_feature_extractor

from hypernetworks import hyperize
from hypernetworks.static.generated import GeneratedConv2d
from hypernetworks.static.hyperize import convolution_kernels
from tests.static.small import Small, images


def depthwise(name, conv):
    return conv.groups > 1


FAMILIES = {
    "resnet18": None,
    "mobilenet_v2": depthwise,
    "squeezenet1_1": ["features.3.squeeze", "features.3.expand3x3", "features.0"],
}


@pytest.fixture(params=FAMILIES)
def network(request):
    torch.manual_seed(0)
    plain = torchvision.models.get_model(request.param, weights=None, num_classes=7)
    return plain, hyperize(plain, embedding_size=8, select=FAMILIES[request.param])


def test_baked_it_gives_the_same_outputs(network):
    plain, net = network
    net.eval()
    baked = net.bake()
    with torch.no_grad():
        torch.testing.assert_close(baked(images()), net(images()), rtol=1e-6, atol=1e-6)
    assert type(baked) is type(plain)
    assert {n: p.shape for n, p in baked.named_parameters()} == {
        n: p.shape for n, p in plain.named_parameters()
    }
    assert not any(isinstance(m, GeneratedConv2d) for m in baked.modules())
    sizes = net.sizes()
    assert sizes.plain == sum(p.numel() for p in plain.parameters())
    assert sizes.parameters == sum(p.numel() for p in net.parameters())
    assert sizes.compression == sizes.plain / sizes.parameters


def test_it_trains_and_leaves_the_plain_network_alone(network):
    plain, net = network
    before = copy.deepcopy(plain.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), 3e-4)
    losses = []
    for _ in range(6):
        loss = F.cross_entropy(net(images(8)), torch.arange(8) % 7)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert all(p.grad is not None for p in net.banks.parameters())
    assert min(losses[1:]) < losses[0]
    for name, value in plain.state_dict().items():
        assert torch.equal(value, before[name])


def test_it_saves_and_loads(network):
    plain, net = network
    other = hyperize(plain, embedding_size=8, select=[n for ns in net.names.values() for n in ns])
    other.load_state_dict(net.state_dict())
    whole = io.BytesIO()
    with torch.no_grad():
        expected = net.eval()(images())
        torch.testing.assert_close(other.eval()(images()), expected, rtol=0, atol=0)
        torch.save(net, whole)
        whole.seek(0)
        again = torch.load(whole, weights_only=False)
        torch.testing.assert_close(again(images()), expected, rtol=0, atol=0)
        torch.testing.assert_close(copy.deepcopy(net)(images()), expected, rtol=0, atol=0)


@pytest.mark.parametrize("assign", [False, True])
def test_made_without_memory_it_computes_what_its_state_says(assign):
    expected = hyperize(Small(), (4, 4), 3, select=["first", "last"])
    with torch.device("meta"):
        net = hyperize(Small(), (4, 4), 3, select=["first", "last"])
    if not assign:
        net.to_empty(device="cpu")
    net.load_state_dict(expected.state_dict(), assign=assign)
    x = images(2, 20)
    torch.testing.assert_close(net(x), expected(x), rtol=0, atol=0)
    torch.testing.assert_close(net.model.last.weight, expected.model.last.weight)


def test_groups_sizes_and_channels_that_are_no_multiples():
    torch.manual_seed(0)
    net = hyperize(Small(), (4, 4), 3, select=["first", "second", "last"])
    assert set(net.banks) == {"3", "5"}
    assert net.names == {"3": ["first", "second"], "5": ["last"]}
    x = images(2, 20)
    shapes = {name: tuple(kernel.shape) for name, kernel in net.kernels().items()}
    assert shapes == {"first": (8, 3, 3, 3), "second": (12, 4, 3, 3), "last": (8, 8, 5, 5)}
    baked = net.bake()
    assert (baked.second.padding_mode, baked.second.groups) == ("circular", 2)
    assert (baked.last.stride, baked.last.dilation) == ((2, 2), (2, 2))
    torch.testing.assert_close(net(x, scale=2.0), 2 * baked(x))


def test_it_compiles():
    torch.manual_seed(0)
    net = hyperize(Small(), (4, 4), 3, select=["first", "second"])
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    x = images(2, 20)
    torch.testing.assert_close(compiled(x), net(x))
    embeddings, found = net.banks["3"].embeddings, []
    for call in (net, compiled):
        loss = call(x).sum() + sum(kernel.square().sum() for kernel in convolution_kernels(net))
        found += torch.autograd.grad(loss, [embeddings])
    torch.testing.assert_close(found[1], found[0])


def test_a_penalty_of_the_kernels_acts_on_the_generated_ones():
    """d/dz of sum K^2 / 2, against differences, through the network's own call."""
    torch.manual_seed(0)
    net = hyperize(Small(), (4, 4), 3, select=["first", "second"]).double()
    net(images(2, 20).double())
    kernels = convolution_kernels(net)
    assert len(kernels) == 4  # two generated, two ordinary
    (0.5 * sum(kernel.square().sum() for kernel in kernels)).backward()
    embeddings = net.banks["3"].embeddings

    def penalty(z):
        with torch.no_grad():
            before = embeddings.clone()
            embeddings.copy_(z)
            found = 0.5 * sum(k.square().sum() for k in net.kernels().values())
            embeddings.copy_(before)
        return found

    for place in ((0, 0), (3, 2)):
        step = torch.zeros_like(embeddings)
        step[place] = 1e-6
        z = embeddings.detach()
        numeric = (penalty(z + step) - penalty(z - step)) / 2e-6
        assert float(embeddings.grad[place]) == pytest.approx(float(numeric), rel=1e-6)
    torch.testing.assert_close(net.model.last.weight.grad, net.model.last.weight.detach())


def test_every_module_starts_in_the_networks_own_mode():
    net = hyperize(Small().eval(), (4, 4), 3, select="first")
    assert not any(m.training for m in (*net.modules(), *net.bake().modules()))
    assert all(m.training for m in hyperize(Small(), (4, 4), 3, select="first").modules())


def test_memory_formats_are_the_plain_networks():
    """Kernels come channels-last; a network that views its features must not notice."""
    plain = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3))
    net, x = hyperize(plain, (4, 4), 3), torch.randn(2, 4, 8, 8)
    for view in (x, torch.randn(2, 4, 10, 8)[:, :, 1:-1], x.transpose(2, 3)):
        for network in (net, net.bake()):
            assert network(view).is_contiguous()
    (kernel, *_) = net.kernels().values()
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    last = net(x.to(memory_format=torch.channels_last))
    assert last.is_contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        first = net.eval()(x)
        kept = net.current.kernels["0"]
        assert kept.is_contiguous()  # laid out once
        torch.testing.assert_close(net(x), first)
        assert net.current.kernels["0"] is kept


def test_initialisers_pass_by_what_is_generated():
    net = hyperize(Small(), (4, 4), 3, select=["first", "second"])
    net.apply(lambda m: nn.init.zeros_(m.weight) if isinstance(m, nn.Conv2d) else None)
    assert not net.model.last.weight.any()
    assert net.kernels()["first"].any()


class Checkpointed(Small):
    """Computes its hidden layers again in the backward pass."""

    def forward(self, x):
        hidden = checkpoint(lambda x: self.second(self.first(x)), x, use_reentrant=False)
        return self.last(self.wide(hidden))


def test_gradients_are_the_same_with_activation_checkpointing():
    nets = [hyperize(m, (4, 4), 3, select=["first", "second"]) for m in (Small(), Checkpointed())]
    nets[1].load_state_dict(nets[0].state_dict())
    for net in nets:
        net.double()(images(2, 20).double()).square().sum().backward()
    found, expected = ({n: p.grad for n, p in net.named_parameters()} for net in nets)
    torch.testing.assert_close(found, expected)


def test_a_layer_alone_has_no_kernel():
    net = hyperize(Small(), (4, 4), 3, select=["first"])
    for alone in (net, copy.deepcopy(net)):
        alone(images(2, 20))
        for layers in (alone.model.first, alone.model):
            with pytest.raises(RuntimeError, match=r"first has a .* with net.generated\(\)"):
                layers(images(2, 20))
    with net.generated() as model:
        torch.testing.assert_close(model(images(2, 20)), net(images(2, 20)))
        with torch.no_grad():
            net(images(2, 20))  # neither ends what is around it nor takes its place
        model(images(2, 20)).sum().backward()
    assert net.banks["3"].embeddings.grad is not None


def test_a_penalty_before_the_first_call_is_refused():
    net = hyperize(Small(), (4, 4), 3, select=["first"])
    for fresh in (net, copy.deepcopy(net)):
        with pytest.raises(RuntimeError, match="no kernels before its first call"):
            convolution_kernels(fresh)
        fresh(images(2, 20))
        assert len(convolution_kernels(fresh)) == 4


SETTINGS = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")


def test_a_generated_layer_has_its_convolutions_settings_and_a_weight_to_read():
    plain = Small()
    names = ["first", "second", "last"]
    net = hyperize(plain, (4, 4), 3, select=names)
    kernels = net.kernels()
    seen = {}
    for name in names:
        conv, layer = plain.get_submodule(name), net.model.get_submodule(name)
        assert {s: getattr(layer, s) for s in SETTINGS} == {s: getattr(conv, s) for s in SETTINGS}
        torch.testing.assert_close(layer.weight, kernels[name])
        assert layer.weight.requires_grad
        layer.register_forward_pre_hook(lambda m, _: seen.update({m.name: m.weight}))
    net(images(2, 20))
    assert all(torch.equal(seen[name], net.current.kernels[name]) for name in names)


def test_torch_fx_is_told_to_trace_the_baked_network():
    net = hyperize(torchvision.models.resnet18(), embedding_size=4).eval()
    for model in (net, net.model, nn.Sequential(net)):
        with pytest.raises(RuntimeError, match=r"^torch.fx cannot trace .* net.bake\(\), [^\n]*$"):
            torch.fx.symbolic_trace(model)
    with pytest.raises(RuntimeError, match=r"net.bake\(\)"):
        create_feature_extractor(net, ["model.layer1"])
    baked, x = net.bake(), images()
    features = create_feature_extractor(baked, ["layer1", "fc"])(x)
    torch.testing.assert_close(features["fc"], net(x), rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        traced = make_fx(net)(x)  # which traces operations
        torch.testing.assert_close(traced(x), net(x))
