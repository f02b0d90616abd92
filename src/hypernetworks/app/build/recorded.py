"""What a record says of the data that its model reads: what the builders wrote there, read back."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hypernetworks.app.build import images
from hypernetworks.app.checks import RunError
from hypernetworks.report.records import Record

TODAY = "as a run of today does; force=true runs it again"


def moments(record: Record) -> tuple[Tensor, Tensor]:
    """Mean and deviation (2,) of a handwriting model's offsets.

    Raises:
        RunError: if there are none that can be.
    """
    found = _pair(record, "mean", "std")
    if found is None or len(found[0]) != 2:
        raise RunError(f"{record.path}: its split has no mean and std of offsets: edited by hand?")
    return found


def size_of_images(record: Record) -> tuple[tuple[int, int, int], int]:
    """The images' shape (C, H, W), and how many classes there are.

    Raises:
        RunError: if there is no saying: in records of before it was not of a user's own images.
    """
    split: dict[str, Any] = record["data"]["split"]
    known: dict[str, Any] = images.FITS.get(record["data"]["name"], {})
    shape: Any = known.get("image_shape", split.get("shape"))
    classes: Any = split.get("classes")
    count: Any = known.get("classes", len(classes) if isinstance(classes, list) else None)
    try:
        channels, height, width = map(int, shape)
        return (channels, height, width), int(count)
    except (TypeError, ValueError):
        raise RunError(
            f"{record.path}: it does not say the images' shape and classes, {TODAY}"
        ) from None


def scale(record: Record, dataset: Mapping[str, Any]) -> tuple[Tensor, Tensor] | None:
    """Mean and deviation (C,) by which a data set's images are normalised; None if they are not.

    Raises:
        RunError: if there is no saying: records of before had them nowhere.
    """
    if not images.is_scaled(dataset):
        return None
    found = _pair(record, "channel_mean", "channel_std")
    if found is None:
        raise RunError(
            f"{record.path}: it does not say by what its images were normalised, {TODAY}"
        )
    return found


def _pair(record: Record, *names: str) -> tuple[Tensor, Tensor] | None:
    """Mean and deviation that a record's split has; None if it has none that can be."""
    split = record["data"]["split"]
    try:
        mean, std = (torch.tensor(split[name], dtype=torch.float32) for name in names)
    except (KeyError, TypeError, ValueError, RuntimeError):
        return None
    can_be = mean.ndim == std.ndim == 1 and mean.shape == std.shape
    return (mean, std) if can_be and torch.cat([mean, 1 / std]).isfinite().all() else None
