"""A workspace, to watch runs in, and a report, to read: both as wandb's own JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces import expr

from hypernetworks.app.dashboard import panels
from hypernetworks.app.dashboard.sets import Shown
from hypernetworks.report.columns import published_column
from hypernetworks.report.protocol import Row, Table
from hypernetworks.report.tables import grid, heading

TITLE = "HyperNetworks"
COLUMNS = ["config:row", "config:profile.name", "summary:status", "summary:progress"]
COLUMNS += ["summary:parameters", "summary:best_step", "summary:overrides"]
ABOUT = (
    "A reproduction of HyperNetworks (Ha, Dai & Le, ICLR 2017). In the charts a curve is what is "
    "evaluated during training, perhaps an estimate; a final number is exact, as in the record. "
    "Sets that end with _generated are the demo's, and say nothing of the paper's."
)


def workspace(sets: Sequence[Shown], project: str, entity: str, only: str | None) -> ws.Workspace:
    """A section a table and data set, under the progress of all; runs grouped by table and row.

    Args:
        only: the id of the one table whose runs are shown.
    """
    first = ws.Section(name="Progress", panels=panels.progress(), is_open=True)
    sections = [
        ws.Section(
            name=f"Table {shown.table.id}: {shown.name}",
            panels=[
                panels.curve(shown),
                *panels.finals(shown),
                *panels.training(shown),
                *panels.media(shown),
            ],
            is_open=not shown.generated,
        )
        for shown in sorted(sets, key=lambda shown: shown.generated)
    ]
    return ws.Workspace(
        entity=entity,
        project=project,
        name=TITLE if only is None else f"{TITLE}, table {only}",
        sections=[first, *sections],
        runset_settings=ws.RunsetSettings(
            filters="" if only is None else expr.And(expr.Config("table") == only),
            groupby=[expr.Config("table"), expr.Config("row")],
            pinned_columns=COLUMNS,
        ),
    )


def report(sets: Sequence[Shown], project: str, entity: str, results: Path) -> wr.Report:
    """A chapter a table: its numbers, charts of all its rows, then each row for itself."""
    tables = {shown.table.id: shown.table for shown in sets}
    blocks = [wr.P(ABOUT), wr.TableOfContents()]
    for table in tables.values():
        of_table = [shown for shown in sets if shown.table.id == table.id]
        blocks += [
            wr.H1(f"Table {table.id}: {table.title}"),
            wr.P(f"{heading(table)}. Published so far:"),
            wr.MarkdownBlock(grid(table, [published_column(table, results, "paper")], "github")),
            wr.PanelGrid(
                runsets=[_runs(table)],
                panels=_placed(
                    [
                        *panels.progress(),
                        *(
                            panel
                            for s in of_table
                            for panel in [panels.curve(s), *panels.finals(s)]
                        ),
                    ]
                ),
            ),
        ]
        for row in table.rows:
            of_row = [p for s in of_table for p in [panels.curve(s), *panels.media(s)]]
            blocks += [
                wr.H2(row.label),
                wr.PanelGrid(runsets=[_runs(table, row)], panels=_placed(of_row)),
            ]
    return wr.Report(project=project, entity=entity, title=TITLE, blocks=blocks, width="fluid")


def _runs(table: Table, row: Row | None = None) -> wr.Runset:
    """Those of a table, grouped by row, or of a row; of the report's own project."""
    of_table = expr.Config("table") == table.id
    if row is None:
        wanted = expr.And(of_table)
        return wr.Runset(name=f"table {table.id}", filters=wanted, groupby=["config.row"])
    return wr.Runset(name=row.label, filters=expr.And(of_table, expr.Config("row") == row.id))


def _placed(found: list[Any]) -> list[Any]:
    """Three panels beside each other."""
    for number, panel in enumerate(found):
        panel.layout = wr.Layout(x=8 * (number % 3), y=6 * (number // 3), w=8, h=6)
    return found
