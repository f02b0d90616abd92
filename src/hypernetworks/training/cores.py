"""How many processors this process may use, and how many threads are worth it."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
WORTH_THREADS = 1e7  # multiplications of a step, some milliseconds: waking threads takes as long


def usable_cores(cgroups: Path = CGROUPS) -> int:
    """Processors of the affinity mask, of the control group's quota, of a job of Slurm (which
    clusters do not always hold it to): the fewest of these."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = len(affinity) if affinity else os.cpu_count() or 1
    job = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return max(1, min(cores, _quota(cgroups) or cores, int(job) if job.isdigit() else cores))


def suitable_threads(multiplications: float, cores: int) -> int:
    """One for a small step, else as many as there are cores.

    Args:
        multiplications: of a step's forward pass.
    """
    return cores if multiplications >= WORTH_THREADS else 1


def wait_asleep() -> None:
    """Lets threads that wait for others sleep, if nobody said otherwise; before torch is imported.

    By default they turn in a loop for a while; on a machine with other work they then hold up the
    very threads that they wait for, and a step takes many times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def _quota(cgroups: Path) -> int | None:
    """Whole processors of the control group's quota; None where there is none."""
    second, first = cgroups / "cpu.max", cgroups / "cpu" / "cpu.cfs_quota_us"
    try:
        if second.is_file():
            quota, period = second.read_text().split()
        else:
            quota, period = first.read_text(), (first.with_name("cpu.cfs_period_us")).read_text()
        share = float(quota) / float(period)
    except (OSError, ValueError):  # no such file, or "max"
        return None
    return math.ceil(share) if share > 0 else None
