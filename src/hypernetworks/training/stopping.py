"""Why a run ends before its time: signals, a diverged loss."""

import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

log = logging.getLogger(__name__)

# Seconds in which further signals are the same request: who stops a whole process group reaches the
# run twice, directly and through make or torchrun.
SAME_REQUEST = 1.0
# Kill, Ctrl-C, a terminal that is closed (unless nohup was to outlive that), and what batch systems
# send before a job's time is up or its place is taken.
SIGNALS = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2),
    *([] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]),
)


class Interrupted(KeyboardInterrupt):
    """A signal ended the run after a checkpoint, or came when it was finished.

    A KeyboardInterrupt, because that is what ends a whole sweep and not only one of its jobs.
    """

    def __init__(self, step: int, signum: int, finished: bool = False) -> None:
        resumes = f"interrupted at step {step}; the same command resumes it"
        super().__init__("interrupted; this run is finished" if finished else resumes)
        self.step = step
        self.signum = signum
        self.finished = finished

    def __reduce__(self) -> tuple[Any, ...]:  # between the processes of a sweep
        return Interrupted, (self.step, self.signum, self.finished)


class Diverged(RuntimeError):
    """A loss or a metric became NaN or infinite."""

    def __init__(self, what: str) -> None:
        remedy = "try a lower trainer.lr or set trainer.clip_norm"
        super().__init__(f"{what} became NaN or infinite; {remedy}")
        self.what = what

    def __reduce__(self) -> tuple[Any, ...]:
        return Diverged, (self.what,)


class StopFlag:
    """Remembers the signal that asked the run to stop."""

    signum: int | None = None
    since: float = 0.0

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        leave_terminal(signum)
        if self.signum is not None:
            if time.monotonic() - self.since < SAME_REQUEST:
                return
            raise KeyboardInterrupt
        self.signum, self.since = signum, time.monotonic()
        name = signal.Signals(signum).name
        log.warning("%s: stopping as soon as all is saved; another one stops at once", name)


def leave_terminal(signum: int) -> None:
    """At SIGHUP lets what is printed to the terminal go nowhere: it is closed, and what prints to
    it would fail instead of saving."""
    for number in (1, 2) if signum == signal.SIGHUP else ():
        with suppress(OSError):  # closed from the start (`>&-`)
            if stat.S_ISCHR(os.fstat(number).st_mode):  # isatty() is False of a closed one
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)


@contextmanager
def stop_on_signals() -> Iterator[StopFlag]:
    """Turns SIGNALS into a flag, so that a step is never cut in two.

    A second signal, not right after the first, interrupts at once. Outside the main thread, where
    Python delivers no signals, the flag stays down.
    """
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {s: signal.signal(s, flag) for s in SIGNALS}
    try:
        yield flag
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
