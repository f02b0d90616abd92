"""Images of tiles side by side, dot by dot: what kernels and filters have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hypernetworks.report.mosaics import mosaic
from hypernetworks.report.panels import DOTS_PER_INCH, Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

PANEL_DOTS = 960  # a panel's width, at most


def draw_tiles(figure: "Figure", panels: Sequence[Panel], dimensions: int) -> dict[str, bytes]:
    """The panels' arrays of the figure's name side by side.

    Args:
        dimensions: 4 for kernels, 3 for filters.
    Raises:
        RecordError: for an array of other dimensions.
    """
    images = [mosaic(panel.array(str(figure.array), dimensions)) for panel in panels]
    return pictures(lambda: _picture(figure.title, panels, images))


def _picture(title: str, panels: Sequence[Panel], images: Sequence[NDArray[Any]]) -> "Picture":
    # A whole number of dots a pixel keeps all pixels and all gaps of one size.
    scales = [max(1, PANEL_DOTS // image.shape[1]) for image in images]
    sizes = [(s * i.shape[1], s * i.shape[0]) for s, i in zip(scales, images, strict=True)]
    margin, head = 45, 160
    width = sum(w for w, _ in sizes) + margin * (len(panels) + 1)
    height = max(h for _, h in sizes) + head + margin
    picture = canvas(width / DOTS_PER_INCH, height / DOTS_PER_INCH)
    picture.text(0.5, 1 - 24 / height, title, ha="center", va="top", fontsize=11)
    left = margin
    for panel, image, (w, h) in zip(panels, images, sizes, strict=True):
        box = (left / width, (height - head - h) / height, w / width, h / height)
        axes = picture.add_axes(box)
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(panel.title, fontsize=9, color=panel.color)
        left += w + margin
    return picture
