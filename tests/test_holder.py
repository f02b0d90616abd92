"""A run is held by one process at a time; a dead holder holds nothing."""

import errno
import json
import os
import subprocess
import sys
import time

import pytest

from hypernetworks import holder as module
from hypernetworks.holder import EXPIRES, HeldError, Hold, about, holder, refuse_if_held
from tests.conftest import ROOT

HOLD = """
import sys, time
from pathlib import Path
from hypernetworks.holder import Hold
hold = Hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""
# A process goes through all folders; who holds one leaves its record, unless there is one already.
RACE = """
import sys
from pathlib import Path
from hypernetworks.holder import HeldError, Hold
print("ready", flush=True)
sys.stdin.readline()
made = refused = 0
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        hold = Hold(folder)
    except HeldError:
        refused += 1
        continue
    (folder / "inside").touch(exist_ok=False)
    if not (folder / "record").exists():
        made += 1
        (folder / "record").touch(exist_ok=False)
    (folder / "inside").unlink()
    hold.release()
print(made, refused)
"""


def child(code, *words):
    command = [sys.executable, "-c", code, *map(str, words)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(command, env=environment, **pipes)


def files_of(folder):
    return sorted(path.name for path in folder.iterdir())


def elsewhere(folder, age=0.0, number=1, **more):
    """A holder on another machine, silent for so many seconds."""
    path = folder / f"holder.{number}"
    path.write_text(json.dumps({**about(os.getpid()), "host": "far", "system": "x", **more}))
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_the_second_is_told_who_holds(tmp_path):
    hold = Hold(tmp_path)
    with pytest.raises(HeldError) as told:
        Hold(tmp_path)
    says = json.loads(hold.path.read_text())
    who = f"process {os.getpid()} on {says['host']} since {says['since']}"
    assert str(told.value) == f"{tmp_path}: another process runs this, {who}; wait for it"
    hold.release()
    assert files_of(tmp_path) == []
    refuse_if_held(tmp_path)


@pytest.mark.parametrize("dead", [False, True])
def test_of_two_that_race_one_holds_and_one_record_is_left(tmp_path, dead):
    """Through many folders, free ones or those of a dead holder that is to be followed."""
    for number in range(300):
        folder = tmp_path / f"{number:03}"
        folder.mkdir()
        if dead:
            elsewhere(folder, 2 * EXPIRES, number=7)
    racers = [child(RACE, tmp_path) for _ in range(2)]
    for racer in racers:
        racer.stdout.readline()
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    made = 0
    for racer in racers:
        words = racer.communicate(timeout=120)[0].split()
        assert racer.returncode == 0
        made += int(words[0])
    assert made == 300
    assert all(files_of(folder) == ["record"] for folder in tmp_path.iterdir())


def test_a_killed_holder_is_followed_at_once(tmp_path):
    with child(HOLD, tmp_path) as process:
        process.stdout.readline()
        with pytest.raises(HeldError, match=f"process {process.pid} on "):
            Hold(tmp_path)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried
        hold = Hold(tmp_path)
        process.wait()
    assert files_of(tmp_path) == ["holder.2"]
    hold.release()


def test_a_process_that_has_the_number_of_a_dead_one_is_another(tmp_path):
    (tmp_path / "holder.1").write_text(json.dumps({**about(os.getpid()), "born": "1"}))
    assert holder(tmp_path) is None


def test_a_holder_elsewhere_lives_until_it_is_silent_for_long(tmp_path):
    path = elsewhere(tmp_path, EXPIRES - 60)
    with pytest.raises(HeldError, match=r"on far since .*, which counts as dead 10 minutes after"):
        Hold(tmp_path)
    elsewhere(tmp_path, EXPIRES + 60)
    Hold(tmp_path).release()
    assert not path.exists()


def test_the_clock_of_this_machine_says_nothing(tmp_path, monkeypatch):
    elsewhere(tmp_path)
    monkeypatch.setattr(module.time, "time", lambda: 4e9)
    with pytest.raises(HeldError):
        Hold(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}'])
def test_what_cannot_be_read_is_a_holder_until_it_is_silent(tmp_path, text):
    path = tmp_path / "holder.1"
    path.write_text(text)
    with pytest.raises(HeldError, match="is just taking this run"):
        Hold(tmp_path)
    os.utime(path, (1, 1))
    Hold(tmp_path).release()


def test_a_holder_shows_that_it_lives(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.02)
    hold = Hold(tmp_path)
    os.utime(hold.path, (1, 1))
    deadline = time.monotonic() + 20
    while hold.path.stat().st_mtime < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert hold.path.stat().st_mtime > 2
    hold.release()


def test_who_stood_still_for_too_long_writes_no_more(tmp_path, monkeypatch):
    hold = Hold(tmp_path)
    hold.confirm_after_a_pause()
    follower = elsewhere(tmp_path, number=2)  # that took this process for dead
    hold.confirm_after_a_pause()  # no pause: not asked
    monkeypatch.setattr(module.time, "time", lambda: hold._seen + 1000)
    with pytest.raises(HeldError, match="the run is no longer this process's"):
        hold.confirm_after_a_pause()
    hold.release()
    assert files_of(tmp_path) == [follower.name]


def test_a_job_that_slurm_starts_again_follows_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    elsewhere(tmp_path, **{k: about(1)[k] for k in ("slurm", "restart")})
    with pytest.raises(HeldError):  # another process of the same job
        Hold(tmp_path)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    Hold(tmp_path).release()


def test_a_full_disk_leaves_nothing_and_names_the_file(tmp_path, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path}/holder\.1'"):
        Hold(tmp_path)
    assert files_of(tmp_path) == []


def test_a_folder_that_may_only_be_read_keeps_its_holder(tmp_path, monkeypatch):
    elsewhere(tmp_path, 2 * EXPIRES)

    def refuse(**options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(module.tempfile, "NamedTemporaryFile", refuse)
    assert holder(tmp_path) is not None
