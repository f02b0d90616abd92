"""The panels of a data set's runs, for a workspace and for a report alike."""

from typing import Any

import wandb_workspaces.reports.v2 as wr

from hypernetworks.app import metric_names as names
from hypernetworks.app.dashboard.sets import Shown

TRAINING = ("train_loss", "lr", "gradient_norm", *names.SPEEDS)
BY_ROW = wr.Config("row")


def progress() -> list[Any]:
    """How far each table and each row is."""
    title, percent = "{} has done of its steps, percent", [names.PROGRESS]
    return [
        wr.BarPlot(
            title=title.format(f"What each {by}"),
            metrics=percent,
            groupby=wr.Config(by),
            range_x=FULL,
        )
        for by in ("table", "row")
    ]


FULL = (0, 100)


def curve(shown: Shown) -> Any:
    """What selects the weights, a line a row, and the paper's number as a line."""
    return wr.LinePlot(
        title=f"{shown.name}: {shown.curve.rpartition('/')[2]}, and the paper's number",
        x=names.STEP,
        y=[shown.curve, *shown.line],
        groupby=BY_ROW,
    )


def training(shown: Shown) -> list[Any]:
    """Loss, rate, the gradient's norm and speed."""
    return [
        wr.LinePlot(
            title=f"{shown.name}: {name}",
            x=names.STEP,
            y=[names.curve(shown.name, name)],
            log_y=True if name == "gradient_norm" else None,
        )
        for name in TRAINING
    ]


def finals(shown: Shown) -> list[Any]:
    """The table's numbers beside the paper's."""
    return [
        wr.BarPlot(
            title=f"{shown.name}: {metrics[0].rpartition('/')[2]}",
            metrics=list(metrics),
            groupby=BY_ROW,
        )
        for metrics in shown.finals
    ]


def media(shown: Shown) -> list[Any]:
    """Texts, handwriting, kernels, histograms; translations as a table."""
    pictures: list[Any] = [
        wr.MediaBrowser(title=f"{shown.name}: {key.rpartition('/')[2]}", media_keys=[key])
        for key in shown.media
    ]
    return pictures + [wr.WeavePanelSummaryTable(table_name=key) for key in shown.texts]
