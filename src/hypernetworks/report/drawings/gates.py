"""A sampled text with the changes of the gates' generated weights under it (figure 4).

N symbols of a text, G = 4 gates
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.text import sampled
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

GATES = ("i", "g", "f", "o")
LINE = 64  # characters a line of the picture
LINES = 8
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: sans-serif; margin: 2em }}
.text {{ display: flex; flex-wrap: wrap; font-family: monospace }}
.text span {{ width: 1.1ch; text-align: center; white-space: pre; margin-bottom: 0.6em }}
.text i {{ display: block; height: 0.35em }}
.end {{ flex-basis: 100% }}
</style></head><body>
<h1>{title}</h1><p>{about}</p>
<p>Under each character, from above, for the gates i, g, f, o: the norm of the change of
d<sub>h</sub> W<sub>h</sub> when the character is read, after the one before it. The darkest red of
each gate is its largest change here: {largest}. Of the largest: {means}.</p>
<div class="text">{text}</div></body></html>
"""


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The one panel's text with the changes of its gates under it, as pictures and as HTML.

    Raises:
        RecordError: if text and changes do not fit each other.
    """
    (panel,) = panels
    text, changes = text_and_changes(panel, str(figure.array))
    largest = largest_changes(changes)
    scaled = changes / largest
    return {
        **pictures(lambda: _picture(figure.title, panel, text, scaled)),
        ".html": _page(figure.title, panel, text, scaled, largest).encode(),
    }


def text_and_changes(panel: Panel, array: str) -> tuple[bytes, NDArray[np.float64]]:
    """The bytes of a sampled text from the second to the last but one, and the change of each
    gate's weights (N, G) when each of them is read.

    Raises:
        RecordError: if text and changes do not fit each other.
    """
    text, changes = sampled(panel, array), panel.array("weight_change", 2).astype(np.float64)
    if changes.shape != (len(text) - 2, len(GATES)):
        raise RecordError(
            f"{panel.record.path}: changes of shape {changes.shape} for {len(text)} characters"
        )
    # The first change is that from the first character read to the second.
    return text[1:-1], changes


def largest_changes(changes: NDArray[Any]) -> NDArray[Any]:
    """Each gate's largest change (G,); 1 for a gate that never changes."""
    return np.where(changes.max(0) > 0, changes.max(0), 1)


def change_by_kind(text: bytes, scaled: NDArray[Any]) -> dict[str, float]:
    """The mean change, all gates, at letters, at brackets, at everything else, where there are
    any."""
    letter = np.array([chr(byte).isalpha() or byte >= 128 for byte in text])
    bracket = np.array([byte in b"[](){}<>" for byte in text])
    kinds = {"letters": letter, "brackets": bracket, "the rest": ~letter & ~bracket}
    change = scaled.mean(1)
    return {kind: float(change[of].mean()) for kind, of in kinds.items() if of.any()}


def in_words(means: dict[str, float]) -> str:
    return f"mean change at {', '.join(f'{kind} {mean:.2f}' for kind, mean in means.items())}"


def shown(byte: int) -> str:
    """One character for every byte: what is not printable ASCII has a sign in its place."""
    return {10: "↵", 9: "→"}.get(byte) or (chr(byte) if 32 <= byte < 127 else "·")


def _picture(title: str, panel: Panel, text: bytes, scaled: NDArray[Any]) -> "Picture":
    means = in_words(change_by_kind(text, scaled))
    text, scaled = text[: LINE * LINES], scaled[: LINE * LINES]
    count = -(-len(text) // LINE)
    height = 0.75 * count + 1.15
    picture = canvas(11, height)
    top = 1 - 0.95 / height
    head = f"{title}\n{panel.title}\n{means}"
    picture.text(0.5, 0.99, head, ha="center", va="top", fontsize=9, color=panel.color)
    for line in range(count):
        part = slice(line * LINE, (line + 1) * LINE)
        rows = np.full((len(GATES), LINE), np.nan)
        rows[:, : len(text[part])] = scaled[part].T
        bottom = top * (count - line - 1) / count + 0.01
        axes = picture.add_axes((0.04, bottom, 0.95, top / count * 0.55))
        axes.imshow(rows, cmap="Reds", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(GATES)), GATES, fontsize=6)
        axes.set_xticks([])
        for column, byte in enumerate(text[part]):
            character = axes.text(column, -0.8, shown(byte), ha="center", va="bottom")
            character.set(family="monospace", fontsize=9)
    return picture


def _page(
    title: str, panel: Panel, text: bytes, scaled: NDArray[Any], largest: NDArray[Any]
) -> str:
    spans = []
    for byte, change in zip(text, scaled, strict=True):
        bars = "".join(f'<i style="background:rgba(178,24,43,{x:.2f})"></i>' for x in change)
        spans.append(f"<span>{escape(shown(byte))}{bars}</span>")
        if byte == 10:
            spans.append('<b class="end"></b>')
    about = escape(panel.title).replace("\n", "; ")
    sizes = ", ".join(f"{gate} {value:.3g}" for gate, value in zip(GATES, largest, strict=True))
    means = in_words(change_by_kind(text, scaled))
    return PAGE.format(
        title=escape(title), about=about, largest=sizes, means=means, text="".join(spans)
    )
