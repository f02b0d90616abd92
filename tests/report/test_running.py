"""A run that is recorded as running is one only while its process lives."""

import pytest

from hypernetworks.holder import Hold
from hypernetworks.report import records
from hypernetworks.report.aggregate import state_of
from tests.test_holder import HOLD, child


@pytest.fixture
def record(put):
    return records.read(put(status="running", steps=7))


def test_without_a_holder_nothing_runs_and_nothing_is_made(record):
    assert state_of(record) == "crashed at step 7"
    assert not record.folder.exists()


def test_a_process_that_is_killed_runs_no_more(record):
    record.folder.mkdir()
    with child(HOLD, record.folder) as process:
        process.stdout.readline()
        assert records.why_not_published(record) == "not finished (running)"
        assert state_of(record) == "running at step 7"
        process.kill()
        process.wait()
    assert records.why_not_published(record) == "not finished (crashed)"
    assert state_of(record) == "crashed at step 7"
    Hold(record.folder).release()
