"""The kernel generator of section 3.1: eq. 2 (one kernel) and eq. 3 (tiled kernels).

Shapes:
    K       number of embeddings in a stack
    N_z     embedding size                    d       hidden size of the generator
    N_in    input channels of a basic kernel  N_out   output channels of a basic kernel
    f       kernel height and width           a, b    tiles along the input, the output channels
"""

import math

import torch
from torch import Tensor, nn

from hypernetworks.sizes import whole


class KernelGenerator(nn.Module):
    """Generates convolution kernels from embeddings (eq. 2).

        a_i = W_i z + B_i                 i = 1 .. N_in
        K_i = <W_out, a_i> + B_out        W_out and B_out shared over i

    Args:
        in_channels: N_in, the input channels of a generated kernel.
        out_channels: N_out, its output channels.
        kernel_size: f, its height and width.
        embedding_size: N_z.
        hidden_size: d; the paper's choice, and the default, is d = N_z.

    Weights:
        `w_in` (N_in, d, N_z) and `b_in` (N_in, d), the W_i and B_i; `w_out` (N_out, f, f, d) and
        `b_out` (N_out, f, f). These are d (N_z + 1) N_in + f N_out f (d + 1) numbers; each
        embedding has N_z more.

    Initialisation: for an embedding of squared norm N_z the generated weights have mean 0 and He's
    variance 2 / (N_in f^2), what an ordinary ReLU convolution starts with. w_in is normal with
    variance 1 / N_z, w_out normal with variance 2 / (d N_in f^2), both biases are 0.

    Raises:
        ValueError: naming it, for a size that is no whole number or below 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        embedding_size: int,
        hidden_size: int | None = None,
    ) -> None:
        super().__init__()
        hidden_size = embedding_size if hidden_size is None else hidden_size
        self.in_channels = in_channels = whole("in_channels", in_channels)
        self.out_channels = out_channels = whole("out_channels", out_channels)
        self.kernel_size = kernel_size = whole("kernel_size", kernel_size)
        self.embedding_size = embedding_size = whole("embedding_size", embedding_size)
        self.hidden_size = hidden_size = whole("hidden_size", hidden_size)
        self.w_in = nn.Parameter(torch.empty(in_channels, hidden_size, embedding_size))
        self.b_in = nn.Parameter(torch.empty(in_channels, hidden_size))
        self.w_out = nn.Parameter(torch.empty(out_channels, kernel_size, kernel_size, hidden_size))
        self.b_out = nn.Parameter(torch.empty(out_channels, kernel_size, kernel_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        he_variance = 2 / (self.in_channels * self.kernel_size**2)
        nn.init.normal_(self.w_in, std=self.embedding_size**-0.5)
        nn.init.normal_(self.w_out, std=math.sqrt(he_variance / self.hidden_size))
        nn.init.zeros_(self.b_in)
        nn.init.zeros_(self.b_out)

    def forward(self, z: Tensor) -> Tensor:
        """Generates one kernel for each embedding, all in one batched product.

        Args:
            z: embeddings (..., N_z).
        Returns:
            kernels (..., N_out, N_in, f, f), the layout of `torch.nn.Conv2d.weight`; each is
            channels-last in memory, which is how the product leaves it.
        Raises:
            ValueError: if the last dimension of z is not N_z.
        """
        if z.shape[-1] != self.embedding_size:
            raise ValueError(
                f"KernelGenerator: embeddings must end in N_z = {self.embedding_size}, "
                f"got shape {tuple(z.shape)}"
            )
        flat = z.reshape(-1, self.embedding_size)
        # (K, N_in, d): every a_i of every embedding
        a = torch.einsum("kz,idz->kid", flat, self.w_in) + self.b_in
        # (N_out f f, d) @ (K, d, N_in): the columns of the product are the K_i
        k = self.w_out.flatten(0, 2) @ a.transpose(1, 2) + self.b_out.reshape(-1, 1)
        f = self.kernel_size
        k = k.view(-1, self.out_channels, f, f, self.in_channels).permute(0, 1, 4, 2, 3)
        return k.reshape(*z.shape[:-1], *k.shape[1:])

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"embedding_size={self.embedding_size}, hidden_size={self.hidden_size}"
        )


def tile_kernels(kernels: Tensor) -> Tensor:
    """Lays a grid of basic kernels out as one large kernel (eq. 3).

    Args:
        kernels: (a, b, N_out, N_in, f, f); tile [p, q] joins the p-th group of input channels
            to the q-th group of output channels.
    Returns:
        the kernel (b N_out, a N_in, f, f).
    """
    a, b, n_out, n_in, height, width = kernels.shape
    return kernels.permute(1, 2, 0, 3, 4, 5).reshape(b * n_out, a * n_in, height, width)


class TiledKernel(nn.Module):
    """One layer's kernel: an a x b grid of embeddings for a shared generator (eq. 3).

    The generator is an argument of `forward`, not a submodule, so that one generator can serve
    any number of layers and is counted and saved once.

    Args:
        generator: the generator whose basic kernels will fill the grid.
        in_channels: the layer's, a multiple of the generator's.
        out_channels: the layer's, a multiple of the generator's.

    Weights:
        `embeddings` (a, b, N_z).

    Initialisation: random directions of squared norm N_z / a. The fresh generator is linear in z,
    so the layer's kernel starts with He's variance for its own fan-in, 2 / (a N_in f^2).

    Raises:
        ValueError: if the channels are no whole numbers, or not multiples of the generator's.
    """

    def __init__(self, generator: KernelGenerator, in_channels: int, out_channels: int) -> None:
        super().__init__()
        base = (generator.in_channels, generator.out_channels)
        in_channels = whole("in_channels", in_channels)
        out_channels = whole("out_channels", out_channels)
        if in_channels % base[0] or out_channels % base[1]:
            raise ValueError(
                f"TiledKernel: {in_channels} -> {out_channels} channels are not multiples of the "
                f"generator's basic kernel, {base[0]} -> {base[1]}"
            )
        tiles = (in_channels // base[0], out_channels // base[1])
        self.embeddings = nn.Parameter(torch.empty(*tiles, generator.embedding_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        a, _, embedding_size = self.embeddings.shape
        with torch.no_grad():
            nn.init.normal_(self.embeddings)
            norms = self.embeddings.norm(dim=-1, keepdim=True)
            self.embeddings.mul_(math.sqrt(embedding_size / a) / norms)

    def forward(self, generator: KernelGenerator) -> Tensor:
        """Returns the layer's kernel (b N_out, a N_in, f, f)."""
        return tile_kernels(generator(self.embeddings))

    def extra_repr(self) -> str:
        a, b, embedding_size = self.embeddings.shape
        return f"tiles={a}x{b}, embedding_size={embedding_size}"
