"""The fully connected networks of appendix A.1, 784-256-10 for MNIST, for images of any shape.

Shapes:
    B       batch
    images  (B, channels, height, width), values in [0, 1]; (B, 1, 28, 28) in the paper
    logits  (B, classes)
    grids   (channels * height) x width input units, 16 x 16 hidden units
"""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.models.image_shape import MNIST, MNIST_CLASSES, ImageShape, check_images
from hypernetworks.static.coordinate import CoordinateHypernetwork

UNITS = (16, 16)


class _TwoLayerNet(nn.Module, ABC):
    """What both networks share: pixels -> 256, ReLU, 256 -> classes."""

    def __init__(self, image_shape: ImageShape, classes: int) -> None:
        super().__init__()
        channels, height, width = check_images(image_shape, classes)
        self.pixels = (channels * height, width)
        self.bias1 = nn.Parameter(torch.empty(math.prod(UNITS)))
        self.classifier = nn.Linear(math.prod(UNITS), classes)

    def reset_parameters(self) -> None:
        """Sets the parameters that are this module's own; those of its parts reset themselves."""
        nn.init.zeros_(self.bias1)

    @abstractmethod
    def hidden_weights(self) -> Tensor:
        """The hidden layer's weights (256, pixels)."""

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(F.linear(images.flatten(1), self.hidden_weights(), self.bias1))
        return self.classifier(hidden)

    def arrays(self) -> dict[str, Tensor]:
        """What figure 8 shows: the filters of the hidden units (256, channels * height, width)."""
        return {"hidden_filters": self.hidden_weights().detach().view(-1, *self.pixels)}


class MLP(_TwoLayerNet):
    """The fully connected network; He normal hidden weights, zero biases.

    Args:
        image_shape: channels, height, width.
        classes: logits of an image.
    """

    def __init__(self, *, image_shape: ImageShape = MNIST, classes: int = MNIST_CLASSES) -> None:
        super().__init__(image_shape, classes)
        self.weight1 = nn.Parameter(torch.empty(math.prod(UNITS), math.prod(self.pixels)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.kaiming_normal_(self.weight1, nonlinearity="relu")

    def hidden_weights(self) -> Tensor:
        return self.weight1

    def counted_parts(self) -> dict[str, list[nn.Parameter]]:
        """The parts whose parameter counts the paper states."""
        return {"hidden_weights": [self.weight1]}


class CoordinateMLP(_TwoLayerNet):
    """The same network, its hidden weights the output of a `CoordinateHypernetwork`.

    Args:
        hidden_size: units of the hypernetwork's two hidden layers; 25 in the paper.
        image_shape: channels, height, width; the channels lie below one another on the input
            units' grid.
        classes: logits of an image.
    """

    def __init__(
        self,
        hidden_size: int = 25,
        *,
        image_shape: ImageShape = MNIST,
        classes: int = MNIST_CLASSES,
    ) -> None:
        super().__init__(image_shape, classes)
        self.hypernetwork = CoordinateHypernetwork(self.pixels, UNITS, hidden_size)
        self.reset_parameters()

    def hidden_weights(self) -> Tensor:
        return self.hypernetwork()

    def counted_parts(self) -> dict[str, list[nn.Parameter]]:
        """The parts whose parameter counts the paper states."""
        return {"hypernetwork": list(self.hypernetwork.parameters())}
