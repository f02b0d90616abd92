"""A terminal for a process, and its end: what closing a window, or a lost connection, does."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
from contextlib import contextmanager


def _take():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def in_terminal(command, **options):
    """Starts it in one of its own; yields the process, and what closes the terminal."""
    window, inside = pty.openpty()
    options = {"stdin": inside, "stdout": inside, "stderr": inside} | options
    options |= {"start_new_session": True, "preexec_fn": _take}
    with (
        subprocess.Popen(["cat"], stdin=window, stdout=subprocess.DEVNULL) as reader,
        subprocess.Popen(command, **options) as process,
    ):
        os.close(window)
        os.close(inside)
        try:
            yield process, reader.kill
        finally:
            reader.kill()
