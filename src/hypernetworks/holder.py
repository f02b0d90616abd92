"""Who holds a run: at most one process at a time, of all machines that share its folder.

A process takes the folder by making the file `holder.N`, N one more than the last holder's, who
must be dead. That a file is made which was not there is one act of the file server: of two that try
one wins, and what belongs to a living holder is never moved or removed by another. The file says
who holds; the time of its last change, which the holder renews, that it lives. Times are compared
with each other as the file server gives them, never with a clock of this machine.
"""

import fcntl
import json
import os
import re
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypernetworks.atomic import named

BEAT = 30.0  # seconds between two signs of life
LOCK = "lock"  # the file that a process of before `holder.N` locks as long as it runs
EXPIRES = 600.0  # seconds without one after which a holder on another machine counts as dead


class HeldError(Exception):
    """A run that another process holds; one line says which, and since when."""


@dataclass(frozen=True)
class Holder:
    """A process that holds a folder, or did when it was killed.

    says: what its file says; {} while that is being written.
    """

    path: Path
    says: dict[str, Any]

    @property
    def number(self) -> int:
        return int(self.path.suffix[1:])

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process that could be seen from this one."""
        here = about(os.getpid())
        return all(self.says.get(key) == here[key] for key in ("host", "system"))

    def lives(self) -> bool:
        """Whether it still runs; of a process elsewhere, whether its last sign of life is recent.

        True too where times cannot be compared, such as in a folder that may only be read.
        """
        if _is_earlier_start(self.says):
            return False
        if self.is_here and _born(self.says["pid"]) != self.says["born"]:
            return False
        # Without /proc another process may have its number by now.
        return (self.is_here and self.says["system"] != "") or not _is_silent(self.path)

    def __str__(self) -> str:
        if self.path.name == LOCK:
            return (
                f"{self.path.parent}: another process, of an older version, runs this; wait for it"
            )
        if not self.says:
            return f"{self.path.parent}: another process is just taking this run; wait for it"
        who = f"process {self.says['pid']} on {self.says['host']} since {self.says['since']}"
        expiry = f", which counts as dead {EXPIRES / 60:.0f} minutes after its last sign of life"
        elsewhere = "" if self.is_here else expiry
        return f"{self.path.parent}: another process runs this, {who}{elsewhere}; wait for it"


def holder(folder: Path) -> Holder | None:
    """The living holder of a folder."""
    found = next((found for found in _holders(folder) if found.lives()), None)
    if found is None and _is_locked(folder / LOCK):
        return Holder(folder / LOCK, {})
    return found


def refuse_if_held(folder: Path) -> None:
    """Raises `HeldError` if a living process holds the folder."""
    found = holder(folder)
    if found is not None:
        raise HeldError(str(found))


class Hold:
    """The folder, as long as this process holds it; with signs of life from a thread.

    Raises:
        HeldError: naming the process that holds it.
        OSError: naming the file, such as on a full disk; then nothing is left of it.
    """

    def __init__(self, folder: Path) -> None:
        dead = _holders(folder)
        for found in dead:
            if found.lives():
                raise HeldError(str(found))
        self.path = folder / f"holder.{dead[-1].number + 1 if dead else 1}"
        try:
            _make(self.path)
        except FileExistsError:
            raise HeldError(str(_read(self.path))) from None
        # One that began while this process had an old list of the folder.
        others = [found for found in _holders(folder) if found not in dead]
        if [found.path for found in others] != [self.path]:
            self.path.unlink(missing_ok=True)
            raise HeldError(str(next(found for found in others if found.path != self.path)))
        for found in dead:
            found.path.unlink(missing_ok=True)
        self._seen = time.time()
        self._over = threading.Event()
        threading.Thread(target=self._live, daemon=True).start()

    def confirm(self) -> None:
        """Raises `HeldError` if the folder is no longer this process's: before a record is written.

        A process that was stopped for long may have been taken for dead.
        """
        numbers = [found.number for found in _holders(self.path.parent)]
        if not numbers or self.path != self.path.with_name(f"holder.{numbers[-1]}"):
            held_up = "this process stood still for too long or its file was removed"
            raise HeldError(f"{self.path}: the run is no longer this process's: {held_up}")
        self._seen = time.time()

    def confirm_after_a_pause(self) -> None:
        """The same, where the thread has not said for a while that all is well: at every step."""
        if abs(time.time() - self._seen) > 2 * BEAT:
            self.confirm()

    def release(self) -> None:
        self._over.set()
        self.path.unlink(missing_ok=True)

    def _live(self) -> None:
        while not self._over.wait(BEAT):
            # What fails here the training meets itself, if it lasts.
            with suppress(OSError, HeldError):
                os.utime(self.path)
                self.confirm()


def about(pid: int) -> dict[str, Any]:
    """What a holder's file says of a process of this machine.

    host, system: the machine's name; its boot and the process namespace, in which `pid` means one
    process. born: when the process began, in a clock of the system. slurm, restart: which job of
    Slurm it is, and how often that was queued again.
    """
    job, cluster = (os.environ.get(f"SLURM_{name}") for name in ("JOB_ID", "CLUSTER_NAME"))
    return {
        "host": socket.gethostname(),
        "system": _system(),
        "pid": pid,
        "born": _born(pid),
        "slurm": f"{cluster}/{job}" if job else None,
        "restart": int(os.environ.get("SLURM_RESTART_COUNT", "0")),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _holders(folder: Path) -> list[Holder]:
    """By number; at most the last of them lives."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    numbered = sorted(int(name[7:]) for name in names if re.fullmatch(r"holder\.\d+", name))
    return [_read(folder / f"holder.{number}") for number in numbered]


def _is_locked(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    return False


def _read(path: Path) -> Holder:
    try:
        says = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # just let go, or being written
        says = {}
    whole = isinstance(says, dict) and set(says) >= {"host", "system", "pid", "born", "since"}
    return Holder(path, says if whole else {})


def _make(path: Path) -> None:
    with path.open("x", encoding="utf-8") as file:
        try:
            with named(path):
                file.write(json.dumps(about(os.getpid())) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


def _is_earlier_start(says: dict[str, Any]) -> bool:
    """Whether it was this very job of Slurm, which runs again after all its processes ended."""
    here = about(os.getpid())
    same = here["slurm"] is not None and says.get("slurm") == here["slurm"]
    return bool(same and says.get("restart", 0) < here["restart"])


def _is_silent(path: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".now") as file:
            os.utime(file.name)
            now = Path(file.name).stat().st_mtime
        return now - path.stat().st_mtime > EXPIRES
    except FileNotFoundError:  # it has let go
        return True
    except OSError:
        return False


def _system() -> str:
    """Empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _born(pid: int) -> str | None:
    """None if there is no such process; without /proc, only whether there is one."""
    if not Path("/proc/self/stat").exists():
        try:
            with suppress(PermissionError):  # another user's: it is there
                os.kill(pid, 0)
        except ProcessLookupError:
            return None
        return ""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]
