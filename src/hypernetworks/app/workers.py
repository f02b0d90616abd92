"""Processes that another one started for its runs: rows side by side, runs of `reproduce-next`.

They end with it, however it died: nobody would wait for them any more, or stop them.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

from hypernetworks.training.stopping import SIGNALS

ASK_EVERY = 1.0  # seconds between two looks at whether who started it is there
STARTED_BY = "HYPERNETWORKS_STARTED_BY"  # in the environment of such a process: whose it is

at_work = threading.Lock()  # held while a row runs in this process
orphaned = threading.Event()


def begin() -> None:
    """What a process of joblib's does first, before it has a row."""
    stay_for_others()
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.ident is not None
    _when_gone(parent.ident, _leave_pool)


def stay_for_others() -> None:
    """Keeps a process of rows side by side alive between them, whatever reaches its group.

    One that died idle would break the pool, and the pool would end the rows that are saving. A row
    that trains has handlers of its own; one that does not yet asks its sweep.
    """
    if threading.current_thread() is threading.main_thread():
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_IGN)


def end_with_parent() -> None:
    """In a process that another one started with STARTED_BY: SIGTERM once that one is gone."""
    parent = os.environ.pop(STARTED_BY, None)
    if parent is not None:
        _when_gone(int(parent), _ask_to_stop)


def _when_gone(parent: int, last: Callable[[], None]) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ASK_EVERY)
        last()

    threading.Thread(target=watch, daemon=True).start()


def _ask_to_stop() -> None:
    """But not a run that a signal stops already: a second one would cut what it saves."""
    if getattr(signal.getsignal(signal.SIGTERM), "signum", None) is None:  # of its StopFlag
        os.kill(os.getpid(), signal.SIGTERM)


def _leave_pool() -> None:
    """Ends this process once its row, if it has one, has saved.

    The pool's own way may never come to an end: what it waits for, the dead process may hold.
    """
    orphaned.set()
    _ask_to_stop()
    with at_work:
        os._exit(128 + signal.SIGTERM)
