"""Which convolutions `hyperize` takes, and its refusals, each of which names the layer."""

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from hypernetworks import hyperize
from tests.static.small import Small


def test_by_default_what_is_larger_than_one_and_fits_the_base():
    net = hyperize(torchvision.models.resnet18(), embedding_size=4)
    (names,) = net.names.values()
    assert len(names) == 16
    assert "conv1" not in names
    assert "layer2.0.downsample.0" not in names


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (["first", "nowhere"], "'nowhere' is no Conv2d of the model"),
        ("secondd", "did you mean 'second'"),
        (["wide"], "wide has a kernel of 1 x 3; only square ones"),
        ([], "none of the model's 4 Conv2d is selected"),
        (lambda name, conv: False, "none of the model's 4 Conv2d is selected"),
    ],
)
def test_what_cannot_be_generated_is_named(select, message):
    with pytest.raises(ValueError, match=message):
        hyperize(Small(), (4, 4), select=select)


def test_shared_and_parametrized_weights_are_refused():
    shared = Small()
    shared.first.weight = nn.Parameter(torch.zeros(8, 3, 3, 3))
    shared.also = nn.Conv2d(3, 8, 3)
    shared.also.weight = shared.first.weight
    with pytest.raises(ValueError, match=r"first.weight and also.weight are one weight"):
        hyperize(shared, (4, 4), select=["first"])
    for norm in (nn.utils.parametrizations.weight_norm, nn.utils.spectral_norm):
        normed = Small()
        norm(normed.first)
        with pytest.raises(ValueError, match="first has a weight that is parametrized"):
            hyperize(normed, (4, 4), select=["first"])


class Doubling(nn.Conv2d):
    def forward(self, x):
        return 2 * super().forward(x)


def patched(conv):
    conv.forward = lambda x: 2 * x
    return conv


def hooked(conv):
    conv.register_forward_hook(lambda *call: None)
    return conv


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Doubling(4, 4, 3), "1 is a Doubling, with a forward of its own"),
        (nn.LazyConv2d(4, 3), "1 is lazy; call the model once before"),
        (patched(nn.Conv2d(4, 4, 3)), "1 is a Conv2d, with a forward of its own"),
        (hooked(nn.Conv2d(4, 4, 3)), "1 has hooks; remove them"),
        (hyperize(nn.Conv2d(4, 4, 3), (4, 4)), "is hyperized already"),
    ],
)
def test_what_would_be_lost_or_wrong_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        hyperize(nn.Sequential(nn.Conv2d(4, 4, 3), model), (4, 4))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (((0, 4), 3), r"base\[0\]=0: it must be a whole number, at least 1"),
        (((4, -1), 3), r"base\[1\]=-1"),
        (((4, True), 3), r"base\[1\]=True"),
        (((4.0, 4), 3), r"base\[0\]=4.0"),
        (((np.float64(4), 4), 3), r"base\[0\]=.*4.0"),
        (((4, 4), 0), "embedding_size=0"),
        (((4, 4), 2.5), "embedding_size=2.5"),
        (((4, 4), np.True_), "embedding_size=.*True"),
        ((4, 3), r'base=4: it must be \(output, input\) channels, or "auto"'),
        (((4, 4, 4), 3), r"base=\(4, 4, 4\)"),
        (("automatic", 3), "base='automatic'"),
        (((4, 4), 3, "first", "trained"), 'init=.trained.: it must be "fresh" or "keep"'),
    ],
)
def test_arguments_that_are_none_are_refused(sizes, message):
    with pytest.raises(ValueError, match=f"^hyperize: {message}"):
        hyperize(Small(), *sizes)


def test_whole_numbers_of_other_libraries_are_sizes():
    torch.manual_seed(0)
    expected = hyperize(Small(), (4, 8), 3, select="first")
    torch.manual_seed(0)
    net = hyperize(Small(), np.array([4, 8]), np.int32(3), select="first")
    torch.testing.assert_close(net.state_dict(), expected.state_dict(), rtol=0, atol=0)
    assert type(net.banks["3"].generator.embedding_size) is int


@pytest.mark.parametrize("change", [{"dtype": torch.float64}, {"device": "meta"}])
def test_weights_of_two_kinds_are_refused_if_one_generator_makes_both(change):
    mixed = Small()
    mixed.second.to(**change)
    message = "^hyperize: first is torch.float32 on cpu, second torch.float.* on .*; one generator"
    with pytest.raises(ValueError, match=message):
        hyperize(mixed, (4, 4), 3, select=["first", "second"])
    mixed.second.to_empty(device="cpu").float()
    mixed.last.to(**change)  # of another kernel size
    net = hyperize(mixed, (4, 4), 3, select=["first", "second", "last"])
    for name, kernel in net.kernels().items():
        weight = mixed.get_submodule(name).weight
        assert (kernel.dtype, kernel.device) == (weight.dtype, weight.device)


def test_by_default_nothing_is_found_where_channels_are_no_multiples():
    with pytest.raises(ValueError, match='base="auto" finds one for the network'):
        hyperize(torchvision.models.mobilenet_v3_small())


@pytest.mark.parametrize("name", ["meta", "cpu"])
def test_everything_is_made_on_the_models_device(name):
    """Whatever torch's default device is."""
    torch.manual_seed(0)
    expected = hyperize(Small(), (4, 4), 3, select=["first"])
    torch.manual_seed(0)
    with torch.device(name):
        found = hyperize(Small(), (4, 4), 3, select=["first"])
    assert {t.device.type for t in found.state_dict().values()} == {name}
    torch.manual_seed(0)
    plain = Small()
    with torch.device("meta"):
        net = hyperize(plain, (4, 4), 3, select=["first"])
        baked = net.bake()
    assert {t.device.type for t in (net.state_dict() | baked.state_dict()).values()} == {"cpu"}
    torch.testing.assert_close(net.state_dict(), expected.state_dict(), rtol=0, atol=0)


def test_a_model_without_convolutions_is_refused():
    with pytest.raises(ValueError, match="the model has no Conv2d"):
        hyperize(nn.Linear(2, 2))


def test_one_name_and_a_model_that_is_a_convolution():
    assert hyperize(Small(), (4, 4), 3, select="first").names == {"3": ["first"]}
    net = hyperize(nn.Conv2d(4, 8, 3), (4, 4), 3)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(net.bake()(x), net(x))
    net(x).sum().backward()
    assert net.banks["3"].embeddings.grad is not None
