"""Runs as processes of their own, forked from one that has imported everything."""

import contextlib
import os
import resource
import select
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypernetworks import __main__ as program

PATIENCE = 180.0  # seconds after which a run hangs
MEMORY = 16 * 2**30  # bytes of address space
# CUDA reserves more addresses than that for what every GPU has and the machine has together.
NVIDIA = Path("/dev/nvidiactl")


@dataclass(frozen=True)
class Ended:
    """A process that is over: its status, minus the signal's number if one killed it, and all that
    it printed."""

    status: int
    text: str

    def fault(self) -> str | None:
        """What is wrong with how it ended, whatever it was to do; None if nothing."""
        last = (self.text.strip().splitlines() or [""])[-1]
        if "Traceback (most recent call last)" in self.text or "Logging error" in self.text:
            return f"a traceback: {last}"
        if self.status > 0 and not last.startswith("error: "):
            return f"status {self.status} after: {last or 'nothing'}"
        return None


@dataclass(frozen=True)
class Process:
    """A run that was started."""

    pid: int
    output: int

    def kill(self, signum: int) -> None:
        os.kill(self.pid, signum)

    def ended(self) -> Ended:
        """Waits for its end."""
        text, until, hung = b"", time.monotonic() + PATIENCE, False
        while True:
            ready, _, _ = select.select([self.output], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                hung = True
                self.kill(9)
                break
            piece = os.read(self.output, 2**16)
            if not piece:
                break
            text += piece
        os.close(self.output)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        shown = text.decode("utf-8", errors="replace")
        return Ended(1, f"{shown}\nhung for {PATIENCE} seconds") if hung else Ended(status, shown)


def start(words: Sequence[str], folder: Path, largest: int | None = None) -> Process:
    """Starts `python -m hypernetworks WORDS` in a folder.

    Args:
        largest: bytes beyond which no file may grow, as on a full disk.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        os.close(reading)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os._exit(run(words, folder, largest))
    os.close(writing)
    return Process(pid, reading)


def finish(words: Sequence[str], folder: Path, largest: int | None = None) -> Ended:
    """`start`, and waits for the end."""
    return start(words, folder, largest).ended()


def run(words: Sequence[str], folder: Path, largest: int | None) -> int:
    """Runs it in this process; its status, as Python would leave with it."""
    status: object = 1
    try:
        os.chdir(folder)
        if not NVIDIA.exists():
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        sys.argv = [program.__file__, *words]
        program.main()
        status = 0
    except SystemExit as leave:
        status = leave.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    return int(str(status))
