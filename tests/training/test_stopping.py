"""Why runs end passes between the processes of a sweep; a closed terminal ends none too early."""

import pickle
import signal
import subprocess
import sys

import pytest

from hypernetworks.training.stopping import Diverged, Interrupted
from tests.terminal import in_terminal

# Its errors go to the terminal, the rest to a pipe, which stays.
PRINTS = """\
import sys, time
from hypernetworks.training.stopping import stop_on_signals
with stop_on_signals() as stop:
    print("begun", flush=True)
    while stop.signum is None:
        time.sleep(0.01)
    print("saved", flush=True)
    print("error: interrupted", file=sys.stderr, flush=True)
sys.exit(128 + stop.signum)
"""


@pytest.mark.parametrize(
    "error", [Interrupted(7, 15), Interrupted(7, 2, True), Diverged("the loss")]
)
def test_errors_survive_being_sent(error):
    received = pickle.loads(pickle.dumps(error))
    assert type(received) is type(error)
    assert str(received) == str(error)
    assert vars(received) == vars(error)


def test_what_a_closed_terminal_would_have_shown_ends_no_run():
    with in_terminal([sys.executable, "-c", PRINTS], stdout=subprocess.PIPE) as (process, close):
        assert process.stdout.readline() == b"begun\n"
        close()
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + signal.SIGHUP, b"saved\n")
