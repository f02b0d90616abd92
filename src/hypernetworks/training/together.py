"""How the processes of a run end a piece of work alike: well in all of them, or in none.

They tell each other through torchrun's store, which needs no process group: of a group whose
processes are in the middle of different things nobody can ask anything.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from os import environ

import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from hypernetworks.training.settings import SettingsError

PATIENCE = 10.0  # seconds in which those that fail of the same cause have failed, too
LONGEST_PAUSE = 0.2  # between two looks
WELL = "well"
NEEDED = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class FailedElsewhere(RuntimeError):
    """Another process of the run failed; the leading one says why."""


class LeftAlone(RuntimeError):
    """This process failed, and the others are where they cannot hear of it: in the middle of a
    step, waiting for this one. They wait until it ends."""


class Peers:
    """This process among those of its run.

    Attributes:
        left_alone: whether the others did not follow when this process failed.
    """

    def __init__(self, store: Store, rank: int, world: int) -> None:
        self.store, self.rank, self.world = store, rank, world
        self.parts = 0
        self.left_alone = False

    @contextmanager
    def alike(self, patience: float | None = None) -> Iterator[None]:
        """What is done within ends well in all processes, or raises in all.

        All of them come here, in the same order.

        Args:
            patience: seconds that a process that failed waits for the others; None if they are
                sure to come, since nothing within makes them wait for each other.
        Raises:
            Exception: of what is done within; where this process did well, FailedElsewhere, with
                the reason of the first that did not.
            LeftAlone: with the reason, if this process failed and the others do not come.
        """
        self.parts += 1
        outcomes = PrefixStore(f"part {self.parts}", self.store)
        failure: BaseException | None = None
        try:
            yield
        except BaseException as error:
            failure = error
        outcomes.set(str(self.rank), WELL if failure is None else _told(failure))
        there = self._all_told(outcomes, None if failure is None else patience)
        if failure is not None and not isinstance(failure, Exception):
            raise failure  # a signal: all of them have it
        if not there:
            self.left_alone = True
            raise LeftAlone(str(failure)) from failure
        found = [outcomes.get(str(rank)).decode() for rank in range(self.world)]
        reasons = [(rank, reason) for rank, reason in enumerate(found) if reason != WELL]
        if failure is not None and not (lost(failure) and any(reason for _, reason in reasons)):
            raise failure
        if reasons:
            rank, reason = next((r for r in reasons if r[1]), reasons[0])
            raise FailedElsewhere(f"process {rank}: {reason}") from failure

    def _all_told(self, outcomes: Store, patience: float | None) -> bool:
        """Waits until all processes have told how it ended; in pauses, so that signals arrive."""
        keys, began, pause = [str(rank) for rank in range(self.world)], time.monotonic(), 0.001
        while not outcomes.check(keys):
            if patience is not None and time.monotonic() - began > patience:
                return False
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return True


def lost(error: BaseException) -> bool:
    """Whether an error says no more than that another process has gone."""
    return isinstance(error, dist.DistError | FailedElsewhere) or "gloo/transport" in str(error)


def _told(failure: BaseException) -> str:
    """The reason for the others; nothing of one that lies elsewhere."""
    return "" if lost(failure) else str(failure) or type(failure).__name__


@cache
def peers() -> Peers:
    """Those that torchrun started with this process.

    Raises:
        SettingsError: if not torchrun, nor anything alike, started it.
    """
    missing = [name for name in NEEDED if name not in environ]
    if missing:
        raise SettingsError(
            f"WORLD_SIZE={environ['WORLD_SIZE']} is set, but not {', '.join(missing)}: start "
            "several processes with torchrun, or unset it"
        )
    store, rank, world = next(rendezvous("env://"))
    return Peers(PrefixStore("hypernetworks", store), rank, world)
