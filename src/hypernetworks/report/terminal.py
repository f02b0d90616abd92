"""Standard output, whatever it is: a pipe whose reader leaves, a terminal of ASCII, a full disk."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


def show_anything() -> None:
    """A terminal that has no ± shows a question mark."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def binary_output() -> BinaryIO:
    """Standard output for bytes.

    Raises:
        OSError: if whoever started us closed it (`>&-`).
    """
    if sys.stdout is None:
        raise OSError("standard output is closed; nothing can be written to it")
    return sys.stdout.buffer


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Whoever reads our output may have seen enough (`| head -1`): nothing is wrong then.

    Raises:
        SystemExit: with status 1, after one line on stderr, if the output cannot be written.
    """
    try:
        with suppress(BrokenPipeError):
            yield
    finally:
        _flush()


def _flush() -> None:
    if sys.stdout is None:  # as above
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        # Else Python would try, and complain, once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"error: standard output: {error.strerror}", file=sys.stderr)
            sys.exit(1)
