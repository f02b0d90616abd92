"""Rows as tasks of Ray on this machine, in the environment that has it (make test-ray)."""

import os
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from hypernetworks.report.records import find
from tests.app.conftest import SMALL

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed here: make test-ray"
)
RAY = Path(sys.executable).with_name("ray")
STEPS = [word for word in SMALL if not word.startswith("threads")]


@pytest.fixture
def rows(data_dir, tmp_path):
    """Runs both rows of table a1 as tasks, in an empty folder; with words more."""

    def run(*words, **variables):
        places = (f"data_dir={data_dir}", "logger=none", *STEPS)
        command = [sys.executable, "-m", "hypernetworks", "reproduce", "--table", "a1"]
        return subprocess.run(
            [*command, "--launcher", "ray", *places, *words],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=900,
        )

    return run


def test_a_table_on_a_ray_that_is_started_for_it(rows, tmp_path):
    done = rows()
    assert done.returncode == 0, done.stderr
    assert "Table a1: Fully connected networks on MNIST" in done.stdout
    found = find(tmp_path / "results")
    assert [(r["row"], r["status"]) for r in found] == [
        ("coord_mlp", "finished"),
        ("mlp", "finished"),
    ]
    assert {r["machine"]["threads"] for r in found} == {1}


def test_a_ray_that_runs_already_elsewhere(rows, tmp_path):
    """Its processes began in another folder than the command, whose results are relative."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [RAY, "start", "--head", "--block", f"--port={port}", "--node-ip-address=127.0.0.1"]
    start += ["--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
    other = tmp_path / "elsewhere"
    other.mkdir()
    variables = {"RAY_AUTH_MODE": "disabled"}
    with subprocess.Popen(start, cwd=other, env={**os.environ, **variables}) as cluster:
        try:
            done = rows(f"hydra.launcher.ray.init.address=127.0.0.1:{port}", **variables)
        finally:
            cluster.terminate()
    assert done.returncode == 0, done.stderr
    assert len(find(tmp_path / "results")) == 2


def test_a_signal_stops_the_rows_after_their_step(data_dir, tmp_path):
    command = [sys.executable, "-m", "hypernetworks", "reproduce", "--table", "a1"]
    words = ["--launcher", "ray", *STEPS, f"data_dir={data_dir}", "logger=none"]
    words += ["trainer.max_steps=100000", "trainer.eval_every=100000"]
    with subprocess.Popen([*command, *words], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 300
        while sum(bool(p.read_text()) for p in tmp_path.rglob("metrics.jsonl")) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.terminate()
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 143
    assert b"error: interrupted; the same command resumes" in errors
    for record in find(tmp_path):
        assert (record["status"], record["steps"] > 0) == ("interrupted", True)
        assert (record.folder / "checkpoint.pt").exists()


def test_no_ray_where_one_should_be_is_one_line(rows, tmp_path):
    done = rows("hydra.launcher.ray.init.address=auto", RAY_TMPDIR=str(tmp_path), RAY_ADDRESS="")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert not find(tmp_path / "results")
