"""Runs that several processes want: one record, the others told who has it."""

import fcntl
import re
import threading

import pytest

from hypernetworks.app.identity import locate
from hypernetworks.app.run import run
from hypernetworks.holder import EXPIRES, LOCK, HeldError, Hold
from hypernetworks.report.records import Record, find, status_of
from tests.app.conftest import SMALL
from tests.conftest import warm_starts
from tests.test_holder import elsewhere


@pytest.fixture
def folder(small):
    path = locate(small(), {}).folder
    path.mkdir(parents=True)
    return path


def test_a_run_that_is_held_is_refused_before_anything_is_built(small, folder, monkeypatch):
    elsewhere(folder)
    monkeypatch.setattr("hypernetworks.app.run.prepare", None)
    with pytest.raises(HeldError, match=r"another process runs this, process [0-9]+ on far since"):
        run(small())
    assert [path.name for path in folder.iterdir()] == ["holder.1"]


def test_a_run_that_an_older_version_still_runs_is_held(small, tmp_path):
    """It locks a file, which it leaves there unlocked."""
    run(small("table7/hyper_cnn", "trainer.max_time=0.0001"))
    (begun,) = find(tmp_path)
    running = Record({**begun, "status": "running"}, begun.path)
    with (begun.folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert status_of(running) == "running"
        with pytest.raises(HeldError, match=r"another process, of an older version, runs this"):
            run(small())
    assert status_of(running) == "crashed"
    run(small())


def test_a_run_whose_holder_elsewhere_died_goes_on_from_its_checkpoint(small, folder, tmp_path):
    run(small("table7/hyper_cnn", "trainer.max_time=0.0001"))
    (begun,) = find(tmp_path)
    elsewhere(folder, EXPIRES + 60)
    run(small())
    (record,) = find(tmp_path)
    assert record["status"] == "finished"
    assert begun["steps"] == 1
    assert [s["first_step"] for s in record["segments"]] == [0, 1]
    assert not list(folder.glob("holder.*"))


def test_a_process_that_lost_its_run_leaves_the_record_to_who_has_it(
    small, folder, tmp_path, monkeypatch
):
    """As one that was stopped for long, and goes on after its third step."""
    asked = Hold.confirm_after_a_pause

    def late(hold):
        late.steps += 1
        if late.steps == 3:
            elsewhere(folder, number=2)
            hold._seen -= 3600
        asked(hold)

    late.steps = 0
    monkeypatch.setattr(Hold, "confirm_after_a_pause", late)
    with pytest.raises(HeldError, match="no longer this process's"):
        run(small("table7/hyper_cnn", "trainer.checkpoint_every=0"))
    (record,) = find(tmp_path)
    assert (record["status"], record["steps"]) == ("running", 2)  # as the reading of step 2 left it
    assert [path.name for path in folder.glob("holder.*")] == ["holder.2"]


def test_who_has_a_row_is_said_and_the_next_row_runs(command, tmp_path, small, folder):
    elsewhere(folder)
    rows = "experiment=table7/hyper_cnn,table7/cnn"
    done = command("-m", rows, "logger=none", *SMALL, check=False)
    assert done.returncode == 1
    said = "another process runs this, process"
    assert f"7/hyper_cnn demo seed 0: {folder.relative_to(tmp_path)}: {said}" in done.stdout
    assert re.match(f"error: .*: {said}", done.stderr.splitlines()[-1])
    assert [(r["row"], r["status"]) for r in find(tmp_path)] == [("cnn", "finished")]


def test_two_processes_that_want_one_run_leave_one_record(tmp_path, data_dir):
    words = ["-m", "experiment=table7/cnn", "seed=0,1,2", "logger=none", *SMALL]
    words += [f"results_dir={tmp_path / 'results'}", f"data_dir={data_dir}"]
    ended = []

    def racer(number):
        outputs = [tmp_path / f"{number}.{name}" for name in ("out", "err")]
        with warm_starts() as start:
            gate.wait()
            ended.append(start(words, tmp_path, outputs))

    gate = threading.Barrier(2)
    racers = [threading.Thread(target=racer, args=(number,)) for number in range(2)]
    for thread in racers:
        thread.start()
    for thread in racers:
        thread.join()
    found = find(tmp_path / "results")
    assert [(r["seed"], r["status"], len(r["segments"])) for r in found] == [
        (seed, "finished", 1) for seed in range(3)
    ]
    for done in ended:
        refused = "another process runs this" in done.stderr or "is just taking" in done.stderr
        assert done.returncode == (1 if refused else 0), done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.rglob("holder.*"))
