"""Images of kernels and filters (figures 2, 8, 12, 13): tiles on one gray scale.

Shapes:
    kernels  (N_out, N_in, f, f)     drawn as N_in rows of N_out tiles
    filters  (n, height, width)      drawn row by row, as near to a square as n allows
    image    (rows, columns) uint8   gray: 0 the most negative, 255 the most positive weight
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.errors import RecordError

GAP = 1  # white pixels between two tiles


def kernel_grid(kernels: NDArray[Any]) -> NDArray[np.uint8]:
    """An image of a convolution's kernels: a row for each input, a column for each output channel.

    Args:
        kernels: (N_out, N_in, f, f), the layout of `torch.nn.Conv2d.weight`.
    """
    n_out, n_in, height, width = kernels.shape
    tiles = kernels.transpose(1, 0, 2, 3).reshape(n_in * n_out, height, width)
    return _tile(tiles, n_out)


def filter_grid(filters: NDArray[Any]) -> NDArray[np.uint8]:
    """An image of filters (n, height, width), in ceil(sqrt(n)) columns."""
    return _tile(filters, math.ceil(math.sqrt(len(filters))))


def mosaic(array: NDArray[Any]) -> NDArray[np.uint8]:
    """`kernel_grid` of four, `filter_grid` of three dimensions.

    Raises:
        RecordError: for any other number of dimensions, an empty array, NaN or infinity.
    """
    if array.ndim not in (3, 4) or not array.size or not np.isfinite(array).all():
        raise RecordError(
            f"an array {array.shape} cannot be drawn: 3 or 4 dimensions of finite numbers can"
        )
    return kernel_grid(array) if array.ndim == 4 else filter_grid(array)


def _tile(tiles: NDArray[Any], columns: int) -> NDArray[np.uint8]:
    """Lays gray tiles (n, height, width) out row by row, on white."""
    n, height, width = tiles.shape
    rows = math.ceil(n / columns)
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP)
    image = np.full(shape, 255, np.uint8)
    for number, tile in enumerate(_gray(tiles)):
        top = number // columns * (height + GAP)
        left = number % columns * (width + GAP)
        image[top : top + height, left : left + width] = tile
    return image


def _gray(weights: NDArray[Any]) -> NDArray[np.uint8]:
    """Weights on one gray scale that is symmetric around 0."""
    exact = weights.astype(np.float64)
    scaled = exact / (float(np.abs(exact).max()) or 1.0)
    return np.rint(127.5 + 127.5 * scaled).astype(np.uint8)
