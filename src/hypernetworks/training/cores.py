"""How many processors this process may use: fewer than the machine has, in a container or a job."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def usable_cores(cgroups: Path = CGROUPS) -> int:
    """Processors of the affinity mask, or of the control group's quota if that is less."""
    affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    cores = len(affinity) if affinity else os.cpu_count() or 1
    return max(1, min(cores, _quota(cgroups) or cores))


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
