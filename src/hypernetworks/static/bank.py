"""The kernels of many layers from one generator, in one batched product (eq. 2 and 3).

Shapes:
    L  layers    K  embeddings of all layers    N_z  embedding size    f  kernel height and width
    a, b  tiles along a layer's input, output channels    M  layers with the same a and b
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.sizes import whole
from hypernetworks.static.generator import KernelGenerator
from hypernetworks.torch_private import run_forward_pre_hooks


class Group(NamedTuple):
    """Layers with the same grid of tiles: their numbers, and their embeddings' slice."""

    tiles: tuple[int, int]
    layers: list[int]
    embeddings: slice


class KernelBank(nn.Module):
    """The kernels of L layers of one kernel size.

    Args:
        shapes: (out_channels, in_channels) of each layer's kernel. Channels that are no multiple of
            the base take one tile more, of which the first are used.
        kernel_size: f.
        base: (N_out, N_in) of the generator's basic kernels.
        embedding_size: N_z, also the generator's hidden size, as in the paper.

    Weights:
        `embeddings` (K, N_z), where a layer has a b of them; and those of the generator.

    Initialisation: embeddings are random directions of squared norm N_z N_in / in_channels, with
    which a fresh generator's kernels have He's variance for the layer's own fan-in,
    2 / (in_channels f^2). Then embeddings are divided by 10, w_in multiplied by 3, w_out by 10 / 3,
    which leaves the kernels as they are: Adam's steps have the same size for all parameters, and
    embeddings of size 1 would hardly move in them.

    Raises:
        ValueError: naming it, for a size that is no whole number or below 1.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, int]],
        kernel_size: int,
        base: tuple[int, int] = (16, 16),
        embedding_size: int = 64,
    ) -> None:
        super().__init__()
        self.shapes = [(whole("out_channels", o), whole("in_channels", i)) for o, i in shapes]
        base = (whole("base[0]", base[0]), whole("base[1]", base[1]))
        self.generator = KernelGenerator(base[1], base[0], kernel_size, embedding_size)
        grids = [(-(-n_in // base[1]), -(-n_out // base[0])) for n_out, n_in in self.shapes]
        self.groups: list[Group] = []
        first = 0
        for tiles in sorted(set(grids)):
            layers = [number for number, grid in enumerate(grids) if grid == tiles]
            last = first + len(layers) * tiles[0] * tiles[1]
            self.groups.append(Group(tiles, layers, slice(first, last)))
            first = last
        self.embeddings = nn.Parameter(torch.empty(first, embedding_size))
        self.reset_parameters()

    @property
    def count(self) -> int:
        """How many weights are generated and used."""
        return sum(n_out * n_in for n_out, n_in in self.shapes) * self.generator.kernel_size**2

    def reset_parameters(self) -> None:
        generator = self.generator
        generator.reset_parameters()
        with torch.no_grad():
            nn.init.normal_(self.embeddings)
            self.embeddings.div_(self.embeddings.norm(dim=-1, keepdim=True))
            for group in self.groups:
                part = self.embeddings[group.embeddings].unflatten(0, (len(group.layers), -1))
                for layer, own in zip(group.layers, part, strict=True):
                    fan_in = self.shapes[layer][1] / generator.in_channels
                    own.mul_(math.sqrt(generator.embedding_size / fan_in))
            self.embeddings.div_(10)
            generator.w_in.mul_(3)
            generator.w_out.mul_(10 / 3)

    def forward(self) -> list[Tensor]:
        """The kernels (out_channels, in_channels, f, f) of all layers, channels-last in memory."""
        basic = self.generator(self.embeddings)
        kernels: list[Tensor] = [basic] * len(self.shapes)
        for group in self.groups:
            tiled = self._tile(basic[group.embeddings], group.tiles)
            for layer, kernel in zip(group.layers, tiled.unbind(), strict=True):
                n_out, n_in = self.shapes[layer]
                kernels[layer] = kernel[:n_out, :n_in]
        return kernels

    def kernel(self, layer: int) -> Tensor:
        """The kernel of one layer alone, that of `forward` to rounding."""
        run_forward_pre_hooks(self)  # it is not called
        (group,) = [group for group in self.groups if layer in group.layers]
        count = math.prod(group.tiles)
        first = group.embeddings.start + group.layers.index(layer) * count
        basic = self.generator(self.embeddings[first : first + count])
        n_out, n_in = self.shapes[layer]
        return self._tile(basic, group.tiles)[0, :n_out, :n_in]

    def parts(self) -> list[Tensor]:
        """All that the kernels are made of."""
        generator = self.generator
        weights = [generator.w_in, generator.b_in, generator.w_out, generator.b_out]
        return [self.embeddings, *weights]

    def _tile(self, basic: Tensor, tiles: tuple[int, int]) -> Tensor:
        """(M a b, N_out, N_in, f, f) as (M, b N_out, a N_in, f, f): eq. 3, for M layers at once.

        Rows of input channels, which lie together, stay together; one tile is not copied at all.
        """
        a, b = tiles
        rows = basic.permute(0, 1, 3, 4, 2).unflatten(0, (-1, a, b))
        joined = rows.permute(0, 2, 3, 4, 5, 1, 6).flatten(5, 6).flatten(1, 2)
        return joined.permute(0, 1, 4, 2, 3)

    def extra_repr(self) -> str:
        return f"layers={len(self.shapes)}, embeddings={tuple(self.embeddings.shape)}"
