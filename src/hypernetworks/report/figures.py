"""Figures, drawn from the arrays that runs leave beside their records.

Shapes:
    kernels  (N_out, N_in, f, f)     drawn as N_in rows of N_out tiles
    filters  (n, height, width)      drawn row by row, as near to a square as n allows
    image    (rows, columns) uint8   gray: 0 the most negative, 255 the most positive weight
"""

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.atomic import write_bytes, write_text
from hypernetworks.report.protocol import (
    Figure,
    Row,
    Table,
    folder_name,
    load_figures,
    load_tables,
    pick,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

GAP = 1  # white pixels between two tiles
DOTS_PER_INCH = 150
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
        raise records.RecordError(
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


@dataclass(frozen=True)
class Panel:
    """One row's image, and the record that it was drawn from."""

    title: str
    image: NDArray[np.uint8]
    record: records.Record


def draw(
    figure_id: str, experiments: Path, results: Path, profile: str, out_dir: Path
) -> list[Path]:
    """Draws a figure from the newest finished run of each of its rows.

    The runs of this checkout come first, then the published ones; runs with overrides are not
    drawn.

    Returns:
        `figure<id>-<profile>` under `out_dir` as .png, as .svg, and as .json, which names the
        records and commits behind it.
    Raises:
        RecordError: for an unknown figure, rows without a run, a damaged record or array.
    """
    figure = pick(load_figures(experiments), figure_id, "figure")
    tables = {table.id: table for table in load_tables(experiments)}
    chosen = [(name, _newest(results, *name, profile)) for name in figure.rows]
    missing = [f"{folder_name(table)}/{row}" for (table, row), record in chosen if record is None]
    if missing:
        raise records.RecordError(
            f"figure {figure.id}, profile {profile}: no finished run with arrays of "
            f"{', '.join(missing)}; make reproduce-figure FIGURE={figure.id} PROFILE={profile}"
        )
    panels = []
    for (table_id, row_id), record in chosen:
        table = pick(tables, table_id, "table")
        row = pick({row.id: row for row in table.rows}, row_id, "row")
        assert record is not None  # else it is among the missing
        panels.append(Panel(_title(table, row, record), _image(figure, record), record))
    start = out_dir / f"figure{figure.id}-{profile}"
    paths = [start.with_suffix(suffix) for suffix in (".png", ".svg", ".json")]
    for path, content in zip(paths, _pictures(figure, panels), strict=False):
        write_bytes(path, content)
    write_text(paths[-1], json.dumps(_origin(figure, profile, panels), indent=2) + "\n")
    return paths


def _newest(results: Path, table: str, row: str, profile: str) -> records.Record | None:
    for tree in ("runs", "published"):
        found = records.find(results / tree, table, row, profile)
        fit = [r for r in found if r["status"] == "finished" and r["arrays"] and not r["overrides"]]
        if fit:
            return max(fit, key=created)
    return None


def _image(figure: Figure, record: records.Record) -> NDArray[np.uint8]:
    path = record.path.with_name(record["arrays"])
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            array = arrays[figure.array]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise records.RecordError(f"{path}: array '{figure.array}': {reason}") from error
    dimensions = {"kernels": 4, "filters": 3}[figure.drawing]
    if array.ndim != dimensions:
        raise records.RecordError(
            f"{path}: array '{figure.array}' has shape {array.shape}; {figure.drawing} have "
            f"{dimensions} dimensions"
        )
    return mosaic(array)


def _title(table: Table, row: Row, record: records.Record) -> str:
    metric, kind = table.metric, record["data"]["kind"]
    measured = record["metrics"].get(metric.name)
    value = f"{metric.name} {measured['value']:.{metric.digits}f} {metric.unit}" if measured else ""
    data = "SAMPLE DATA" if kind == "sample" else f"{kind} data"
    return f"{row.label}\n{value}\nprofile {record['profile']}, {data}, seed {record['seed']}"


def _pictures(figure: Figure, panels: list[Panel]) -> tuple[bytes, bytes]:
    """The figure as PNG and as SVG; the same panels always give the same bytes."""
    import matplotlib

    found = []
    # The salt makes the SVG's ids, and no date its header, the same every time.
    with matplotlib.rc_context({"svg.hashsalt": "hypernetworks"}):
        drawing = _drawing(figure, panels)
        for form, metadata in (("png", None), ("svg", {"Date": None})):
            buffer = io.BytesIO()
            drawing.savefig(buffer, format=form, metadata=metadata)
            found.append(buffer.getvalue())
    return found[0], found[1]


def _drawing(figure: Figure, panels: list[Panel]) -> "Drawing":
    from matplotlib.figure import Figure as Drawing

    # A whole number of dots a pixel keeps all pixels and all gaps of one size.
    scales = [max(1, PANEL_DOTS // panel.image.shape[1]) for panel in panels]
    sizes = [
        (s * p.image.shape[1], s * p.image.shape[0]) for s, p in zip(scales, panels, strict=True)
    ]
    margin, head = 45, 160
    width = sum(w for w, _ in sizes) + margin * (len(panels) + 1)
    height = max(h for _, h in sizes) + head + margin
    drawing = Drawing(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    drawing.text(0.5, 1 - 24 / height, figure.title, ha="center", va="top", fontsize=11)
    left = margin
    for panel, (w, h) in zip(panels, sizes, strict=True):
        box = (left / width, (height - head - h) / height, w / width, h / height)
        axes = drawing.add_axes(box)
        axes.imshow(panel.image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_axis_off()
        sample = panel.record["data"]["kind"] == "sample"
        axes.set_title(panel.title, fontsize=9, color="firebrick" if sample else "black")
        left += w + margin
    return drawing


def _origin(figure: Figure, profile: str, panels: list[Panel]) -> dict[str, Any]:
    drawn = [
        {
            "table": panel.record["table"],
            "row": panel.record["row"],
            "id": panel.record["id"],
            "data": panel.record["data"]["kind"],
            "commits": sorted({str(segment["commit"]) for segment in panel.record["segments"]}),
            "clean": all(segment["clean"] for segment in panel.record["segments"]),
        }
        for panel in panels
    ]
    return {"figure": figure.id, "array": figure.array, "profile": profile, "drawn_from": drawn}
