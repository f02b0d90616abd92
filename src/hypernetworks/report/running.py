"""Whether a run that its record calls running still is: a killed one could not say how it ended."""

from pathlib import Path

from filelock import FileLock, Timeout


def is_held(lock: Path) -> bool:
    """Whether a process holds a run's lock, which the system lets go however a process ends.

    True too where locks cannot be asked for, such as in a folder that may only be read.
    """
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError, NotImplementedError):
        return True
