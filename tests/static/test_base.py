"""base="auto": what it finds, for networks of torchvision and by hand."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from hypernetworks import hyperize
from hypernetworks.static.base import found_base
from tests.static.small import images


def conv(n_in, n_out, size=3, groups=1):
    return nn.Conv2d(n_in, n_out, size, groups=groups, device="meta")


@pytest.mark.parametrize(
    ("convs", "base"),
    [
        ([conv(3, 64, 7), conv(64, 64), conv(64, 128)], (16, 16)),  # the first decides nothing
        ([conv(3, 12), conv(12, 12)], (12, 12)),
        ([conv(12, 24), conv(24, 36)], (12, 12)),
        ([conv(40, 40), conv(40, 56)], (8, 10)),
        ([conv(3, 8), conv(48, 48, 5, groups=48)], (16, 1)),  # depthwise
        ([conv(32, 32, groups=4), conv(32, 48, groups=4)], (16, 8)),
        ([conv(3, 7)], (7, 3)),
        ([conv(17, 19)], (1, 1)),
        ([], (16, 16)),
    ],
)
def test_the_largest_of_which_most_channels_are_multiples(convs, base):
    assert found_base(convs) == base


@pytest.mark.parametrize(
    ("name", "base", "count"),
    [("mobilenet_v3_small", (16, 1), 9), ("efficientnet_b0", (16, 1), 17)],
)
def test_networks_whose_channels_are_no_multiples_of_16(name, base, count):
    torch.manual_seed(0)
    plain = torchvision.models.get_model(name, weights=None, num_classes=5)
    net = hyperize(plain, "auto", 8)
    assert sum(map(len, net.names.values())) == count
    for bank in net.banks.values():
        generator = bank.generator
        assert (generator.out_channels, generator.in_channels) == base
        for n_out, n_in in bank.shapes:
            assert (n_out % base[0], n_in % base[1]) == (0, 0)
    F.cross_entropy(net(images(2, 32)), torch.arange(2)).backward()
    assert all(p.grad is not None for p in net.banks.parameters())
    x = images(2, 32)
    torch.testing.assert_close(net.eval().bake()(x), net(x), rtol=1e-4, atol=1e-5)


def test_where_channels_are_multiples_of_16_it_is_the_default():
    with torch.device("meta"):
        plain = torchvision.models.resnet18()
        assert hyperize(plain, "auto").names == hyperize(plain).names


def test_selected_layers_all_take_part():
    plain = nn.Sequential(nn.Conv2d(3, 24, 3), nn.Conv2d(24, 20, 3), nn.Conv2d(20, 24, 1))
    assert hyperize(plain, "auto", 4).names == {"3": ["1"]}
    net = hyperize(plain, "auto", 4, select=["0", "1", "2"])
    assert net.names == {"3": ["0", "1"], "1": ["2"]}
