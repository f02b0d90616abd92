"""Calls of the compiled functions that take whole tensors: attention.cpp and log_loss.cpp."""

from collections.abc import Callable
from ctypes import c_int64, c_void_p

import torch
from torch import Tensor

from hypernetworks.recurrent.fused import native

NAMES = {torch.float32: "float", torch.float64: "double"}
Kernel = Callable[..., None]


def kernel(name: str, like: Tensor, work: int) -> Kernel | None:
    """The function for numbers of this type; None where there is none, or it does not pay yet.

    Its arguments are sizes, whole tensors on the CPU, and None; it checks no shapes.

    Args:
        work: how many numbers it will see, see native.WORTH_COMPILING.
    """
    if like.device.type != "cpu" or like.dtype not in NAMES or type(like) is not Tensor:
        return None
    library = native.library(work)
    if library is None:
        return None
    found = getattr(library, f"{name}_{NAMES[like.dtype]}")

    def call(*arguments: int | Tensor | None) -> None:
        found(*(_as_c(argument, like.dtype) for argument in arguments))

    return call


def _as_c(argument: int | Tensor | None, dtype: torch.dtype) -> c_int64 | c_void_p:
    if isinstance(argument, int):
        return c_int64(argument)
    if argument is None:
        return c_void_p()
    assert argument.is_contiguous()
    assert argument.device.type == "cpu"
    assert argument.dtype in (dtype, torch.int64)
    return c_void_p(argument.data_ptr())
