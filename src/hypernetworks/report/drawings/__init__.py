"""The kinds of drawings, a module each: `draw(figure, panels) -> {suffix: bytes}`.

The modules:

    kernels, filters    tiles on one gray scale (figures 2, 8, 12, 13), drawn by tiles
    gates               a text and how the generated weights change with it (figure 4)
    histograms          shares of equal parts of [-1, 1] (figure 5)
    curves              the selection's metric against the steps (figure 6)
    text                sampled text (figures 14, 15)
    lines               generated lines of handwriting (figures 16 to 18)
    pen                 one of them, how the generated weights change (figure 7); also moving
    translations        sentences, references, translations, side by side (appendix A.6)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypernetworks.report.drawings import (
    curves,
    filters,
    gates,
    histograms,
    kernels,
    lines,
    pen,
    text,
    translations,
)
from hypernetworks.report.panels import Panel

if TYPE_CHECKING:
    from hypernetworks.report.protocol import Figure


@dataclass(frozen=True)
class Drawing:
    """draw: the figure's files by suffix. needs: what a run must have left, "arrays" or "curve".
    one_row: whether it can show no more than one run. by_table: whether it can do without all the
    rows of a table, and says so."""

    draw: Callable[["Figure", Sequence[Panel]], dict[str, bytes]]
    needs: str = "arrays"
    one_row: bool = False
    by_table: bool = False


DRAWINGS = {
    "kernels": Drawing(kernels.draw),
    "filters": Drawing(filters.draw),
    "gates": Drawing(gates.draw, one_row=True),
    "histograms": Drawing(histograms.draw),
    "curves": Drawing(curves.draw, needs="curve", by_table=True),
    "text": Drawing(text.draw),
    "lines": Drawing(lines.draw, one_row=True),
    "pen": Drawing(pen.draw, one_row=True),
    "translations": Drawing(translations.draw),
}
