"""Rows as jobs of Slurm: how one that is saved leaves its place, and what their launcher says.

Slurm sends SIGUSR2 before a job's time is up (`signal_delay_s`), and SIGTERM to one that it is
about to end: cancelled, or pushed out by a job that goes first. At either the run saves all.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import FrameType

from omegaconf import DictConfig

GRACE = 900.0  # seconds in which a job that was told to end is ended


def is_used(launcher: DictConfig) -> bool:
    return bool(launcher._target_.endswith("SlurmLauncher"))


class EndedByHand(Exception):
    """SIGTERM, of which Slurm knows nothing; one line says what that means."""


def leave(signum: int) -> None:
    """What becomes of a job whose run is saved, and let go by this process.

    At SIGTERM Slurm queues it again itself, unless the job was cancelled; one that ended first
    would count as done. At any other submitit's own handler does, as often as `max_num_timeout`
    allows.

    Raises:
        EndedByHand: at once, if Slurm is not about to end the job: nobody would free its place.
    """
    if signum != signal.SIGTERM:
        signal.raise_signal(signum)
    elif _is_ending():
        time.sleep(GRACE)
    else:
        raise EndedByHand("SIGTERM, but not by Slurm: the run is saved; the same command resumes")


def _is_ending() -> bool:
    """Whether Slurm is about to end this job; True too where it does not answer."""
    try:
        ask = ["scontrol", "show", "job", _own_id()]
        job = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return True
    return "JobState=RUNNING" not in job or "PreemptTime=None" not in job


def _own_id() -> str:
    """What Slurm knows this job alone by. The rows are tasks of an array, and the number of one of
    them is the array's, too: it stands for all."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
    return f"{array}_{task}" if array and task else os.environ["SLURM_JOB_ID"]


def announce(sweep: Path) -> None:
    """Says where the jobs' output will lie; at a signal, that they go on without this process."""
    folder = sweep / ".submitit"
    print(f"The rows are jobs of Slurm (squeue); what they print lies in {folder}.", flush=True)

    def stop(signum: int, frame: FrameType | None) -> None:
        jobs = sorted({path.name.partition("_")[0] for path in folder.glob("[0-9]*")})
        left = f"the jobs go on; scancel {' '.join(jobs)} ends them"
        error = KeyboardInterrupt(f"interrupted; {left}" if jobs else "interrupted")
        error.signum = signum  # type: ignore[attr-defined]
        raise error

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
