"""The weights of a fully connected layer generated from their coordinates (appendix A.1).

Shapes:
    grids   of input and of output units, (height, width) each; in the paper 28 x 28 pixels and
            16 x 16 hidden units, 784 * 256 = 200,704 weights
"""

import math

import torch
from torch import Tensor, nn

from hypernetworks.sizes import whole


def grid_coordinates(
    in_grid: tuple[int, int],
    out_grid: tuple[int, int],
    *,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """The four coordinates of every weight between two grids of units.

    Args:
        in_grid: (height, width) of the input units.
        out_grid: (height, width) of the output units.
        device: torch's default unless given.
        dtype: the same; what is narrower than 32 bits is rounded from 32.
    Returns:
        (out units * in units, 4): x and y of the input, x and y of the output unit, each evenly
        spaced in [-1, 1]; row-major, output units first, like the rows of `nn.Linear.weight`.
    """
    dtype = dtype or torch.get_default_dtype()
    exact = torch.promote_types(dtype, torch.float32)
    axes = [
        torch.linspace(-1, 1, n, device=device, dtype=exact).to(dtype)
        for n in (*out_grid, *in_grid)
    ]
    y_out, x_out, y_in, x_in = torch.meshgrid(*axes, indexing="ij")
    return torch.stack([x_in, y_in, x_out, y_out], dim=-1).reshape(-1, 4)


class CoordinateHypernetwork(nn.Module):
    """A small ReLU network that maps a weight's coordinates to the weight (appendix A.1).

    Args:
        in_grid: (height, width) of the grid on which the input units lie.
        out_grid: (height, width) of the output units'.
        hidden_size: units of its two hidden layers; 25 in the paper: 4 -> 25 -> 25 -> 1, 801
            parameters with biases.

    Initialisation: He normal kernels and biases uniform within 1 / sqrt(fan_in); then the last
    layer is shifted and scaled so that the network's outputs have mean 0 and variance 1. They are
    multiplied by the constant sqrt(2 / fan_in), so the generated weights have He's variance, what
    an ordinary ReLU layer starts with. (With that factor inside the last layer instead, one Adam
    step of 0.001 moves the generated weights by more than their size, and training fails.) Outputs
    that are all one number (of a single weight, of units that are all off) are shifted to 0 alone.

    Raises:
        ValueError: naming it, for a size that is no whole number or below 1.
    """

    def __init__(
        self, in_grid: tuple[int, int], out_grid: tuple[int, int], hidden_size: int = 25
    ) -> None:
        super().__init__()
        hidden_size = whole("hidden_size", hidden_size)
        self.in_grid = _grid("in_grid", in_grid)
        self.out_grid = _grid("out_grid", out_grid)
        self.in_features = math.prod(self.in_grid)
        self.out_features = math.prod(self.out_grid)
        self.layers = nn.Sequential(
            nn.Linear(4, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, 1),
        )
        self.reset_parameters()

    @property
    def coordinates(self) -> Tensor:
        """`grid_coordinates`, where the parameters are and as precise.

        Made when it is asked for: what no state dict brings would be lost by models that are made
        without memory and filled afterwards.
        """
        first = self.layers[0]
        assert isinstance(first, nn.Linear)
        weight = first.weight
        return grid_coordinates(
            self.in_grid, self.out_grid, device=weight.device, dtype=weight.dtype
        )

    def reset_parameters(self) -> None:
        linear = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer in linear:
            bound = layer.in_features**-0.5
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.uniform_(layer.bias, -bound, bound)
        with torch.no_grad():
            outputs = self.layers(self.coordinates)
            spread = outputs.std(correction=min(1, outputs.numel() - 1))
            differs = spread > 1e-5 * outputs.abs().max()  # more than rounding
            scale = torch.where(differs, spread, 1)
            linear[-1].bias.sub_(outputs.mean()).div_(scale)
            linear[-1].weight.div_(scale)

    def forward(self) -> Tensor:
        """Returns the weights (out_features, in_features)."""
        outputs = self.layers(self.coordinates)
        return outputs.view(self.out_features, self.in_features) * math.sqrt(2 / self.in_features)


def _grid(name: str, grid: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(grid, tuple | list) or len(grid) != 2:
        raise ValueError(f"{name}={grid!r}: it must be (height, width)")
    return whole(name, grid[0]), whole(name, grid[1])
