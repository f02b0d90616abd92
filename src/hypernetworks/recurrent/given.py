"""What a cell is called with: refused in one line where it would compute something else.

T steps, B sequences, D input units
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.masks import Masks
from hypernetworks.recurrent.projection import product_dtype
from hypernetworks.recurrent.state import State

Shape = tuple[int, ...]


def check_tensor(x: Any) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"the input must be a tensor, not a {type(x).__name__}")


def check_input(x: Tensor, leading: int, input_size: int, like: Tensor) -> None:
    """Vectors (..., D) of the weights' type, or symbol ids (...), with `leading` dimensions."""
    check_device("the input", x, like)
    wanted = f"vectors of {input_size} or integer symbols"
    if not x.is_floating_point():
        if x.dtype not in (torch.int64, torch.int32):
            raise TypeError(f"symbols must be int64 or int32, not {x.dtype}")
        if x.dim() == leading + 1 and x.shape[-1] == input_size:
            raise ValueError(
                f"integer input of shape {tuple(x.shape)}: symbols have no last dimension; "
                "one-hot vectors must be floating point, x.float()"
            )
        if x.dim() != leading:
            raise ValueError(f"input of shape {tuple(x.shape)}: expected {wanted}")
        return
    if x.dim() != leading + 1 or x.shape[-1] != input_size:
        raise ValueError(f"input of shape {tuple(x.shape)}: expected {wanted}")
    if x.dtype != like.dtype and product_dtype(like) == like.dtype:
        raise ValueError(f"the input is {x.dtype}, the weights are {like.dtype}: convert either")


def checked_state(
    state: Any, kind: type[State], sizes: Sequence[int], leading: Shape, like: Tensor
) -> State:
    """The state as that kind of named tuple, parts of the shapes (*leading, size).

    Args:
        state: its parts; (h, c) alone where there is a hyper cell too, which then starts at zero.
        like: of the weights' type and device, which the state must have.
    """
    fields = ", ".join(kind._fields)
    if isinstance(state, Tensor) or not isinstance(state, Sequence):
        alone = " or (h, c) alone" if len(sizes) == 4 else ""
        raise TypeError(f"state must be a tuple ({fields}){alone}, not a {type(state).__name__}")
    parts = list(state)
    if not all(isinstance(part, Tensor) for part in parts):
        raise TypeError(f"state must be tensors ({fields})")
    whole = [(*leading, size) for size in sizes]
    pair = len(parts) == 2 and kind._fields[:2] == ("h", "c")
    expected = whole[:2] if pair else whole
    found = [tuple(part.shape) for part in parts]
    if found != expected:
        fields = ", ".join(kind._fields[: len(expected)])
        raise ValueError(f"state ({fields}) must have the shapes {expected}, not {found}")
    for name, part in zip(kind._fields, parts, strict=False):
        if part.dtype != like.dtype:
            raise ValueError(f"state {name} is {part.dtype}, the weights are {like.dtype}")
        check_device(f"state {name}", part, like)
    rest = [like.new_zeros(shape) for shape in whole[2:]] if pair else []
    return kind(*parts, *rest)


def check_device(name: str, given: Tensor, like: Tensor) -> None:
    if given.device != like.device:
        raise ValueError(f"{name} is on {given.device}, the weights are on {like.device}")


def check_input_mask(mask: Tensor | None, leading: Shape, like: Tensor) -> None:
    if mask is None:
        return
    if tuple(mask.shape) != leading:
        raise ValueError(f"input_mask must have the shape {leading}, not {tuple(mask.shape)}")
    check_device("input_mask", mask, like)


def check_masks(masks: Masks, sizes: Sequence[int], leading: Shape, like: Tensor) -> None:
    """Masks of the units that the cell has, (*leading, size)."""
    widths = dict(zip(masks._fields, sizes, strict=False))
    for name, mask in masks._asdict().items():
        if mask is None:
            continue
        if name not in widths:
            raise ValueError(f"mask {name!r}: this cell has no such dropout")
        expected, shape = (*leading, widths[name]), tuple(mask.shape)
        if shape != expected:
            raise ValueError(f"mask {name!r} must have the shape {expected}, not {shape}")
        check_device(f"mask {name!r}", mask, like)
