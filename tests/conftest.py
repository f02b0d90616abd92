"""What every test stands on: no tracker online, sample data generated once, small runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hypernetworks.data.generated import digits

ROOT = Path(__file__).resolve().parent.parent
os.environ["WANDB_MODE"] = "offline"
torch.set_num_threads(1)  # the tests run side by side, a worker a core
os.environ["WANDB_SILENT"] = "true"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A data folder with the sample digits, shared by all workers of the test run."""
    folder = tmp_path_factory.getbasetemp().parent / "sample-data"
    digits.write(folder / "generated" / "MNIST" / "raw")
    return folder


@pytest.fixture
def command(data_dir, tmp_path):
    """Runs `python -m hypernetworks` in an empty folder, on one thread, as a user would."""

    def run(*arguments, check=True, module="hypernetworks", **options):
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=tmp_path,
            env={**os.environ, "HYPERNETWORKS_DATA": str(data_dir), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=900,
            **options,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run
