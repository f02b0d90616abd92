"""Mirrors a run to Weights & Biases. The project's own files are the truth; this is a mirror."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from omegaconf import DictConfig

from hypernetworks.app.identity import RunFiles

log = logging.getLogger("hypernetworks")

# Seconds that a run waits for wandb, where its user has not said otherwise.
LIMITS = {"WANDB_INIT_TIMEOUT": "30", "WANDB_FINISH_TIMEOUT": "300"}


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
    """Curves while the run goes on; final metrics, pictures and the record at its end.

    Whatever fails is said once, and wandb is told no more: training does not depend on it.
    """

    def __init__(self, run: Any) -> None:
        self.run = run
        self.last_step = 0
        self.lost = False

    def step(self, step: int) -> None:
        """wandb is told of readings only."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.last_step = step
        self.tell(lambda: self.run.log(metrics, step=step))

    def finish(self, record: dict[str, Any], files: RunFiles) -> None:
        self.tell(lambda: self._finish(record, files))

    def close(self, status: int) -> None:
        """Ends the wandb run; waits for what is not uploaded yet, but not for ever."""
        self.tell(lambda: self.run.finish(exit_code=status))

    def tell(self, what: Callable[[], object]) -> None:
        """Calls what tells wandb something, unless it is lost."""
        if self.lost:
            return
        try:
            what()
        except Exception as error:  # wandb's come from all its layers, and have no common class
            self.lost = True
            log.warning(
                "wandb lacks the rest of this run; going on without it: %s", _one_line(error)
            )

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
    tracker, status = WandbTracker(run), 1
    try:
        yield tracker
        status = 0
    finally:
        tracker.close(status)


def start_wandb(logger: DictConfig, results: Path, **about: Any) -> Any | None:
    """Starts a wandb run, its files under `results`/wandb.

    Where wandb cannot be reached, or refuses, the run is an offline one after a warning; None, with
    a warning, if that cannot be either.

    Args:
        logger: project, entity, mode; mode "auto" is WANDB_MODE if set, else online if logged in,
            else offline.
        results: the results folder.
        about: further arguments of `wandb.init`.
    """
    refused: Exception | None = None
    for mode in (logger.mode, "offline"):
        try:
            run = _init(logger, results, mode, about)
        except Exception as error:  # wandb's come from all its layers, and have no common class
            refused = refused or error
            _forget_settings()
        else:
            if refused is not None:
                place = results / "wandb"
                remedy = f"this run is mirrored offline, under {place} (wandb sync uploads it)"
                log.warning("wandb did not start; %s: %s", remedy, _one_line(refused))
            return run
    assert refused is not None
    log.warning("wandb did not start; going on without it: %s", _one_line(refused))
    return None


def _forget_settings() -> None:
    """What the environment may have said wrongly, wandb would refuse offline too."""
    os.environ["WANDB_MODE"] = "offline"
    os.environ.update(LIMITS)


def _init(logger: DictConfig, results: Path, mode: Any, about: dict[str, Any]) -> Any:
    results.mkdir(parents=True, exist_ok=True)
    # wandb would stage artifacts in the user's home.
    os.environ.setdefault("WANDB_DATA_DIR", str((results / "wandb" / "staging").resolve()))
    for limit, seconds in LIMITS.items():
        os.environ.setdefault(limit, seconds)
    import wandb

    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or _online_if_logged_in()
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
    except Exception:
        with suppress(Exception):
            wandb.teardown()  # else its service holds the run's id for the one that failed
        raise


def _online_if_logged_in() -> str:
    import wandb

    # That the key is right shows when the run starts, which has a limit of its own.
    return "online" if wandb.login(prompt=False, verify=False) else "offline"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _wandb_id(record: dict[str, Any]) -> str:
    """The same for every invocation of a run, another for another run of the same name."""
    name = "/".join((record["table"], record["row"], record["id"], record["created"]))
    return hashlib.sha256(name.encode()).hexdigest()[:12]
