"""What every test stands on: no tracker online, sample data generated once, small runs."""

import gc
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tests import little

ROOT = Path(__file__).resolve().parent.parent
os.environ["WANDB_MODE"] = "offline"
torch.set_num_threads(1)  # the tests run side by side, a worker a core
os.environ["WANDB_SILENT"] = "true"


def pytest_collection_modifyitems(items):
    """The longest test first: begun last, it would run while the other workers wait."""
    items.sort(key=lambda item: item.name != "test_a_case_of_each_kind_holds")


def pytest_collection_finish():
    gc.freeze()  # else each full collection goes through all that was imported


def pytest_sessionfinish(session):
    """Where a Slurm, a Ray or an Optuna is asked for, it is no success that there is none."""
    skipped = session.config.pluginmanager.get_plugin("terminalreporter").stats.get("skipped")
    if skipped and "HYPERNETWORKS_SKIP_NOTHING" in os.environ:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    """A folder of this test run alone, one for all of its workers."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def data_dir(shared_folder):
    """A data folder with little sample data."""
    little.write(shared_folder / "sample-data")
    return shared_folder / "sample-data"


@pytest.fixture(scope="session")
def demo_data(shared_folder):
    """A data folder where the demo's own sample data are generated as they are looked for."""
    return shared_folder / "demo-data"


@contextmanager
def warm_starts(**variables):
    """Yields what runs the command line as tests/warm.py does, with variables of the environment:
    `run(words, folder, (stdout, stderr))`, which gives the ended process."""
    variables |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    server = [sys.executable, "-m", "tests.warm"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(server, cwd=ROOT, env={**os.environ, **variables}, **pipes) as process:

        def run(words, folder, outputs, largest=None, **more):
            environment = {**os.environ, **variables, **more}
            request = {"words": words, "folder": str(folder), "environment": environment}
            request |= {"outputs": [str(path) for path in outputs], "largest": largest}
            print(json.dumps(request), file=process.stdin, flush=True)
            status = int(process.stdout.readline())
            return subprocess.CompletedProcess(words, status, *(p.read_text() for p in outputs))

        yield run


@pytest.fixture(scope="session")
def warm():
    with warm_starts() as run:
        yield run


@pytest.fixture
def cold(data_dir, tmp_path):
    """Runs `python -m hypernetworks` as a user would, in an empty folder, on one thread unless the
    variables that are given say otherwise."""

    def run(*words, check=True, **variables):
        own = {"HYPERNETWORKS_DATA": str(data_dir), "OMP_NUM_THREADS": "1", **variables}
        done = subprocess.run(
            [sys.executable, "-m", "hypernetworks", *words],
            cwd=tmp_path,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=900,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def command(warm, data_dir, tmp_path, tmp_path_factory):
    """The same without its imports, for all but processes that start others."""
    printed = tmp_path_factory.mktemp("printed")
    outputs = (printed / "stdout", printed / "stderr")

    def run(*words, check=True, largest=None):
        """largest: bytes beyond which no file may grow, as on a full disk."""
        data = {"HYPERNETWORKS_DATA": str(data_dir)}
        done = warm(words, tmp_path, outputs, largest, **data)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run
