"""The networks of table 2: counts, shapes, and the order of norm, ReLU and convolution."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hypernetworks.models.wide_resnet import Block, WideResNet, hyper_wide_resnet
from hypernetworks.static.generated import GeneratedConv2d


@pytest.mark.parametrize(
    ("widen", "plain", "hyper"), [(1, 563_930, 97_770), (2, 2_243_546, 155_626)]
)
def test_counts(widen, plain, hyper):
    with torch.device("meta"):
        networks = WideResNet(40, widen), hyper_wide_resnet(40, widen)
    counts = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert counts == [plain, hyper]
    assert networks[1].banks["3"].embeddings.shape == ({1: 242, 2: 966}[widen], 64)
    assert len(networks[1].names["3"]) == 36
    assert networks[1].sizes().plain == plain


def test_only_the_convolutions_of_blocks_are_generated():
    net = hyper_wide_resnet(16, 1, embedding_size=4)
    kinds = (nn.Conv2d, nn.Linear, GeneratedConv2d)
    layers = [m for m in net.model.modules() if isinstance(m, kinds)]
    assert len(layers) == 16  # conv1, twelve in blocks, two projections, the classifier
    assert sum(isinstance(m, GeneratedConv2d) for m in layers) == 12
    assert net(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    assert [m for m in layers if m.bias is not None] == [net.model.classifier]


def test_all_kernels_of_a_pass_come_from_one_product():
    net, calls = hyper_wide_resnet(16, 1, embedding_size=4), []
    (bank,) = net.banks.values()
    bank.generator.register_forward_hook(lambda *call: calls.append(call[2].shape))
    net(torch.randn(2, 3, 32, 32))
    assert calls == [(len(bank.embeddings), 16, 16, 3, 3)]


def test_a_block_is_pre_activation():
    torch.manual_seed(0)
    block = Block(4, 8, 2).eval()
    for norm in (block.norm1, block.norm2):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 4, 8, 8)

    def normed(norm, y):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = norm.bias - norm.running_mean * scale
        return y * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    y = normed(block.norm1, x).clamp(min=0)
    z = F.conv2d(y, block.conv1.weight, stride=2, padding=1)
    z = F.conv2d(normed(block.norm2, z).clamp(min=0), block.conv2.weight, padding=1)
    expected = F.conv2d(y, block.projection.weight, stride=2) + z
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-4)
    assert Block(4, 4, 1).projection is None


def test_signals_start_at_the_same_size_generated_or_not():
    torch.manual_seed(0)
    images = torch.randn(16, 3, 32, 32)
    networks = WideResNet(40, 1), hyper_wide_resnet(40, 1)
    plain, hyper = (float(network(images).detach().std()) for network in networks)
    assert 0.2 < hyper / plain < 5


@pytest.mark.parametrize("depth", [4, 8, 41])
def test_another_depth_is_refused(depth):
    with pytest.raises(ValueError, match=f"depth={depth}"):
        WideResNet(depth)


def test_a_network_of_no_width_is_refused():
    with pytest.raises(ValueError, match="widen=0"):
        hyper_wide_resnet(40, 0)


@pytest.mark.parametrize("make", [WideResNet, hyper_wide_resnet])
def test_images_of_any_shape_and_any_number_of_classes(make):
    net = make(10, 1, image_shape=(1, 20, 28), classes=47)
    assert net(torch.rand(2, 1, 20, 28)).shape == (2, 47)
    plain = getattr(net, "model", net)
    assert plain.conv1.weight.shape == (16, 1, 3, 3)
    with pytest.raises(ValueError, match="classes=0"):
        make(10, 1, classes=0)


def test_the_arrays_are_kernels_of_the_first_two_groups():
    plain, hyper = WideResNet(10, 2), hyper_wide_resnet(10, 2, 4)
    shapes = {"group1_kernel": (32, 32, 3, 3), "group2_kernel": (64, 64, 3, 3)}
    for network in (plain, hyper):
        assert {name: tuple(a.shape) for name, a in network.arrays().items()} == shapes
    assert torch.equal(plain.arrays()["group1_kernel"], plain.groups[0][-1].conv2.weight)
    generated = hyper.kernels()["groups.1.0.conv2"]
    assert torch.equal(hyper.arrays()["group2_kernel"], generated)
