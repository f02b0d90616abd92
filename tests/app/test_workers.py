"""Processes that end with the one that started them, however it died."""

import os
import signal
import subprocess
import sys
import time

import pytest

from hypernetworks.app import workers
from hypernetworks.app.workers import STARTED_BY
from hypernetworks.training.stopping import stop_on_signals

# Two processes of a pool: one whose row saves at SIGTERM, one without a row.
POOL = """\
import signal, sys, time
from joblib import Parallel, delayed
from hypernetworks.app import workers

def row(number):
    if number:
        return
    with workers.at_work:
        asked = []
        signal.signal(signal.SIGTERM, lambda *given: asked.append(given))
        print("begun", flush=True)
        while not asked:
            time.sleep(0.01)
        print("saved", workers.orphaned.is_set(), flush=True)

Parallel(2, initializer=workers.begin)(delayed(row)(number) for number in range(2))
"""

# Another run of the command line, which does not come to its end.
RUN = """\
import os, subprocess, sys
from hypernetworks.app.workers import STARTED_BY
code = '''
import sys, time
from hypernetworks.app import main
main._open = lambda words: print("begun", flush=True) or time.sleep(600)
main.main()
'''
environment = {**os.environ, STARTED_BY: str(os.getpid())}
subprocess.run([sys.executable, "-c", code], env=environment)
"""


@pytest.mark.parametrize(("code", "said"), [(POOL, "saved True\n"), (RUN, "")])
def test_they_end_with_it(code, said):
    """What they print ends once they are all gone."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout.readline() == "begun\n"
        one.kill()
        assert one.communicate(timeout=120)[0] == said


def test_one_that_its_parent_has_left_already_is_asked_to_stop(monkeypatch):
    """And its own children are told nothing of it."""
    heard = []
    monkeypatch.setenv(STARTED_BY, "1" if os.getppid() != 1 else "2")
    before = signal.signal(signal.SIGTERM, lambda signum, frame: heard.append(signum))
    try:
        workers.end_with_parent()
        deadline = time.monotonic() + 60
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert STARTED_BY not in os.environ


def test_a_run_that_stops_already_is_not_asked_again(monkeypatch):
    """A second signal, so long after the first, would cut what it saves."""
    asked = []
    monkeypatch.setattr(os, "kill", lambda pid, signum: asked.append(signum))
    with stop_on_signals() as stop:
        workers._ask_to_stop()
        assert asked == [signal.SIGTERM]
        stop(signal.SIGUSR1, None)
        workers._ask_to_stop()
    assert asked == [signal.SIGTERM]


def test_nohup_outlives_the_terminal():
    code = "from hypernetworks.training.stopping import SIGNALS; print(*map(int, SIGNALS))"
    for handler in ("DFL", "IGN"):  # these tests may run under nohup themselves
        begin = f"import signal; signal.signal(1, signal.SIG_{handler}); "
        done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True)
        assert ("1" in done.stdout.split()) == (handler == "DFL")
