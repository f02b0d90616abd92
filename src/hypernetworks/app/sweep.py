"""Sweeps: how far they are, rows that run side by side, and how it all ended."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write

from hypernetworks.app import slurm
from hypernetworks.app.board import Board
from hypernetworks.app.leave import leave
from hypernetworks.app.workers import begin
from hypernetworks.training import processes
from hypernetworks.training.cores import usable_cores
from hypernetworks.training.stopping import SAME_REQUEST, SIGNALS, leave_terminal

ASK_EVERY = 0.5  # seconds between two looks at how far the rows are


class Sweep(Callback):
    """Hydra's callback, in the process that launches the rows."""

    current: "Sweep | None" = None
    last: "Sweep | None" = None  # of this process, also once it is over

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        if processes.count() > 1:
            _check_one_after_another(config.hydra.launcher)
        if not processes.leads():
            self._follow(config)
            return
        self.board = Board(Path(config.hydra.sweep.dir))
        try:
            self.board.begin(_count(config))
        except OSError as error:  # Hydra would warn of it, and go on
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from error
        self.over = threading.Event()
        self.line = threading.Thread(target=self._show, args=(config.quiet,), daemon=True)
        self.line.start()
        if "joblib" in config.hydra.launcher._target_:
            _prepare_pool(config.hydra.launcher, self.board.rows)
            self._forward_signals()  # its rows are processes of this machine
        if slurm.is_used(config.hydra.launcher):
            slurm.announce(self.board.folder)
        Sweep.current = Sweep.last = self
        if "ray" in config.hydra.launcher:
            self._start_ray(config.hydra.launcher.ray.init)

    def _start_ray(self, init: DictConfig) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it reports to nobody
        if init.address == "local":
            from hydra_plugins.hydra_ray_launcher._launcher_util import start_ray

            start_ray(init)  # which takes SIGTERM for itself
            self._forward_signals()

    def _follow(self, config: DictConfig) -> None:
        """Leaves the sweep's folder to the process that leads; what Hydra writes is a copy."""
        self.copies = TemporaryDirectory()
        with open_dict(config), read_write(config):
            config.hydra.sweep.dir = self.copies.name
            # A row's configuration is composed anew, of the words of the command line.
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir={self.copies.name}")

    @classmethod
    def begun(cls) -> bool:
        """Whether a row of this process's sweep has."""
        return cls.last is not None and bool(cls.last.board.lines())

    def __getstate__(self) -> dict[str, Any]:
        """Launchers send it to the rows' processes, where it has nothing to do."""
        return {}

    def finish(self) -> None:
        """Ends the line.

        Raises:
            KeyboardInterrupt: if a signal stopped the rows side by side.
        """
        self.over.set()
        self.line.join()
        if self.board.stopped is not None:
            stop = KeyboardInterrupt("interrupted; the same command resumes")
            stop.signum = self.board.stopped  # type: ignore[attr-defined]
            raise stop

    def _show(self, quiet: bool) -> None:
        from tqdm import tqdm

        hide = True if quiet or self.board.rows == 1 else None
        with tqdm(total=self.board.rows or None, unit="row", desc="rows", disable=hide) as bar:
            while not self.over.wait(ASK_EVERY):
                bar.set_postfix_str(
                    ", ".join(row["label"] for row in self.board.running()), refresh=False
                )
                bar.n = self.board.ended()
                bar.refresh()
            bar.n = self.board.ended()

    def _forward_signals(self) -> None:
        """A signal stops all rows after their step; a later one ends this process at once.

        That a row has heard it first, from the terminal, makes ours no second one.
        """
        asked: list[float] = []

        def stop(signum: int, frame: FrameType | None) -> None:
            leave_terminal(signum)
            asked.append(time.monotonic())
            if asked[-1] - asked[0] > SAME_REQUEST:
                raise KeyboardInterrupt
            self.board.stop(signum)
            for pid in {row["pid"] for row in self.board.running()} - {os.getpid()}:
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, signal.SIGTERM)

        for signum in SIGNALS:
            signal.signal(signum, stop)


def _check_one_after_another(launcher: DictConfig) -> None:
    """Processes that share each run share no rows side by side."""
    if "basic_launcher" not in launcher._target_:
        leave(
            "torchrun's processes share each row, one row after another: "
            "use hydra/launcher=basic, or start without torchrun",
            2,
        )


def finished() -> list[Path]:
    """The records of this process's sweep, after its last row; [] where there was no sweep."""
    if Sweep.current is None:
        return []
    sweep, Sweep.current = Sweep.current, None
    sweep.finish()
    return sweep.board.records()


def _prepare_pool(launcher: DictConfig, rows: int) -> None:
    """As many processes as rows at most, each begun as `workers` says."""
    asked = launcher.n_jobs if launcher.n_jobs > 0 else usable_cores()
    with open_dict(launcher), read_write(launcher):
        launcher.n_jobs = min(asked, rows) if rows else asked
        launcher.initializer = {"_target_": f"{begin.__module__}.begin", "_partial_": True}


def _count(config: DictConfig) -> int:
    """How many rows the sweep has: an optimiser's trials, else the product of its axes; 0 where
    only Hydra can tell."""
    if "n_trials" in config.hydra.sweeper:
        return int(config.hydra.sweeper.n_trials)
    axes = {key: f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()}
    axes |= {word.partition("=")[0]: word for word in config.hydra.overrides.task}
    count = 1
    for override in OverridesParser.create().parse_overrides(list(axes.values())):
        if override.is_sweep_override():
            try:
                count *= sum(1 for _ in override.sweep_string_iterator())
            except HydraException:  # glob() asks the search path
                return 0
    return count
