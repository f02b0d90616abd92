"""The MNIST convnets, held to torch's own layers."""

import pytest
import torch
from torch import nn

from hypernetworks import HyperMnistConvnet, MnistConvnet


def reference(model: nn.Module) -> nn.Sequential:
    """The same network out of torch's layers, with the model's weights."""
    channels = model.conv1.in_channels
    conv2 = nn.Conv2d(16, 16, 7, padding=3)
    with torch.no_grad():
        conv2.weight.copy_(model.kernel2())
        conv2.bias.copy_(model.bias2)
    conv1 = nn.Conv2d(channels, 16, 7, padding=3)
    conv1.load_state_dict(model.conv1.state_dict())
    pool = nn.MaxPool2d(2)
    return nn.Sequential(
        conv1, nn.ReLU(), pool, conv2, nn.ReLU(), pool, nn.Flatten(), model.classifier
    )


@pytest.mark.parametrize("cls", [MnistConvnet, HyperMnistConvnet])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 4, 7), (1, 11, 9)])
def test_equals_torchs_layers(cls, shape):
    torch.manual_seed(1)
    model = cls(image_shape=shape, classes=6)
    nn.init.normal_(model.bias2)
    images = torch.rand(3, *shape)
    logits = model(images)
    assert logits.shape == (3, 6)
    torch.testing.assert_close(logits, reference(model)(images))


@pytest.mark.parametrize("cls", [MnistConvnet, HyperMnistConvnet])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (1, 3, 28)}, r"\(1, 3, 28\): this network reads images of at least 4 x 4"),
        ({"image_shape": (0, 28, 28)}, "channels, height and width"),
        ({"image_shape": (28, 28)}, r"image_shape=\(28, 28\): channels, height and width"),
        ({"classes": 0}, "classes=0"),
    ],
)
def test_what_it_cannot_read_is_named(cls, arguments, message):
    with pytest.raises(ValueError, match=message):
        cls(**arguments)


@pytest.mark.parametrize(("cls", "count"), [(MnistConvnet, 12544), (HyperMnistConvnet, 4244)])
def test_second_kernel_counts(cls, count):
    parts = cls().counted_parts()
    assert sum(p.numel() for p in parts["second_kernel"]) == count


def test_the_second_kernel_is_all_that_differs():
    sizes = [
        sum(p.numel() for p in cls().parameters()) - count
        for cls, count in ((MnistConvnet, 12544), (HyperMnistConvnet, 4244))
    ]
    assert sizes[0] == sizes[1] == (16 * 49 + 16) + 16 + (784 * 10 + 10)


@pytest.mark.parametrize("cls", [MnistConvnet, HyperMnistConvnet])
def test_every_parameter_gets_a_gradient(cls):
    model = cls()
    model(torch.rand(4, 1, 28, 28)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_arrays_are_the_kernel():
    model = HyperMnistConvnet()
    torch.testing.assert_close(model.arrays()["second_kernel"], model.kernel2())
