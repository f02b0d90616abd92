"""The fully connected networks of appendix A.1, held to torch's own layers."""

import pytest
import torch
from torch import nn

from hypernetworks import MLP, CoordinateMLP

SHAPES = [(1, 28, 28), (3, 5, 4)]


@pytest.mark.parametrize("cls", [MLP, CoordinateMLP])
@pytest.mark.parametrize("image_shape", SHAPES)
def test_equals_torchs_layers(cls, image_shape):
    model = cls(image_shape=image_shape, classes=7)
    nn.init.normal_(model.bias1)
    images = torch.rand(3, *image_shape)
    hidden = nn.Linear(images[0].numel(), 256)
    with torch.no_grad():
        hidden.weight.copy_(model.hidden_weights())
        hidden.bias.copy_(model.bias1)
    reference = nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), model.classifier)
    assert reference(images).shape == (3, 7)
    torch.testing.assert_close(model(images), reference(images))


def test_hidden_filters_are_the_rows_of_the_weights():
    model = MLP()
    filters = model.arrays()["hidden_filters"]
    assert filters.shape == (256, 28, 28)
    assert torch.equal(filters[17, 3], model.weight1[17, 84:112])


def test_channels_lie_below_one_another_on_the_grid():
    """Pixel (channel, y, x) has the coordinates of the grid's row channel * height + y."""
    model = CoordinateMLP(3, image_shape=(3, 5, 4))
    where = torch.tensor([-1 + 2 * 3 / 3, -1 + 2 * (2 * 5 + 1) / 14, -1 + 2 * 1 / 15, -1.0])
    expected = model.hypernetwork.layers(where) * (2 / 60) ** 0.5
    pixels = model.hidden_weights()[1].view(3, 5, 4)
    torch.testing.assert_close(pixels[2, 1, 3], expected[0])
    assert model.arrays()["hidden_filters"].shape == (256, 15, 4)


def test_the_papers_counts():
    counts = [
        sum(p.numel() for p in m.counted_parts()[part])
        for m, part in ((MLP(), "hidden_weights"), (CoordinateMLP(), "hypernetwork"))
    ]
    assert counts == [200_704, 801]


@pytest.mark.parametrize("cls", [MLP, CoordinateMLP])
def test_made_without_memory_each_module_resets_its_own(cls):
    with torch.device("meta"):
        model = cls()
    model.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(torch.nan)  # what memory may hold
    model.apply(lambda m: m.reset_parameters() if hasattr(m, "reset_parameters") else None)
    assert not model.bias1.any()
    assert model.hidden_weights().std().item() == pytest.approx((2 / 784) ** 0.5, rel=0.02)
    assert model(torch.rand(2, 1, 28, 28)).isfinite().all()
