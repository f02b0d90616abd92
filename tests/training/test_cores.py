"""The processors that a container or a job leaves to this process."""

import os

import pytest

from hypernetworks.training.cores import suitable_threads, usable_cores, wait_asleep

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 100000", CORES),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("150000 100000", min(2, CORES)),
        ("9900000 100000", CORES),
        ("nonsense", CORES),
    ],
)
def test_the_second_version_of_control_groups(text, expected, tmp_path):
    (tmp_path / "cpu.max").write_text(f"{text}\n")
    assert usable_cores(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", CORES), ("100000", 1)])
def test_the_first_version(quota, expected, tmp_path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert usable_cores(tmp_path) == expected


def test_without_control_groups(tmp_path):
    assert usable_cores(tmp_path) == CORES


@pytest.mark.parametrize(
    ("text", "expected"), [("1", 1), ("9999", CORES), ("", CORES), ("x", CORES)]
)
def test_those_of_a_job_of_slurm(text, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", text)
    assert usable_cores(tmp_path) == expected


def test_threads_are_for_steps_that_are_worth_waking_them():
    assert suitable_threads(4_000 * 50, 8) == 1
    assert suitable_threads(4_000_000 * 3200, 8) == 8
    assert suitable_threads(4_000_000 * 3200, 1) == 1


def test_waiting_threads_sleep_unless_somebody_said_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
