"""What a trained model shows, as wandb's media: the drawings of report/drawings, of one run."""

import io
from html import escape
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from hypernetworks.report.drawings import DRAWINGS, translations
from hypernetworks.report.mosaics import mosaic
from hypernetworks.report.panels import Panel
from hypernetworks.report.protocol import Figure
from hypernetworks.report.records import Record

TRANSLATIONS = "translations"


class Kind(NamedTuple):
    """name: on wandb. drawing: of report/drawings, and which of its files. needs: another array
    that the run must have left."""

    name: str
    drawing: str
    suffix: str
    needs: str | None = None


# Of the arrays that a run leaves; any other one of 3 or 4 dimensions is a mosaic by its name.
KINDS = {
    "sample": [
        Kind("text", "text", ".txt"),
        Kind("gates", "gates", ".html", "weight_change"),
    ],
    "phi_c": [Kind("phi_c", "histograms", ".png")],
    "strokes": [
        Kind("handwriting", "lines", ".png"),
        Kind("pen", "pen", ".png", "weight_change"),
    ],
}


def names_of(array: str) -> list[str]:
    """What an array is shown as: "sample" -> ["text", "gates"]; a kernel by its own name."""
    return [kind.name for kind in KINDS.get(array, ())] or [array]


def media_of(record: Record) -> dict[str, Any]:
    """wandb's images, pages and tables of a finished run, by name.

    Raises:
        RecordError: if an array is damaged or cannot be drawn.
    """
    import wandb

    if record["arrays"] is None:
        return {}
    panel = Panel(record["label"], _result(record), record)
    with np.load(io.BytesIO(record.content(record["arrays"]))) as arrays:
        dimensions = {name: arrays[name].ndim for name in arrays.files}
    found: dict[str, Any] = {}
    for array, count in dimensions.items():
        if array == TRANSLATIONS:
            found[array] = _table(panel)
        elif array in KINDS:
            kinds = [kind for kind in KINDS[array] if kind.needs in (None, *dimensions)]
            found |= {kind.name: _drawn(panel, array, kind) for kind in kinds}
        elif count in (3, 4):
            found[array] = wandb.Image(mosaic(panel.array(array, count)))
    return found


def shown(suffix: str, content: bytes) -> Any:
    """A file of a drawing: a picture, a page, or a text as a page."""
    import wandb

    if suffix == ".png":
        with Image.open(io.BytesIO(content)) as image:
            return wandb.Image(image)
    text = content.decode("utf-8", errors="replace")
    return wandb.Html(text if suffix == ".html" else f"<pre>{escape(text)}</pre>")


def _drawn(panel: Panel, array: str, kind: Kind) -> Any:
    record = panel.record
    of_run = ((record["table"], record["row"]),)
    figure = Figure("", kind.name, None, of_run, array, kind.drawing)
    return shown(kind.suffix, DRAWINGS[kind.drawing].draw(figure, [panel])[kind.suffix])


def _table(panel: Panel) -> Any:
    import wandb

    samples = translations.side_by_side([panel], TRANSLATIONS)
    rows = [[sample.source, sample.reference, *sample.translations] for sample in samples]
    return wandb.Table(columns=["source", "reference", "translation"], data=rows)


def _result(record: Record) -> str:
    name = record["headline"][0]
    metric = record["metrics"].get(name)
    return f"{name} {metric['value']:.4g} {metric['unit']}" if metric else ""
