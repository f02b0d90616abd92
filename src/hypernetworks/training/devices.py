"""Where a run computes: one device, or one process a device under torchrun (plain torch)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from os import environ, sysconf
from typing import Any
from warnings import filterwarnings

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore
from torch.nn.parallel import DistributedDataParallel

from hypernetworks.training import processes
from hypernetworks.training.precision import computed_in
from hypernetworks.training.settings import SettingsError
from hypernetworks.training.synchronised import synchronised
from hypernetworks.training.together import PATIENCE, Peers, peers


@dataclass(frozen=True)
class Placement:
    """This process's device and its place among the processes of the run."""

    device: torch.device
    rank: int = 0
    world: int = 1
    peers: Peers | None = None

    @property
    def leads(self) -> bool:
        """Whether this process writes the files; exactly one of a run does."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model to call in training: averages the gradients over the processes, and what batch
        norm knows of a batch."""
        if self.world == 1:
            return model
        # A kernel of one pixel lies the same with its channels first or last.
        filterwarnings("ignore", "Grad strides do not match bucket view strides")
        return DistributedDataParallel(synchronised(model, self.device))

    def alike(self) -> AbstractContextManager[None]:
        """Within it nothing waits for another process; what raises in one raises in all."""
        return nullcontext() if self.peers is None else self.peers.alike()

    def unshared(self, wrapped: nn.Module) -> AbstractContextManager[None]:
        """Within it gradients stay this process's, to be averaged with those of a later batch."""
        return wrapped.no_sync() if isinstance(wrapped, DistributedDataParallel) else nullcontext()

    def autocast(self, precision: str) -> AbstractContextManager[Any]:
        """What computes in "float32", or in "bfloat16" where that is safe and the device has it."""
        on = computed_in(precision, self.device) == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on)

    def largest(self, *numbers: int) -> list[int]:
        """For each number the largest of all processes, so that all act on the same ones."""
        if self.world == 1:
            return list(numbers)
        shared = torch.tensor(numbers, dtype=torch.int32, device=self.device)
        dist.all_reduce(shared, dist.ReduceOp.MAX)
        return shared.tolist()

    def from_lead(self, value: Any) -> Any:
        """The leading process's value, in every process."""
        if self.world == 1:
            return value
        shared = [value]
        dist.broadcast_object_list(shared, device=self.device)
        return shared[0]

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, by rank."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a value over the processes."""
        if self.world == 1:
            return value
        dist.all_reduce(value, dist.ReduceOp.SUM)
        return value / self.world


@contextmanager
def placement(name: str) -> Iterator[Placement]:
    """Opens the device, and the process group if torchrun started this process.

    What raises within raises in all processes, as far as they can hear of it: see
    `together.Peers.alike`.

    Args:
        name: "auto" (CUDA, else the CPU), or a torch device such as "cpu", "cuda:1", "mps".
    Raises:
        SettingsError: if torch has no such device here, or fewer GPUs than processes.
    """
    if processes.count() == 1:
        yield Placement(_device(name))
        return
    mine = peers()
    with mine.alike():
        device = _device_of_mine(name)
    # Of a name of its own: in the store lies where the processes met for the row before.
    store = PrefixStore(f"group {mine.parts}", mine.store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=mine.rank, world_size=mine.world)
    try:
        # A process that leaves early takes down its neighbours' pending collectives.
        with mine.alike(PATIENCE):
            yield Placement(device, mine.rank, mine.world, mine)
    finally:
        if not mine.left_alone:  # else this would wait for them
            dist.destroy_process_group()


def memory_of(device: torch.device) -> int:
    """Bytes of memory of a GPU, or of the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return sysconf("SC_PAGE_SIZE") * sysconf("SC_PHYS_PAGES")


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise SettingsError("device=meta holds no numbers; use cpu, cuda or mps")
        if device.type == "cuda":
            _same_numbers_every_time()
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(f"device={name} cannot be used here: {reason}") from error
    return device


def _device_of_mine(name: str) -> torch.device:
    """The device of this one of several processes."""
    local_rank = int(environ["LOCAL_RANK"])
    device = _device(name)
    if device.type == "cuda":
        _check_one_each(int(environ.get("LOCAL_WORLD_SIZE", local_rank + 1)))
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    return device


def _check_one_each(processes: int) -> None:
    gpus = torch.cuda.device_count()
    if processes > gpus:
        raise SettingsError(
            f"{processes} processes on this machine, GPUs: {gpus}; "
            f"use --nproc-per-node={gpus}, or device=cpu"
        )


def _same_numbers_every_time() -> None:
    """CUDA's fastest kernels add in any order; these choices make a seed repeat its numbers."""
    environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Memory that is about to be written needs no numbers of its own first.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
