"""What shows a run to its user: a progress bar on a terminal, plain lines in the log."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from hypernetworks.atomic import named
from hypernetworks.training.files import MetricsFile

log = logging.getLogger("hypernetworks")


class MetricsListener:
    """Writes every reading to the metrics file."""

    def __init__(self, file: MetricsFile) -> None:
        self.file = file

    def step(self, step: int) -> None:
        """Nothing is written for a step without a reading."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.file.append(step, metrics)


class ProgressListener:
    """A bar with loss, metric, speed and time left on a terminal; a log line an evaluation."""

    def __init__(self, bar: "tqdm[Any]", metric: str, first: int, last: int) -> None:
        self.bar = bar
        self.metric = metric
        self.first, self.last = first, last
        self.started = time.monotonic()

    def step(self, step: int) -> None:
        self.bar.update(1)

    def log(self, step: int, metrics: dict[str, float]) -> None:
        shown = {k: f"{metrics[k]:.4g}" for k in ("train_loss", self.metric) if k in metrics}
        self.bar.set_postfix(shown, refresh=False)
        if "epoch" in metrics:
            seconds_a_step = (time.monotonic() - self.started) / (step - self.first)
            left = tqdm.format_interval(seconds_a_step * (self.last - step))
            values = "  ".join(f"{k} {v:.4g}" for k, v in metrics.items() if k != "epoch")
            log.info("epoch %.4g  step %d  %s  left %s", metrics["epoch"], step, values, left)


@contextmanager
def progress_bar(done: int, total: int, label: str, hidden: bool) -> Iterator["tqdm[Any]"]:
    """A bar that shows on terminals only; log lines pass above it."""
    hide = True if hidden else None
    bar: tqdm[Any] = tqdm(total=total, initial=done, desc=label, unit="step", disable=hide)
    with nullcontext() if bar.disable else logging_redirect_tqdm(), bar:
        yield bar


def bar_over(batches: Iterable[Any], what: str, total: int, hidden: bool) -> Iterable[Any]:
    """The batches of a final evaluation, with a bar on terminals."""
    hide = True if hidden else None
    return tqdm(batches, total=total, desc=what, unit="batch", disable=hide, leave=False)


class RunLog(logging.Handler):
    """Adds lines to a file; where it cannot, as on a full disk, it says so once and ends no run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.warned = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            with named(self.path), self.path.open("a", encoding="utf-8") as file:
                file.write(self.format(record) + "\n")
        except OSError as error:
            if not self.warned:
                self.warned = True
                log.warning("no log is written: %s", error)


@contextmanager
def log_to(path: Path, hidden: bool, label: str | None) -> Iterator[None]:
    """Sends the log to the run's own file too.

    Args:
        hidden: keeps it from the console, but for warnings.
        label: put before the console's lines, where runs go side by side.
    """
    handler = RunLog(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    console = [h for h in root.handlers if type(h) is logging.StreamHandler]
    before = [(h.level, h.formatter) for h in console]
    root.addHandler(handler)
    for h in console:
        if hidden:
            h.setLevel(logging.WARNING)
        if label:
            h.setFormatter(logging.Formatter(f"[{label}] %(message)s"))
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
        for h, (level, formatter) in zip(console, before, strict=True):
            h.setLevel(level)
            h.setFormatter(formatter)


@contextmanager
def only_errors() -> Iterator[None]:
    """Keeps the log to what is wrong: in a process whose run another one shows."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
