"""Figures, drawn from the curves and arrays that runs leave beside their records."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hypernetworks.atomic import write_bytes, write_text
from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.custom import custom_tables, name_of
from hypernetworks.report.drawings import DRAWINGS
from hypernetworks.report.folders import folder_name
from hypernetworks.report.panels import Panel, missing
from hypernetworks.report.protocol import (
    Figure,
    Table,
    load_figures,
    load_tables,
    pick,
)

TREES = ("runs", "published")  # a figure is drawn from the first that has a run


def draw(
    figure_id: str, experiments: Path, results: Path, profile: str, out_dir: Path
) -> list[Path]:
    """Draws a figure from the newest finished run of each of its rows.

    The runs of this checkout come first, then the published ones; runs with overrides are not
    drawn.

    Returns:
        `figure<id>-<profile>` under `out_dir`: as .png and .svg, a sampled text as .txt, with its
        gates also as .html, translations as .txt and .html; last the .json that names the
        records and commits behind it, and says what is missing.
    Raises:
        RecordError: for an unknown figure, rows without a run, a damaged record or array.
    """
    figure = pick(load_figures(experiments), figure_id, "figure")
    panels = panels_of(figure, load_tables(experiments), results, profile)
    lacking = list(missing(figure, panels).values())
    return _write(figure, profile, panels, lacking, out_dir / f"figure{figure.id}-{profile}")


def draw_run(figure_id: str, experiments: Path, path: Path, out_dir: Path) -> list[Path]:
    """Draws a figure of one run, of whatever table or of none, from its record's file.

    Returns:
        `figure<id>-<the record's id>` under `out_dir`, in the forms of `draw`.
    Raises:
        RecordError: for an unknown figure, one that is no run's alone, a run that left nothing to
            draw, a damaged record or array.
    """
    figure = pick(load_figures(experiments), figure_id, "figure")
    record = records.read(path)
    if DRAWINGS[figure.drawing].by_table:
        raise records.RecordError(
            f"figure {figure.id} is of tables, not of one run; leave --record"
        )
    needs = DRAWINGS[figure.drawing].needs
    if not record[needs]:
        status = records.status_of(record)
        raise records.RecordError(f"{path}: the run left no {needs} to draw (it is {status})")
    (table,) = custom_tables([record], ())
    panel = Panel(name_of(record), _result(table, record), record)
    start = out_dir / f"figure{figure.id}-{record['id']}"
    return _write(figure, record["profile"], [panel], [], start)


def _write(
    figure: Figure, profile: str, panels: list[Panel], lacking: list[str], start: Path
) -> list[Path]:
    paths, sums = [], {}
    for suffix, content in DRAWINGS[figure.drawing].draw(figure, panels).items():
        paths.append(start.with_suffix(suffix))
        write_bytes(paths[-1], content)
        sums[paths[-1].name] = hashlib.sha256(content).hexdigest()
    paths.append(start.with_suffix(".json"))
    about = {
        **origin(figure, profile, panels),
        "missing": lacking,
        "files": sums,
    }
    write_text(paths[-1], json.dumps(about, indent=2) + "\n")
    return paths


def panels_of(
    figure: Figure,
    tables: list[Table],
    results: Path,
    profile: str,
    trees: tuple[str, ...] = TREES,
) -> list[Panel]:
    """A panel for each of the figure's rows; of curves not for those of a table that has no run.

    Raises:
        RecordError: naming the rows without a run.
    """
    needs = DRAWINGS[figure.drawing].needs
    chosen = [(name, newest(results, *name, profile, needs, trees)) for name in figure.rows]
    there = {table for (table, _), record in chosen if record is not None}
    if there and DRAWINGS[figure.drawing].by_table:
        chosen = [(name, record) for name, record in chosen if name[0] in there]
    lacking = [f"{folder_name(table)}/{row}" for (table, row), record in chosen if record is None]
    if lacking:
        raise records.RecordError(
            f"figure {figure.id}, profile {profile}: no finished run with {needs} of "
            f"{', '.join(lacking)}; make reproduce-figure FIGURE={figure.id} PROFILE={profile}"
        )
    known = {table.id: table for table in tables}
    panels = []
    for (table_id, row_id), record in chosen:
        table = pick(known, table_id, "table")
        row = pick({row.id: row for row in table.rows}, row_id, "row")
        assert record is not None  # else it is lacking
        panels.append(Panel(table.label(row, profile), _result(table, record), record))
    return panels


def published_panels(figure: Figure, tables: list[Table], results: Path) -> list[Panel] | None:
    """Those of the published runs, of the first profile that has them; None without any."""
    return first_panels(figure, tables, results, "published")


def first_panels(
    figure: Figure, tables: list[Table], results: Path, tree: str
) -> list[Panel] | None:
    """Those of a tree's runs, of the first profile that has them; None without any."""
    for profile in ("paper", "lite", "demo"):
        try:
            return panels_of(figure, tables, results, profile, (tree,))
        except records.RecordError:
            continue
    return None


def newest(
    results: Path, table: str, row: str, profile: str, needs: str, trees: tuple[str, ...] = TREES
) -> records.Record | None:
    """The newest finished run of a row that left `needs` ("curve", "arrays"), without overrides;
    of the first of the trees that has one."""
    for tree in trees:
        found = records.find(results / tree, table, row, profile)
        fit = [r for r in found if r["status"] == "finished" and r[needs] and not r["overrides"]]
        if fit:
            return max(fit, key=created)
    return None


def origin(figure: Figure, profile: str, panels: list[Panel]) -> dict[str, Any]:
    """What a figure shows, of which records and commits."""
    drawn = [
        {
            "table": panel.record["table"],
            "row": panel.record["row"],
            "label": panel.label,
            "id": panel.record["id"],
            "data": panel.record["data"]["kind"],
            "commits": sorted({str(segment["commit"]) for segment in panel.record["segments"]}),
            "clean": all(segment["clean"] for segment in panel.record["segments"]),
        }
        for panel in panels
    ]
    return {"figure": figure.id, "array": figure.array, "profile": profile, "drawn_from": drawn}


def _result(table: Table, record: records.Record) -> str:
    metric = table.metric
    measured = record["metrics"].get(metric.name)
    return f"{metric.name} {metric.text(measured['value'])} {metric.unit}" if measured else ""
