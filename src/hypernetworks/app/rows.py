"""A row, and the sweep that it belongs to: in whatever process the row runs."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from hypernetworks.app import slurm, workers
from hypernetworks.app.board import Board


def board() -> Board | None:
    """That of the sweep which the current run is a row of; None for a single run."""
    if not HydraConfig.initialized() or HydraConfig.get().mode is not RunMode.MULTIRUN:
        return None
    return Board(Path(HydraConfig.get().sweep.dir))


def side_by_side() -> bool:
    """Whether the rows of this sweep run in processes of their own."""
    return board() is not None and "basic_launcher" not in HydraConfig.get().launcher._target_


def queued() -> bool:
    """Whether this process is a row that is a job of Slurm's."""
    return board() is not None and slurm.is_used(HydraConfig.get().launcher)


def share_of(cores: int) -> int:
    """The part of this machine's processors that is a row's beside others."""
    if not side_by_side():
        return cores
    launcher = HydraConfig.get().launcher
    if "joblib" in launcher._target_:
        return max(1, cores // max(1, launcher.n_jobs))
    if "ray" in launcher:
        return max(1, min(cores, int(launcher.ray.remote.num_cpus)))
    return cores


def in_line() -> bool:
    """Whether the sweep's one line on the terminal stands for what a single run would show."""
    of_sweep = board()
    return of_sweep is not None and of_sweep.rows != 1 and sys.stderr.isatty()


def note_record(label: str, path: Path) -> None:
    """Tells the sweep, if there is one, where a row's record is."""
    of_sweep = board()
    if of_sweep is not None:
        of_sweep.tell(label, "record", record=str(path.resolve()))


def stay_for_others() -> None:
    """What `workers.begin` does for a process of joblib's, for one of Ray's before each row."""
    if board() is not None and "ray" in HydraConfig.get().launcher:
        workers.stay_for_others()


def stopped() -> int | None:
    """The signal that asked the sweep of this row to stop, perhaps before the row could hear it."""
    if workers.orphaned.is_set():
        return signal.SIGTERM
    of_sweep = board()
    return of_sweep.stopped if of_sweep and side_by_side() else None


def as_row(run: Callable[[], float | None], label: str, interrupted: type[BaseException]) -> Any:
    """Runs a row and tells its sweep; side by side, a signal ends it without harm to the others."""
    of_sweep = board()
    if of_sweep is None:
        return run()
    with workers.at_work:
        if stopped() is not None:
            return None
        of_sweep.tell(label, "begins")
        event = "failed"
        try:
            value = run()
            event = "ended"
            return value
        except interrupted as stop:
            event = "interrupted"
            if not side_by_side():
                raise
            signum = getattr(stop, "signum", signal.SIGINT)
        finally:
            of_sweep.tell(label, event)
    if queued():
        slurm.leave(signum)
    elif of_sweep.stopped is None:
        of_sweep.stop(signum)
    return None
