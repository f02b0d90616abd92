"""Processes that share a run: one model, the same as one process alone trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.distributed import HashStore

from hypernetworks.training import devices
from hypernetworks.training.settings import SettingsError
from hypernetworks.training.together import Peers
from tests.training.small import finish, small_loop
from tests.training.two_processes import CHANGES, gradient_norms, model_with_norm

ROOT = Path(__file__).parents[2]


def test_two_processes_that_accumulate_train_the_model_of_one(tmp_path):
    """Halves of batches, in steps of 3, 3 and 1: gradients are averaged once a step, and batch norm
    knows mean and variance of the whole batch, which its running ones show."""
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node=2")
    command = [sys.executable, "-m", *torchrun, "-m", "tests.training.two_processes", str(tmp_path)]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=ROOT, env=quiet, check=True, capture_output=True)
    first, second = (torch.load(tmp_path / f"weights{rank}.pt") for rank in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)

    alone = small_loop(tmp_path / "alone.pt", model=model_with_norm(), **CHANGES)
    norms = gradient_norms(finish(alone))
    torch.testing.assert_close(first, alone.model.state_dict())

    assert max(norms.values()) > CHANGES["clip_norm"]
    for rank in range(2):
        unclipped, clipped = torch.load(tmp_path / f"norms{rank}.pt")
        assert clipped == pytest.approx(norms, rel=1e-4)
        assert unclipped[1] == pytest.approx(norms[1], rel=1e-4)


@pytest.mark.parametrize(
    ("known", "processes"),
    [({"LOCAL_WORLD_SIZE": "4", "LOCAL_RANK": "0"}, 4), ({"LOCAL_RANK": "2"}, 3)],
)
def test_more_processes_than_gpus_are_refused_by_each_of_them(monkeypatch, known, processes):
    """Also by those that would have a GPU, which would wait for the others."""
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    for name, value in {"WORLD_SIZE": "8", "RANK": "0", **known}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(devices, "peers", lambda: Peers(HashStore(), 0, 1))
    monkeypatch.setattr(devices, "_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    told = f"{processes} processes on this machine, GPUs: 2; use --nproc-per-node=2, or device=cpu"
    with pytest.raises(SettingsError, match=told), devices.placement("auto"):
        pass


def test_the_memory_of_the_machine():
    about = Path("/proc/meminfo")
    if not about.exists():
        pytest.skip("no such file on this system")
    kilobytes = int(about.read_text().split()[1])
    assert devices.memory_of(torch.device("cpu")) == pytest.approx(1024 * kilobytes, rel=1e-3)


def test_repeatable_numbers_without_filling_memory(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    filling = torch.utils.deterministic.fill_uninitialized_memory
    try:
        devices._same_numbers_every_time()
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch._C._get_deterministic_fill_uninitialized_memory()
    finally:
        torch.use_deterministic_algorithms(False)
        torch.utils.deterministic.fill_uninitialized_memory = filling
