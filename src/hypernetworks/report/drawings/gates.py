"""A text with the changes of the gates' generated weights under it (figure 4).

N symbols of a text, G = 4 gates. A text is a string of a character a symbol, in which UNKNOWN
stands for a byte that is no ASCII.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.text import of_characters, sampled
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel, canvas, pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from hypernetworks.report.protocol import Figure

GATES = ("i", "g", "f", "o")
UNKNOWN = "\ufffd"
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
    head = f"{figure.title}\n{panel.title}"
    return {
        **pictures(lambda: picture(text, changes, head, panel.color)),
        ".html": _page(figure.title, panel, text, changes).encode(),
    }


def text_and_changes(panel: Panel, array: str) -> tuple[str, NDArray[np.float64]]:
    """A sampled text (N,) from its second symbol to the last but one, and the change of each
    gate's weights (N, G) when each of them is read.

    Raises:
        RecordError: if text and changes do not fit each other.
    """
    form = "utf-8" if of_characters(panel) else "ascii"
    text = sampled(panel, array).decode(form, errors="replace")
    changes = panel.array("weight_change", 2).astype(np.float64)
    if changes.shape != (len(text) - 2, len(GATES)):
        raise RecordError(
            f"{panel.record.path}: changes of shape {changes.shape} for {len(text)} characters"
        )
    # The first change is that from the first character read to the second.
    return text[1:-1], changes


def largest_changes(changes: NDArray[Any]) -> NDArray[Any]:
    """Each gate's largest change (G,); 1 for a gate that never changes."""
    return np.where(changes.max(0) > 0, changes.max(0), 1)


def change_by_kind(text: str, scaled: NDArray[Any]) -> dict[str, float]:
    """The mean change, all gates, at letters, at brackets, at everything else, where there are
    any."""
    letter = np.array([character.isalpha() or character == UNKNOWN for character in text])
    bracket = np.array([character in "[](){}<>" for character in text])
    kinds = {"letters": letter, "brackets": bracket, "the rest": ~letter & ~bracket}
    change = scaled.mean(1)
    return {kind: float(change[of].mean()) for kind, of in kinds.items() if of.any()}


def in_words(means: dict[str, float]) -> str:
    return f"mean change at {', '.join(f'{kind} {mean:.2f}' for kind, mean in means.items())}"


def shown(character: str) -> str:
    """The character, or a sign in the place of one that cannot be printed."""
    signs = {"\n": "↵", "\t": "→", UNKNOWN: "·"}
    return signs.get(character) or (character if character.isprintable() else "·")


def picture(text: str, changes: Any, title: str = "", color: str = "black") -> "Picture":
    """A text, and under each of its characters how much each gate's weights changed (figure 4).

    Of a trained HyperLSTM and any text of symbols (T,) that it knows:

        with torch.no_grad(), observe(model) as runs:
            model(symbols[:, None])
        (run,) = next(iter(runs.values()))  # the first layer's
        picture(text[1:], run.weight_change()[:, 0]).savefig("figure.png")

    Args:
        text: (N,) characters, of which the first 512 are drawn.
        changes: (N, 4) when each of them is read, gates i, g, f, o: as
            [`weight_change`][hypernetworks.recurrent.observe.Run.weight_change] of a run gives them
            from the second symbol on, (T - 1, 4).
        title: stands above it, and below that the mean change by kind of character.
        color: of the title.
    Returns:
        a figure of matplotlib's, in which each gate's largest change is the darkest red.
    Raises:
        ValueError: if text and changes do not fit each other.
    """
    values = np.asarray(changes, dtype=np.float64)
    if not text or values.shape != (len(text), len(GATES)):
        raise ValueError(f"changes of shape {values.shape} for a text of {len(text)} characters")
    scaled = values / largest_changes(values)
    means = in_words(change_by_kind(text, scaled))
    text, scaled = text[: LINE * LINES], scaled[: LINE * LINES]
    count = -(-len(text) // LINE)
    head = f"{title}\n{means}".lstrip()
    above = 0.19 * len(head.splitlines())
    height = 0.75 * count + above + 0.2
    picture = canvas(11, height)
    top = 1 - above / height
    picture.text(0.5, 0.99, head, ha="center", va="top", fontsize=9, color=color)
    for line in range(count):
        part = slice(line * LINE, (line + 1) * LINE)
        rows = np.full((len(GATES), LINE), np.nan)
        rows[:, : len(text[part])] = scaled[part].T
        bottom = top * (count - line - 1) / count + 0.01
        axes = picture.add_axes((0.04, bottom, 0.95, top / count * 0.55))
        axes.imshow(rows, cmap="Reds", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(GATES)), GATES, fontsize=6)
        axes.set_xticks([])
        for column, character in enumerate(text[part]):
            drawn = axes.text(column, -0.8, shown(character), ha="center", va="bottom")
            drawn.set(family="monospace", fontsize=9)
    return picture


def _page(title: str, panel: Panel, text: str, changes: NDArray[Any]) -> str:
    largest = largest_changes(changes)
    scaled = changes / largest
    spans = []
    for character, change in zip(text, scaled, strict=True):
        bars = "".join(f'<i style="background:rgba(178,24,43,{x:.2f})"></i>' for x in change)
        spans.append(f"<span>{escape(shown(character))}{bars}</span>")
        if character == "\n":
            spans.append('<b class="end"></b>')
    about = escape(panel.title).replace("\n", "; ")
    sizes = ", ".join(f"{gate} {value:.3g}" for gate, value in zip(GATES, largest, strict=True))
    means = in_words(change_by_kind(text, scaled))
    return PAGE.format(
        title=escape(title), about=about, largest=sizes, means=means, text="".join(spans)
    )
