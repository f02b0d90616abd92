"""Figures, drawn from the curves and arrays that runs leave beside their records."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypernetworks.report import mosaics, plots, records, samples
from hypernetworks.report.aggregate import created
from hypernetworks.report.atomic import write_bytes, write_text
from hypernetworks.report.panels import Panel
from hypernetworks.report.protocol import (
    Figure,
    Table,
    folder_name,
    load_figures,
    load_tables,
    pick,
)


def draw(
    figure_id: str, experiments: Path, results: Path, profile: str, out_dir: Path
) -> list[Path]:
    """Draws a figure from the newest finished run of each of its rows.

    The runs of this checkout come first, then the published ones; runs with overrides are not
    drawn.

    Returns:
        `figure<id>-<profile>` under `out_dir`: as .png and .svg, a sampled text as .txt, with its
        gates also as .html; last the .json that names the records and commits behind it.
    Raises:
        RecordError: for an unknown figure, rows without a run, a damaged record or array.
    """
    figure = pick(load_figures(experiments), figure_id, "figure")
    tables = {table.id: table for table in load_tables(experiments)}
    needs = "curve" if figure.drawing == "curves" else "arrays"
    chosen = [(name, newest(results, *name, profile, needs)) for name in figure.rows]
    missing = [f"{folder_name(table)}/{row}" for (table, row), record in chosen if record is None]
    if missing:
        raise records.RecordError(
            f"figure {figure.id}, profile {profile}: no finished run with {needs} of "
            f"{', '.join(missing)}; make reproduce-figure FIGURE={figure.id} PROFILE={profile}"
        )
    panels = []
    for (table_id, row_id), record in chosen:
        table = pick(tables, table_id, "table")
        row = pick({row.id: row for row in table.rows}, row_id, "row")
        assert record is not None  # else it is among the missing
        panels.append(Panel(row.label, _result(table, record), record))
    start = out_dir / f"figure{figure.id}-{profile}"
    paths = []
    for suffix, content in _drawn(figure, panels).items():
        paths.append(start.with_suffix(suffix))
        write_bytes(paths[-1], content)
    paths.append(start.with_suffix(".json"))
    write_text(paths[-1], json.dumps(_origin(figure, profile, panels), indent=2) + "\n")
    return paths


def _drawn(figure: Figure, panels: Sequence[Panel]) -> dict[str, bytes]:
    """The figure's files by suffix."""
    if figure.drawing == "curves":
        return plots.draw_curves(figure.title, panels)
    assert figure.array is not None  # else protocol.py had refused it
    if figure.drawing == "histograms":
        return plots.draw_histograms(figure.title, panels, figure.array)
    if figure.drawing == "text":
        return samples.draw_text(panels, figure.array)
    if figure.drawing == "gates":
        return samples.draw_gates(figure.title, panels, figure.array)
    dimensions = {"kernels": 4, "filters": 3}[figure.drawing]
    return mosaics.draw_mosaics(figure.title, panels, figure.array, dimensions)


def newest(results: Path, table: str, row: str, profile: str, needs: str) -> records.Record | None:
    """The newest finished run of a row that left `needs` ("curve", "arrays"), without overrides;
    those of this checkout come first."""
    for tree in ("runs", "published"):
        found = records.find(results / tree, table, row, profile)
        fit = [r for r in found if r["status"] == "finished" and r[needs] and not r["overrides"]]
        if fit:
            return max(fit, key=created)
    return None


def _result(table: Table, record: records.Record) -> str:
    metric = table.metric
    measured = record["metrics"].get(metric.name)
    return f"{metric.name} {measured['value']:.{metric.digits}f} {metric.unit}" if measured else ""


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
