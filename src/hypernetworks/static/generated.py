"""Convolutions without a kernel of their own: what stands in the place of a network's.

Shapes:
    B  batch    x  (B, N_in, height, width)    kernel  (N_out, N_in / groups, f, f)
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Proxy

from hypernetworks.static.calls import Current
from hypernetworks.static.kept import outlives_a_call
from hypernetworks.torch_private import border_of

SETTINGS = (
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
    "padding_mode",
)
UNTRACEABLE = (
    "torch.fx cannot trace generated kernels: trace net.bake(), the plain network with the kernels "
    "as they are"
)


class GeneratedConv2d(nn.Module):
    """A convolution that finds its kernel, by its name, in `current`; its bias is its own.

    Args:
        conv: the convolution to stand in for, whose settings it has under the same names.
    """

    def __init__(self, conv: nn.Conv2d, name: str, current: Current) -> None:
        super().__init__()
        self.in_channels = conv.in_channels
        self.out_channels = conv.out_channels
        self.kernel_size = conv.kernel_size
        self.stride = conv.stride
        self.padding = conv.padding
        self.dilation = conv.dilation
        self.groups = conv.groups
        self.padding_mode = conv.padding_mode
        self.border = border_of(conv)
        self.bias = conv.bias
        self.name = name
        self.current = current
        self.training = conv.training

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(x, Proxy):
            raise RuntimeError(UNTRACEABLE)
        kernel = self.current.of(self.name)
        # Strides, since vmap knows no memory formats: channels-last is where channels lie together.
        if (x.is_contiguous() or x.stride(-3) != 1) and not kernel.is_contiguous():
            # Channels-last kernels would make the output channels-last; the network may not be.
            kernel = kernel.contiguous()
            if outlives_a_call(kernel):
                self.current.lay_out(self.name, kernel)  # kernels that are kept are copied once
        padding = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self.border, self.padding_mode), (0, 0)
        return F.conv2d(x, kernel, self.bias, self.stride, padding, self.dilation, self.groups)

    @property
    def weight(self) -> Tensor:
        """The kernel (N_out, N_in / groups, f, f): that of the call that runs, else one made now.

        To be read: what is written into it, the next call does not see.
        """
        return self.current.weight(self.name)

    def plain(self, kernel: Tensor) -> nn.Conv2d:
        """An ordinary convolution with a copy of that kernel."""
        settings: dict[str, Any] = {name: getattr(self, name) for name in SETTINGS}
        conv = nn.Conv2d(**settings, bias=False, device="meta")
        conv.weight = nn.Parameter(kernel.detach().clone(memory_format=torch.contiguous_format))
        conv.bias = self.bias
        return conv.train(self.training)

    def extra_repr(self) -> str:
        return ", ".join([self.name, *(f"{name}={getattr(self, name)}" for name in SETTINGS)])


def replaced(model: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    """The model with that layer; the layer itself where the model is the convolution, named ""."""
    if not name:
        return layer
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)
    return model
