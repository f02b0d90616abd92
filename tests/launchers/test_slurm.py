"""Rows as jobs of a real Slurm: slurm.sh starts one on this machine (make test-slurm)."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hypernetworks.report.records import find
from tests.app.conftest import SMALL

PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "sbatch")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
pytestmark = [
    pytest.mark.skipif(
        "HYPERNETWORKS_SKIP_NOTHING" not in os.environ, reason="takes minutes: make test-slurm"
    ),
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.skipif(os.geteuid() != 0, reason="root alone starts Slurm's daemons"),
]
SCRIPT = Path(__file__).with_name("slurm.sh")
JOBS = ("partition=debug", "mem_gb=1", "cpus_per_task=1", "timeout_min=30")
ROW = ("experiment=table7/hyper_cnn", "trainer.max_steps=300", "trainer.eval_every=100")
STEPS = [word for word in SMALL if not word.startswith(("threads", "trainer.max", "trainer.eval"))]
PATIENCE = 600.0  # seconds


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run(["sh", SCRIPT, "start", folder], check=True)
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    yield
    subprocess.run(["sh", SCRIPT, "stop", folder], check=True)
    del os.environ["SLURM_CONF"]


@pytest.fixture
def begin(cluster, data_dir, tmp_path):
    """Starts the command line with its rows as jobs, in an empty folder."""
    processes = []

    def start(*words):
        jobs = ("hydra/launcher=slurm", *(f"hydra.launcher.{word}" for word in JOBS))
        places = (f"data_dir={data_dir}", "logger=none")
        command = [sys.executable, "-m", "hypernetworks", *places, *jobs, *STEPS, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=tmp_path, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
    slurm("scancel", "--user=root")


def slurm(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def wait_until(true, what):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def job_of(results):
    """The one job's number, once its run has had some steps."""
    wait_until(lambda: any(p.read_text() for p in results.rglob("metrics.jsonl")), "no step")
    return slurm("squeue", "--noheader", "--format=%i")


def resume_now(job):
    """Slurm lets two minutes pass before it starts a job again."""
    wait_until(lambda: slurm("squeue", "--noheader", "--format=%t") == "PD", "not queued again")
    slurm("scontrol", "update", f"jobid={job}", "starttime=now")


def ended(process, status=0):
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, out + err
    assert "Traceback" not in out + err
    return out, err


def test_two_that_run_one_table_share_its_rows(begin, tmp_path):
    both = [begin("sweep=table_a1", "trainer.max_steps=20", "results_dir=results") for _ in "ab"]
    for process in both:
        out, err = process.communicate(timeout=PATIENCE)
        refused = "another process runs this" in err or "is just taking" in err
        assert process.returncode == (1 if refused else 0), out + err
        assert "The rows are jobs of Slurm" in out
    found = find(tmp_path / "results")
    assert [(r["row"], r["status"], len(r["segments"])) for r in found] == [
        ("coord_mlp", "finished", 1),
        ("mlp", "finished", 1),
    ]
    assert {r["machine"]["threads"] for r in found} == {1}  # those of its job
    assert not list((tmp_path / "results").rglob("holder.*"))


@pytest.mark.parametrize("pushed", [False, True], ids=["its time is up", "pushed out"])
def test_a_job_saves_is_queued_again_and_resumes_to_the_same_bits(begin, tmp_path, command, pushed):
    process = begin("-m", *ROW)
    job = job_of(tmp_path / "results")
    if pushed:
        slurm("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    else:
        slurm("scancel", "--signal=USR2", job)
    wait_until(lambda: find(tmp_path)[0]["status"] == "interrupted", "not saved")
    resume_now(job)
    ended(process)
    (record,) = find(tmp_path / "results")
    steps = [(part["first_step"], part["last_step"]) for part in record["segments"]]
    assert record["status"] == "finished"
    assert len(steps) == 2
    assert 0 < steps[0][1] == steps[1][0] < steps[1][1] == 300
    command(*ROW, *STEPS, "logger=none", "threads=1", "results_dir=whole")
    (whole,) = find(tmp_path / "whole")
    assert whole["metrics"] == record["metrics"]


def test_a_job_that_is_cancelled_is_saved_and_said(begin, tmp_path):
    process = begin("-m", *ROW, "trainer.max_steps=100000")
    job = job_of(tmp_path / "results")
    slurm("scancel", job)
    _, err = ended(process, 1)
    assert err.splitlines()[-1].startswith(f"error: Job {job} ")
    assert "CANCELLED" in err.splitlines()[-1]
    (record,) = find(tmp_path / "results")
    assert record["status"] == "interrupted"


def test_a_job_that_is_ended_by_hand_is_saved_and_leaves_its_place(begin, tmp_path):
    process = begin("-m", *ROW, "trainer.max_steps=100000")
    slurm("scancel", "--signal=TERM", job_of(tmp_path / "results"))
    _, err = ended(process, 1)
    assert err.splitlines()[-1].startswith("error: SIGTERM, but not by Slurm: the run is saved")
    (record,) = find(tmp_path / "results")
    assert record["status"] == "interrupted"


def test_who_stops_waiting_is_told_that_the_jobs_go_on(begin, tmp_path):
    process = begin("-m", *ROW, "trainer.max_steps=100000")
    job = job_of(tmp_path / "results")
    process.terminate()
    _, err = ended(process, 143)
    assert err.splitlines()[-1] == (
        f"error: interrupted; the jobs go on; scancel {job.partition('_')[0]} ends them"
    )
    assert slurm("squeue", "--noheader", "--format=%i %t") == f"{job} R"


def test_what_slurm_refuses_is_said_in_its_words(begin, tmp_path):
    _, err = ended(begin("-m", *ROW, "hydra.launcher.partition=nosuch"), 1)
    last = err.splitlines()[-1]
    assert last.startswith("error: sbatch: error: invalid partition specified: nosuch")
    assert not (tmp_path / "results" / "runs" / "7").exists()
