"""Mirrors a run to Weights & Biases. The project's own files are the truth; this is a mirror."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch

from hypernetworks.app import metric_names as names
from hypernetworks.app import rows
from hypernetworks.app.identity import RunFiles
from hypernetworks.app.mirror import Mirror, start_wandb, wandb_id, where_offline
from hypernetworks.app.outcome import Run
from hypernetworks.app.pace import Pace
from hypernetworks.report import records
from hypernetworks.training.files import load_checkpoint
from hypernetworks.training.state import Progress
from hypernetworks.training.steps import steps_an_epoch

log = logging.getLogger("hypernetworks")


class Tracker(Protocol):
    """A listener that also hears of the end of a run."""

    def step(self, step: int) -> None: ...

    def log(self, step: int, metrics: dict[str, float]) -> None: ...

    def finish(self, record: dict[str, Any], files: RunFiles) -> None: ...


class NoTracker:
    """logger=none."""

    def step(self, step: int) -> None:
        """Tells nobody."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Tells nobody."""

    def finish(self, record: dict[str, Any], files: RunFiles) -> None:
        """Tells nobody."""


class WandbTracker(Mirror):
    """Curves while the run goes on; final metrics, media and the record at its end.

    Args:
        mirror: the wandb run.
        run: what is mirrored; record: its record; progress: where it stands.
    """

    def __init__(self, mirror: Any, run: Run, record: dict[str, Any], progress: Progress) -> None:
        super().__init__(mirror)
        self.steps = run.steps
        self.weights = run.cfg.logger.weights
        self.set = names.set_name(run.cfg.dataset.name, record["data"]["kind"])
        self.paper = _paper(run, record, self.set)
        train, settings = run.experiment.train, run.settings
        an_epoch = steps_an_epoch(len(train), settings.accumulate)
        self.pace = Pace(progress, run.experiment.examples[0] / an_epoch)
        self.tell(lambda: self._define(*run.selection))

    def step(self, step: int) -> None:
        """wandb is told of readings only."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        values = {**metrics, **self.pace.read()}
        axes = {names.EPOCH: values.pop("epoch"), **self.paper} if "epoch" in values else {}
        named = {names.curve(self.set, name): value for name, value in values.items()}
        self.tell(lambda: self._log(step, {**axes, **named}))

    def finish(self, record: dict[str, Any], files: RunFiles) -> None:
        self.tell(lambda: self._finish(record))
        if record["status"] == "finished":
            self.tell(lambda: self._show(files))
            if self.weights:
                self.tell(lambda: self._keep_weights(record, files))
        self.tell(lambda: self._keep_record(record, files))

    def _log(self, step: int, values: dict[str, Any]) -> None:
        share = {names.STEP: step, names.PROGRESS: 100 * step / self.steps}
        self.run.log({**share, **values}, step=step)

    def _define(self, metric: str, better: str) -> None:
        """Our steps are the axis, also of what is uploaded in parts; the best value is kept."""
        for axis in (names.STEP, names.EPOCH):
            self.run.define_metric(axis, hidden=True)
        for name in (names.PROGRESS, names.curve(self.set, "*"), names.paper(self.set, "*")):
            self.run.define_metric(name, step_metric=names.STEP)
        best = "max" if better == "higher" else "min"
        selection = names.curve(self.set, metric)
        self.run.define_metric(selection, step_metric=names.STEP, summary=f"{best},last")

    def _finish(self, record: dict[str, Any]) -> None:
        found = {names.final(self.set, n): m["value"] for n, m in record["metrics"].items()}
        done = {names.PROGRESS: 100.0} if record["status"] == "finished" else {}
        if record["steps"]:
            self._log(record["steps"], {**self.paper, **found, **done})
        parts = record["parameters"].items()
        self.run.summary.update(
            {
                "status": record["status"],
                "stop_reason": record["stop_reason"],
                "best_step": record["selection"]["step"],
                "overrides": " ".join(record["overrides"]),
                "wall_seconds": record["wall_seconds"],
                "parameters": record["parameters"]["total"],
                **{f"parameters_{part}": count for part, count in parts if part != "total"},
            }
        )

    def _show(self, files: RunFiles) -> None:
        from hypernetworks.app.media import media_of

        record = records.read(files.record)
        found = {names.media(self.set, name): value for name, value in media_of(record).items()}
        self._log(record["steps"], {**found, names.PROGRESS: 100.0})

    def _keep_weights(self, record: dict[str, Any], files: RunFiles) -> None:
        """The best weights, as a state dictionary; loads with torch alone."""
        artifact = _artifact("weights", "model", record, files)
        with artifact.new_file("weights.pt", mode="wb") as file:
            torch.save(load_checkpoint(files.checkpoint)["best_weights"], file)
        self.run.log_artifact(artifact)

    def _keep_record(self, record: dict[str, Any], files: RunFiles) -> None:
        artifact = _artifact("record", "record", record, files)
        artifact.add_file(str(files.record))
        self.run.log_artifact(artifact)


@contextmanager
def open_tracker(run: Run, record: dict[str, Any], progress: Progress) -> Iterator[Tracker]:
    """The tracker that `logger` names; a resumed run goes on in the same wandb run.

    wandb is a mirror: where it cannot start, the run goes on without it.
    """
    cfg, results = run.cfg, Path(run.cfg.results_dir)
    if cfg.logger.name == "none":
        yield NoTracker()
        return
    mirror = start_wandb(
        cfg.logger,
        results,
        id=wandb_id(record),
        name=f"{cfg.row} {run.files.id}",
        group=f"table {cfg.table}",
        job_type=cfg.row,
        tags=[cfg.profile.name, f"data:{record['data']['kind']}"],
        config=record["config"] | _about(run, record),
    )
    if mirror is None:
        yield NoTracker()
        return
    tracker, status = WandbTracker(mirror, run, record, progress), 1
    try:
        yield tracker
        status = 0
    finally:
        tracker.close(status)
        # Of a sweep it is said once, at its end.
        where = where_offline(results, [mirror.id]) if rows.board() is None else None
        if where is not None:
            log.info("%s", where)


def _about(run: Run, record: dict[str, Any]) -> dict[str, Any]:
    """What to find and group runs by, beside their configuration."""
    return {
        "run": record["id"],
        "label": record["label"],
        "data": record["data"]["kind"],
        "examples": run.experiment.examples[1],
        "overrides": record["overrides"],
        "parameters": record["parameters"],
        "commit": record["segments"][-1]["commit"],
    }


def _paper(run: Run, record: dict[str, Any], of_set: str) -> dict[str, float]:
    """What the paper reports for the row; nothing beside a stand-in for its data."""
    if record["data"]["kind"] == "stand-in":
        return {}
    said = run.cfg.paper
    return {names.paper(of_set, n): said[n] for n in record["headline"] if n in said}


def _artifact(name: str, kind: str, record: dict[str, Any], files: RunFiles) -> Any:
    import wandb

    about = {"selection": record["selection"], "profile": record["profile"], "seed": record["seed"]}
    return wandb.Artifact(
        f"{name}-{record['table']}-{record['row']}-{files.id}", kind, metadata=about
    )
