"""Rows as jobs of Slurm, without one; tests/launchers has a real one."""

import os
import shutil
import signal
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from hypernetworks.app import launchers, rows, slurm
from hypernetworks.app.board import Board
from hypernetworks.app.main import _foreseen
from hypernetworks.app.rows import as_row
from hypernetworks.training.stopping import Interrupted
from tests.conftest import ROOT


@pytest.fixture
def job(monkeypatch, tmp_path):
    """This process is a row that is such a job; its sweep's board."""
    config = OmegaConf.create({"launcher": {"_target_": "x.SlurmLauncher"}, "job": {"num": 3}})
    monkeypatch.setattr(rows, "board", lambda: Board(tmp_path))
    monkeypatch.setattr(rows.HydraConfig, "get", lambda: config)
    return Board(tmp_path)


def interrupted_by(signum):
    def run():
        raise Interrupted(7, signum)

    return run


def test_a_saved_job_goes_back_to_where_the_signal_would_have_sent_it(job):
    heard = []
    before = signal.signal(signal.SIGUSR2, lambda signum, frame: heard.append(signum))
    try:
        assert as_row(interrupted_by(signal.SIGUSR2), "row", Interrupted) is None
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert heard == [signal.SIGUSR2]
    assert [line["event"] for line in job.lines()] == ["begins", "interrupted"]
    assert job.stopped is None  # the other jobs go on


@pytest.fixture
def slurm_says(monkeypatch, tmp_path):
    """What `scontrol show job` prints of a job, and its status."""
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    for part in ("JOB", "TASK"):
        monkeypatch.delenv(f"SLURM_ARRAY_{part}_ID", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def answer(text, status=0, job="12"):
        program = tmp_path / "scontrol"
        start = program.read_text() if program.exists() else "#!/bin/sh\n"
        asked = f"test \"$*\" = 'show job {job}'"
        program.write_text(f"{start}{asked} && {{ echo '{text}'; exit {status}; }}\n")
        program.chmod(0o755)

    return answer


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("JobId=12\n   JobState=CANCELLED Reason=None\n   PreemptTime=None", 0),
        ("JobId=12\n   JobState=PENDING Reason=BeginTime\n   PreemptTime=None", 0),
        ("JobId=12\n   JobState=RUNNING Reason=None\n   PreemptTime=2026-11-26T08:00:00", 0),
        ("", 1),  # it does not answer
    ],
)
def test_a_saved_job_that_slurm_ends_waits_for_that(job, monkeypatch, slurm_says, said, status):
    waited = []

    def sleep(seconds):
        waited.append((seconds, job.lines()[-1]["event"]))

    slurm_says(said, status)
    # Not the module's own: a subprocess that is waited for sleeps, too.
    monkeypatch.setattr(slurm, "time", SimpleNamespace(sleep=sleep))
    assert as_row(interrupted_by(signal.SIGTERM), "row", Interrupted) is None
    assert waited == [(slurm.GRACE, "interrupted")]
    assert job.stopped is None


def test_a_job_that_is_ended_by_hand_leaves_at_once(job, slurm_says):
    slurm_says("JobId=12\n   JobState=RUNNING Reason=None\n   PreemptTime=None")
    with pytest.raises(slurm.EndedByHand, match="not by Slurm: the run is saved"):
        as_row(interrupted_by(signal.SIGTERM), "row", Interrupted)
    assert job.lines()[-1]["event"] == "interrupted"
    assert job.stopped is None


@pytest.mark.parametrize(("task", "ending"), [("0", False), ("1", True)])
def test_a_task_of_an_array_asks_of_itself_alone(monkeypatch, slurm_says, task, ending):
    """One has the array's own number as its job's, of which Slurm tells all tasks."""
    stays = "JobId=13 ArrayTaskId=0\n   JobState=RUNNING Reason=None\n   PreemptTime=None"
    goes = "JobId=12 ArrayTaskId=1\n   JobState=RUNNING\n   PreemptTime=2026-11-26T08:00:00"
    for job, said in (("12_0", stays), ("12_1", goes), ("12", f"{goes}\n\n{stays}")):
        slurm_says(said, job=job)
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", task)
    assert slurm._is_ending() is ending


def test_a_job_keeps_the_signals_that_submitit_listens_to(job):
    before = signal.getsignal(signal.SIGTERM)
    rows.stay_for_others()
    assert signal.getsignal(signal.SIGTERM) is before


def test_who_stops_waiting_is_told_which_jobs_go_on(tmp_path, capsys):
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    for name in ("12_0", "12_1", "13"):
        (tmp_path / ".submitit" / name).mkdir(parents=True)
    try:
        slurm.announce(tmp_path)
        with pytest.raises(KeyboardInterrupt) as stop:
            signal.raise_signal(signal.SIGTERM)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    assert str(stop.value) == "interrupted; the jobs go on; scancel 12 13 ends them"
    assert stop.value.signum == signal.SIGTERM
    assert f"what they print lies in {tmp_path / '.submitit'}" in capsys.readouterr().out


def test_what_a_launcher_raises_is_one_line_and_what_a_row_raises_is_not(monkeypatch):
    monkeypatch.setattr("sys.argv", ["hypernetworks"])

    def raised(module):
        code = "def launch(): raise RuntimeError('one\\ntwo\\nthree')"
        names = {"__name__": module}
        exec(code, names)
        try:
            names["launch"]()
        except RuntimeError as error:
            return error

    assert _foreseen(raised("hydra_plugins.hydra_submitit_launcher.x")) == ("one; two", 1)
    assert _foreseen(raised("hydra_plugins.hydra_optuna_sweeper.x")) is None
    assert _foreseen(raised("optuna.study")) == ("one; two", 1)
    assert _foreseen(raised("mine.nets")) is None


def test_what_a_launcher_needs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(launchers, "find_spec", lambda name: None)
    assert "pip install 'hypernetworks[launchers]'" in launchers.why_not("slurm")
    assert "LAUNCHER=ray" in launchers.why_not("ray")
    assert launchers.why_not("joblib") is None
    monkeypatch.setattr(launchers, "find_spec", lambda name: name)
    assert launchers.why_not("slurm") is launchers.why_not("ray") is None
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "srun" else program)
    assert launchers.why_not("slurm").startswith("there is no srun, so this is no machine of a")


def test_the_settings_of_slurm_are_those_that_the_page_names():
    keys = OmegaConf.load(ROOT / "conf" / "hydra" / "launcher" / "slurm.yaml")
    page = (ROOT / "docs" / "launchers.md").read_text(encoding="utf-8")
    asked = set(keys) - {"defaults", "name", "setup"}
    assert asked
    assert all(f"`{key}`" in page for key in asked)
