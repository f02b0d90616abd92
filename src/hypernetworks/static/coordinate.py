"""Weights generated from coordinates, on a 784-256-10 network for MNIST (appendix A.1).

Shapes:
    B       batch
    images  (B, 1, 28, 28), values in [0, 1]
    logits  (B, 10)
    grids   28 x 28 input pixels, 16 x 16 hidden units; 784 * 256 = 200,704 weights
"""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIXELS, UNITS, CLASSES = (28, 28), (16, 16), 10


def grid_coordinates(in_grid: tuple[int, int], out_grid: tuple[int, int]) -> Tensor:
    """The four coordinates of every weight between two grids of units.

    Returns:
        (out units * in units, 4): x and y of the input, x and y of the output unit, each evenly
        spaced in [-1, 1]; row-major, output units first, like the rows of `nn.Linear.weight`.
    """
    axes = [torch.linspace(-1, 1, n) for n in (*out_grid, *in_grid)]
    y_out, x_out, y_in, x_in = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x_in, y_in, x_out, y_out], dim=-1).reshape(-1, 4)


class CoordinateHypernetwork(nn.Module):
    """A small ReLU network that maps a weight's coordinates to the weight (appendix A.1).

    Args:
        in_grid, out_grid: the grids on which the input and the output units lie.
        hidden_size: units of its two hidden layers; 25 in the paper: 4 -> 25 -> 25 -> 1, 801
            parameters with biases.

    Initialisation: He normal kernels and biases uniform within 1 / sqrt(fan_in); then the last
    layer is shifted and scaled so that the network's outputs have mean 0 and variance 1. They are
    multiplied by the constant sqrt(2 / fan_in), so the generated weights have He's variance, what
    an ordinary ReLU layer starts with. (With that factor inside the last layer instead, one Adam
    step of 0.001 moves the generated weights by more than their size, and training fails.)
    """

    coordinates: Tensor

    def __init__(
        self, in_grid: tuple[int, int], out_grid: tuple[int, int], hidden_size: int = 25
    ) -> None:
        super().__init__()
        if hidden_size < 1:
            raise ValueError(f"CoordinateHypernetwork: hidden_size must be >= 1, got {hidden_size}")
        self.in_features = math.prod(in_grid)
        self.out_features = math.prod(out_grid)
        self.layers = nn.Sequential(
            nn.Linear(4, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, 1),
        )
        self.register_buffer("coordinates", grid_coordinates(in_grid, out_grid), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer in linear:
            bound = layer.in_features**-0.5
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.uniform_(layer.bias, -bound, bound)
        with torch.no_grad():
            outputs = self.layers(self.coordinates)
            linear[-1].bias.sub_(outputs.mean()).div_(outputs.std())
            linear[-1].weight.div_(outputs.std())

    def forward(self) -> Tensor:
        """Returns the weights (out_features, in_features)."""
        outputs = self.layers(self.coordinates)
        return outputs.view(self.out_features, self.in_features) * math.sqrt(2 / self.in_features)


class _TwoLayerNet(nn.Module, ABC):
    """What both networks share: 784 -> 256, ReLU, 256 -> 10."""

    def __init__(self) -> None:
        super().__init__()
        self.bias1 = nn.Parameter(torch.zeros(math.prod(UNITS)))
        self.classifier = nn.Linear(math.prod(UNITS), CLASSES)

    @abstractmethod
    def hidden_weights(self) -> Tensor:
        """The hidden layer's weights (256, 784)."""

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(F.linear(images.flatten(1), self.hidden_weights(), self.bias1))
        return self.classifier(hidden)

    def arrays(self) -> dict[str, Tensor]:
        """What figure 8 shows: the filters of the hidden units (256, 28, 28)."""
        return {"hidden_filters": self.hidden_weights().detach().view(-1, *PIXELS)}


class MLP(_TwoLayerNet):
    """The fully connected 784-256-10 network; He normal hidden weights, zero biases."""

    def __init__(self) -> None:
        super().__init__()
        self.weight1 = nn.Parameter(torch.empty(math.prod(UNITS), math.prod(PIXELS)))
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
    """

    def __init__(self, hidden_size: int = 25) -> None:
        super().__init__()
        self.hypernetwork = CoordinateHypernetwork(PIXELS, UNITS, hidden_size)

    def hidden_weights(self) -> Tensor:
        return self.hypernetwork()

    def counted_parts(self) -> dict[str, list[nn.Parameter]]:
        """The parts whose parameter counts the paper states."""
        return {"hypernetwork": list(self.hypernetwork.parameters())}
