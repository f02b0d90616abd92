"""Arrays of filters (n, height, width), as near to a square as n allows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypernetworks.report.drawings.tiles import draw_tiles
from hypernetworks.report.panels import Panel

if TYPE_CHECKING:
    from hypernetworks.report.protocol import Figure


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The panels' filters side by side; raises RecordError for an array of other dimensions."""
    return draw_tiles(figure, panels, dimensions=3)
