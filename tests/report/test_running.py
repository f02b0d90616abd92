"""A run that is recorded as running is one only while its process holds the lock."""

import subprocess
import sys

import pytest

from hypernetworks.report import records
from hypernetworks.report.aggregate import state_of
from hypernetworks.report.running import is_held

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def record(put):
    found = records.read(put(status="running", steps=7))
    found.lock.parent.mkdir()
    return found


def test_without_a_lock_nothing_runs_and_none_is_made(record):
    assert not is_held(record.lock)
    assert not record.lock.exists()


def test_a_process_that_is_killed_runs_no_more(record):
    command = [sys.executable, "-c", HOLD, str(record.lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert records.why_not_published(record) == "not finished (running)"
        assert state_of(record) == "running at step 7"
        process.kill()
        process.wait()
    assert records.why_not_published(record) == "not finished (crashed)"
    assert state_of(record) == "crashed at step 7"
