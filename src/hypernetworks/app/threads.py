"""How many threads a run computes with: no part of what it is, but its last bits depend on it."""

from typing import Any

import torch

from hypernetworks.app import rows
from hypernetworks.app.outcome import Run
from hypernetworks.training.cores import suitable_threads, usable_cores


def threads_of(run: Run, earlier: dict[str, Any] | None) -> int:
    """As many as `threads=` says; a resumed run's own; else what its step is worth.

    Args:
        run: built.
        earlier: its record, if it is resumed.
    """
    if run.cfg.threads is not None:
        return int(run.cfg.threads)
    # torch knows OMP_NUM_THREADS, and no control group.
    cores = min(rows.share_of(usable_cores()), torch.get_num_threads())
    if earlier:
        return min(int(earlier["machine"]["threads"]), cores)
    return suitable_threads(run.experiment.multiplications(run.model), cores)
