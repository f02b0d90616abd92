"""A disk that is full ends a run in one line that names the file, and the same command resumes."""

import errno
import logging
import os
from pathlib import Path

import pytest

from hypernetworks.app.listeners import RunLog
from hypernetworks.app.outcome import RunRecord
from hypernetworks.app.run import run
from hypernetworks.report.records import find
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.stopping import Diverged
from tests.app.conftest import SMALL

FULL = Path("/dev/full")  # whoever writes to it has no space left
needs_full = pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")


def test_a_checkpoint_that_does_not_fit(command, tmp_path):
    """Files that may not grow beyond 100 kB stand for a full disk: the record fits, no checkpoint
    does."""
    words = ("experiment=table7/hyper_cnn", "logger=none", "trainer.checkpoint_every=0", *SMALL)
    done = command(*words, check=False, largest=100_000)
    assert done.returncode == 1
    (record,) = find(tmp_path / "results")
    folder = record.path.parent / record["id"]
    relative = Path("results") / (folder / "checkpoint.pt").relative_to(tmp_path / "results")
    line = f"[Errno {errno.EFBIG}] {os.strerror(errno.EFBIG)}: '{relative}'"
    assert done.stderr == f"error: {line}\n"
    assert (record["status"], record["error"], record["steps"]) == ("failed", line, 1)
    assert sorted(path.name for path in folder.iterdir()) == ["log.txt", "metrics.jsonl"]

    command(*words)
    command(*words, "force=true")
    resumed, whole = sorted(find(tmp_path / "results"), key=lambda r: len(r["id"]))
    assert (resumed["status"], len(resumed["segments"])) == ("finished", 1)
    assert resumed["metrics"] == whole["metrics"]


@needs_full
def test_a_log_that_cannot_be_written_is_said_once(caplog):
    logger = logging.getLogger("hypernetworks")
    handler = RunLog(FULL)
    logger.addHandler(handler)
    try:
        logger.warning("one")
        logger.warning("two")
    finally:
        logger.removeHandler(handler)
    said = f"no log is written: [Errno 28] {os.strerror(errno.ENOSPC)}: '/dev/full'"
    assert sorted(caplog.messages) == [said, "one", "two"]


@needs_full
def test_metrics_that_cannot_be_written_name_their_file():
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        MetricsFile(FULL).append(1, {"loss": 0.5})


def test_a_record_that_cannot_be_closed_hides_nothing(small, monkeypatch, caplog):
    def full(record, status, error):
        raise OSError(errno.ENOSPC, "No space left on device", "record.json")

    monkeypatch.setattr(RunRecord, "close", full)
    with pytest.raises(Diverged):
        run(small("table7/cnn", "trainer.lr=1e30"))
    assert "the record stays as it was: [Errno 28] No space left on device" in caplog.text
    with pytest.raises(OSError, match=r"record\.json"):
        run(small("table7/cnn"))
