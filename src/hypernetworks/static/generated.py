"""Convolutions without a kernel of their own, and the place where they find one.

Shapes:
    B  batch    x  (B, N_in, height, width)    kernel  (N_out, N_in / groups, f, f)
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.torch_private import border_of, in_backward_pass, is_of_a_transformation


class Current:
    """The kernels of a network's last call, by layer; all its layers share one.

    They stay after the call, for regularisers of the kernels and for activation checkpointing,
    which calls the layers again in the backward pass. Nobody else may use them then: the
    parameters that they came from may have changed.
    """

    def __init__(self) -> None:
        self.kernels: dict[str, Tensor] = {}
        self.calls = 0

    def begin(self, kernels: dict[str, Tensor]) -> dict[str, Tensor]:
        """Returns the kernels of the call around this one, for its end."""
        around, self.kernels = self.kernels, kernels
        self.calls += 1
        return around

    def end(self, around: dict[str, Tensor]) -> None:
        self.calls -= 1
        if self.calls:
            self.kernels = around

    def of(self, name: str) -> Tensor:
        """The kernel of the layer of that name.

        Raises:
            RuntimeError: outside of the network's calls and of backward passes.
        """
        if name not in self.kernels or not (self.calls or in_backward_pass()):
            raise RuntimeError(
                f"{name} has a generated kernel in its network's calls alone; for methods other "
                "than the call: with net.generated() as model: ..."
            )
        return self.kernels[name]

    def laid_out(self, name: str) -> Tensor:
        """Its kernel as contiguous; it stays so, that kernels which are kept are copied once."""
        kernel = self.kernels[name].contiguous()
        if outlives_a_call(kernel):
            self.kernels[name] = kernel
        return kernel

    def __getstate__(self) -> dict[str, Any]:
        return {"kernels": {}, "calls": 0}  # both belong to a call, not to copies and files


class GeneratedConv2d(nn.Module):
    """A convolution that finds its kernel, by its name, in `current`; its bias is its own.

    Args:
        conv: the convolution to stand in for.
    """

    def __init__(self, conv: nn.Conv2d, name: str, current: Current) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "stride": conv.stride,
            "padding": conv.padding,
            "dilation": conv.dilation,
            "groups": conv.groups,
        }
        self.padding_mode = conv.padding_mode
        self.border = border_of(conv)
        self.bias = conv.bias
        self.name = name
        self.current = current
        self.training = conv.training

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.current.of(self.name)
        # Strides, since vmap knows no memory formats: channels-last is where channels lie together.
        if (x.is_contiguous() or x.stride(-3) != 1) and not kernel.is_contiguous():
            # Channels-last kernels would make the output channels-last; the network may not be.
            kernel = self.current.laid_out(self.name)
        if self.padding_mode == "zeros":
            return F.conv2d(x, kernel, self.bias, **self.settings)
        x = F.pad(x, self.border, self.padding_mode)
        return F.conv2d(x, kernel, self.bias, **{**self.settings, "padding": 0})

    def plain(self, kernel: Tensor) -> nn.Conv2d:
        """An ordinary convolution with a copy of that kernel."""
        n_out, n_in, height, width = kernel.shape
        conv = nn.Conv2d(
            n_in * self.settings["groups"],
            n_out,
            (height, width),
            **self.settings,
            bias=False,
            padding_mode=self.padding_mode,
            device="meta",
        )
        conv.weight = nn.Parameter(kernel.detach().clone(memory_format=torch.contiguous_format))
        conv.bias = self.bias
        return conv.train(self.training)

    def extra_repr(self) -> str:
        settings = {**self.settings, "padding_mode": self.padding_mode}
        return ", ".join([self.name, *(f"{key}={value}" for key, value in settings.items())])


def outlives_a_call(kernel: Tensor) -> bool:
    """Whether it is an ordinary tensor, none of a tracer's or of a transformation's (vmap, jvp)."""
    if torch.compiler.is_compiling():
        return True
    return type(kernel) is Tensor and not is_of_a_transformation(kernel)


def replaced(model: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    """The model with that layer; the layer itself where the model is the convolution, named ""."""
    if not name:
        return layer
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)
    return model
