"""Figures as what a page can hold: images in data URIs, texts, sentences side by side."""

import io
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hypernetworks.report.drawings import DRAWINGS
from hypernetworks.report.drawings.translations import OtherSentences, side_by_side
from hypernetworks.report.figure_numbers import of_figure
from hypernetworks.report.figures import first_panels
from hypernetworks.report.page.grids import Grid, plain
from hypernetworks.report.page.origins import run_id
from hypernetworks.report.panels import Panel
from hypernetworks.report.protocol import Figure, Table

SHADES = 96  # colours of a picture: as many as drawings have that a reader can tell apart
WHOSE = {"published": "Published", "runs": "Yours"}


@dataclass(frozen=True)
class Shown:
    """A figure of one tree's runs. about: whose they are, and of what; runs: (label, id).

    Of image, still, text and samples there is what the drawing has; still is an image that moves,
    at rest.
    """

    id: str
    title: str
    place: str | None
    about: str
    said: str
    runs: list[tuple[str, str]]
    image: str | None = None
    still: str | None = None
    text: str | None = None
    samples: Grid | None = None

    @property
    def alt(self) -> str:
        """What the images show, for those who do not see them."""
        labels = ", ".join(label for label, _ in self.runs)
        said = [self.title, labels, self.about, *([self.said] if self.said else [])]
        return f"Figure {self.id}: {'; '.join(said)}."


def shown(figure: Figure, tables: list[Table], results: Path) -> list[Shown]:
    """The figure of the published runs, then that of this checkout's.

    Raises:
        RecordError: for a damaged array or curve.
    """
    found = []
    for tree, whose in WHOSE.items():
        panels = first_panels(figure, tables, results, tree)
        if panels is not None:
            said = of_figure(figure, tables, results) if tree == "published" else None
            found.append(_shown(figure, panels, whose, said[1] if said else ""))
    return found


def _shown(figure: Figure, panels: list[Panel], whose: str, said: str) -> Shown:
    about = "; ".join(dict.fromkeys(panel.about for panel in panels))
    runs = [(panel.label, run_id(panel.record)) for panel in panels]
    given = (figure.id, figure.title, figure.paper, f"{whose}, {about}")
    if figure.drawing == "translations":
        try:
            return Shown(*given, said, runs, samples=_samples(figure, panels))
        except OtherSentences as error:  # of one row there is a newer run than of another
            return Shown(*given, str(error), runs)
    drawn = DRAWINGS[figure.drawing].draw(figure, panels)
    if ".png" not in drawn:
        return Shown(*given, said, runs, text=_legible(drawn[".txt"]))
    image, moving = _png(drawn[".png"]), drawn.get(".animated.svg")
    if moving is None:
        return Shown(*given, said, runs, image=image)
    return Shown(*given, said, runs, image=_uri("image/svg+xml", moving), still=image)


def _samples(figure: Figure, panels: list[Panel]) -> Grid:
    labels = [panel.label for panel in panels]
    lines = [
        {
            "source": sample.source,
            "reference": sample.reference,
            **dict(zip(labels, sample.translations, strict=True)),
        }
        for sample in side_by_side(panels, str(figure.array))
    ]
    return plain(figure.title, lines)


def _png(content: bytes) -> str:
    """A picture in few colours: a third of its bytes, and nothing that is seen."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        exact = image.convert("RGB")
    few = exact.quantize(SHADES, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True)
    return _uri("image/png", buffer.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"


def _legible(text: bytes) -> str:
    """A text that a model wrote, whatever bytes it wrote; HTML has no control characters."""
    decoded = text.decode("utf-8", errors="replace")
    return "".join(c if c.isprintable() or c == "\n" else "·" for c in decoded)
