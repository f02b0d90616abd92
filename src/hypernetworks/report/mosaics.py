"""Images of kernels and filters (figures 2, 8, 12, 13): tiles on one gray scale.

Shapes:
    kernels  (N_out, N_in, f, f)     drawn as N_in rows of N_out tiles
    filters  (n, height, width)      drawn row by row, as near to a square as n allows
    image    (rows, columns) uint8   gray: 0 the most negative, 255 the most positive weight
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.panels import DOTS_PER_INCH, Panel, canvas, pictures
from hypernetworks.report.records import RecordError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

GAP = 1  # white pixels between two tiles
PANEL_DOTS = 960  # a panel's width, at most


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
    largest = float(np.abs(weights).max()) or 1.0
    scaled = weights.astype(np.float64) / largest
    return np.rint(127.5 + 127.5 * scaled).astype(np.uint8)


def draw_mosaics(
    title: str, panels: Sequence[Panel], array: str, dimensions: int
) -> dict[str, bytes]:
    """The panels' arrays of that name side by side, dot by dot.

    Args:
        dimensions: 4 for kernels, 3 for filters.
    Raises:
        RecordError: for an array of other dimensions.
    """
    images = [mosaic(panel.array(array, dimensions)) for panel in panels]
    return pictures(lambda: _drawing(title, panels, images))


def _drawing(title: str, panels: Sequence[Panel], images: Sequence[NDArray[np.uint8]]) -> "Drawing":
    # A whole number of dots a pixel keeps all pixels and all gaps of one size.
    scales = [max(1, PANEL_DOTS // image.shape[1]) for image in images]
    sizes = [(s * i.shape[1], s * i.shape[0]) for s, i in zip(scales, images, strict=True)]
    margin, head = 45, 160
    width = sum(w for w, _ in sizes) + margin * (len(panels) + 1)
    height = max(h for _, h in sizes) + head + margin
    drawing = canvas(width / DOTS_PER_INCH, height / DOTS_PER_INCH)
    drawing.text(0.5, 1 - 24 / height, title, ha="center", va="top", fontsize=11)
    left = margin
    for panel, image, (w, h) in zip(panels, images, sizes, strict=True):
        box = (left / width, (height - head - h) / height, w / width, h / height)
        axes = drawing.add_axes(box)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(panel.title, fontsize=9, color=panel.color)
        left += w + margin
    return drawing
