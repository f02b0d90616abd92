"""Arrays of kernels (N_out, N_in, f, f), a row of tiles for each input channel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hypernetworks.report.drawings.tiles import draw_tiles
from hypernetworks.report.panels import Panel

if TYPE_CHECKING:
    from hypernetworks.report.protocol import Figure


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The panels' kernels side by side; raises RecordError for an array of other dimensions."""
    return draw_tiles(figure, panels, dimensions=4)
