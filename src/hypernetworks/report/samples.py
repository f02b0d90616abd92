"""Sampled text: as text (figures 14, 15), and with the gates' weight changes (figure 4).

N symbols of a text, G = 4 gates
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.panels import Panel, canvas, pictures
from hypernetworks.report.records import RecordError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

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


def draw_text(panels: Sequence[Panel], array: str) -> dict[str, bytes]:
    """The panels' texts, each under its title, as .txt in the text's own bytes."""
    parts = [f"{panel.title}\n\n".encode() + _bytes(panel, array) for panel in panels]
    return {".txt": b"\n\n".join(parts) + b"\n"}


def draw_gates(title: str, panels: Sequence[Panel], array: str) -> dict[str, bytes]:
    """The one panel's text with the changes of its gates under it, as pictures and as HTML.

    Raises:
        RecordError: if text and changes do not fit each other.
    """
    (panel,) = panels
    text, changes = _bytes(panel, array), panel.array("weight_change", 2).astype(float)
    if changes.shape != (len(text) - 2, len(GATES)):
        raise RecordError(
            f"{panel.record.path}: changes of shape {changes.shape} for {len(text)} characters"
        )
    # The first change is that from the first character read to the second.
    text = text[1:-1]
    largest = np.where(changes.max(0) > 0, changes.max(0), 1)
    scaled = changes / largest
    return {
        **pictures(lambda: _picture(title, panel, text, scaled)),
        ".html": _page(title, panel, text, scaled, largest).encode(),
    }


def _bytes(panel: Panel, array: str) -> bytes:
    return panel.array(array, 1).astype(np.uint8).tobytes()


def means_by_kind(text: bytes, scaled: NDArray[Any]) -> str:
    """The mean change, all gates, at letters, at brackets, at everything else, in words."""
    letter = np.array([chr(byte).isalpha() or byte >= 128 for byte in text])
    bracket = np.array([byte in b"[](){}<>" for byte in text])
    kinds = {"letters": letter, "brackets": bracket, "the rest": ~letter & ~bracket}
    change = scaled.mean(1)
    found = [f"{kind} {change[of].mean():.2f}" for kind, of in kinds.items() if of.any()]
    return f"mean change at {', '.join(found)}"


def shown(byte: int) -> str:
    """One character for every byte: what is not printable ASCII has a sign in its place."""
    return {10: "↵", 9: "→"}.get(byte) or (chr(byte) if 32 <= byte < 127 else "·")


def _picture(title: str, panel: Panel, text: bytes, scaled: NDArray[Any]) -> "Drawing":
    means = means_by_kind(text, scaled)
    text, scaled = text[: LINE * LINES], scaled[: LINE * LINES]
    count = -(-len(text) // LINE)
    height = 0.75 * count + 1.15
    drawing = canvas(11, height)
    top = 1 - 0.95 / height
    head = f"{title}\n{panel.title}\n{means}"
    drawing.text(0.5, 0.99, head, ha="center", va="top", fontsize=9, color=panel.color)
    for line in range(count):
        part = slice(line * LINE, (line + 1) * LINE)
        rows = np.full((len(GATES), LINE), np.nan)
        rows[:, : len(text[part])] = scaled[part].T
        bottom = top * (count - line - 1) / count + 0.01
        axes = drawing.add_axes((0.04, bottom, 0.95, top / count * 0.55))
        axes.imshow(rows, cmap="Reds", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(GATES)), GATES, fontsize=6)
        axes.set_xticks([])
        for column, byte in enumerate(text[part]):
            character = axes.text(column, -0.8, shown(byte), ha="center", va="bottom")
            character.set(family="monospace", fontsize=9)
    return drawing


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
    means = means_by_kind(text, scaled)
    return PAGE.format(
        title=escape(title), about=about, largest=sizes, means=means, text="".join(spans)
    )
