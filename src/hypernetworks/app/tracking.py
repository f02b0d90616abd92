"""Mirrors a run to Weights & Biases. The project's own files are the truth; this is a mirror."""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from omegaconf import DictConfig

from hypernetworks.app.identity import RunFiles

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


class WandbTracker:
    """Curves while the run goes on; final metrics, pictures and the record at its end."""

    def __init__(self, run: Any) -> None:
        self.run = run
        self.last_step = 0

    def step(self, step: int) -> None:
        """wandb is told of readings only."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.last_step = step
        self.run.log(metrics, step=step)

    def finish(self, record: dict[str, Any], files: RunFiles) -> None:
        import wandb

        try:
            self._finish(record, files)
        except (wandb.Error, OSError) as error:
            log.warning("wandb lacks the end of this run: %s", " ".join(str(error).split()))

    def _finish(self, record: dict[str, Any], files: RunFiles) -> None:
        import wandb

        from hypernetworks.report.mosaics import mosaic

        pictures = {}
        if record["arrays"]:
            with np.load(files.arrays) as arrays:
                kernels = {n: arrays[n] for n in arrays.files if arrays[n].ndim > 2}
                pictures = {name: wandb.Image(mosaic(array)) for name, array in kernels.items()}
        # Closes the last step first: it would overwrite the summary with its own readings.
        self.run.log(pictures, step=self.last_step, commit=True)
        self.run.summary.update(
            {name: metric["value"] for name, metric in record["metrics"].items()}
            | {"status": record["status"], "parameters": record["parameters"]}
        )
        artifact = wandb.Artifact(f"record-{record['table']}-{record['row']}-{files.id}", "record")
        artifact.add_file(str(files.record))
        self.run.log_artifact(artifact)


@contextmanager
def open_tracker(cfg: DictConfig, files: RunFiles, record: dict[str, Any]) -> Iterator[Tracker]:
    """The tracker that `cfg.logger` names; a resumed run goes on in the same wandb run.

    wandb is a mirror: where it cannot start, the run goes on without it.
    """
    if cfg.logger.name == "none":
        yield NoTracker()
        return
    about = {
        "id": _wandb_id(record),
        "name": f"{cfg.row} {files.id}",
        "group": f"table {cfg.table}",
        "job_type": cfg.row,
        "tags": [cfg.profile.name, f"data:{record['data']['kind']}"],
        "config": record["config"],
    }
    run = start_wandb(cfg.logger, Path(cfg.results_dir), **about)
    if run is None:
        yield NoTracker()
        return
    status = 1
    try:
        yield WandbTracker(run)
        status = 0
    finally:
        run.finish(exit_code=status)


def start_wandb(logger: DictConfig, results: Path, **about: Any) -> Any | None:
    """Starts a wandb run, its files under `results`/wandb; None, with a warning, if it cannot.

    Args:
        logger: project, entity, mode; mode "auto" is WANDB_MODE if set, else online if logged in,
            else offline.
        results: the results folder.
        about: further arguments of `wandb.init`.
    """
    results.mkdir(parents=True, exist_ok=True)
    # wandb would stage artifacts in the user's home.
    os.environ.setdefault("WANDB_DATA_DIR", str((results / "wandb" / "staging").resolve()))
    import wandb

    mode = logger.mode
    if mode == "auto":
        logged_in = "WANDB_MODE" not in os.environ and wandb.login(prompt=False)
        mode = os.environ.get("WANDB_MODE", "online" if logged_in else "offline")
    try:
        return wandb.init(
            project=logger.project,
            entity=logger.entity,
            mode=mode,
            dir=str(results),
            resume="allow" if mode == "online" else None,
            reinit="finish_previous",
            settings=wandb.Settings(silent=mode != "online"),
            **about,
        )
    except (wandb.Error, ValueError, OSError) as error:
        # ValueError: what its settings, checked by pydantic, say of a wrong WANDB_MODE.
        log.warning("wandb did not start; going on without it: %s", " ".join(str(error).split()))
        return None


def _wandb_id(record: dict[str, Any]) -> str:
    """The same for every invocation of a run, another for another run of the same name."""
    name = "/".join((record["table"], record["row"], record["id"], record["created"]))
    return hashlib.sha256(name.encode()).hexdigest()[:12]
