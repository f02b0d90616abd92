"""The kernels of a network's calls: each call has its own, and runs in one thread."""

import threading
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.torch_private import in_backward_pass


class Call(NamedTuple):
    """A call that runs: its kernels by layer, and whether a backward pass made it."""

    kernels: dict[str, Tensor]
    in_backward: bool


class Own:
    """What one thread has: the calls that run in it, the innermost last; the last one's kernels."""

    def __init__(self) -> None:
        self.running: list[Call] = []
        self.last: dict[str, Tensor] = {}


class Threads(threading.local):
    """Torch compiles changes of an object that a thread has, not of `threading.local` itself."""

    def __init__(self) -> None:
        self.own = Own()


class Current:
    """Where a network's layers find the kernels of the call that they run in; all share one.

    Activation checkpointing calls layers again in the backward pass, in threads of autograd's and
    when the call is long over: there a layer makes its kernel anew from the parameters, as a
    plain layer would read its weight anew.

    Args:
        banks: {"3": KernelBank, ...}.
        names: {"3": [names of its layers, in the bank's order], ...}.
    """

    def __init__(self, banks: nn.ModuleDict, names: dict[str, list[str]]) -> None:
        self.banks = banks
        self.names = names
        self.threads = Threads()

    def begin(self, kernels: dict[str, Tensor]) -> None:
        in_backward = not torch.compiler.is_compiling() and in_backward_pass()
        self.threads.own.running.append(Call(kernels, in_backward))

    def end(self) -> None:
        own = self.threads.own
        own.last = own.running.pop().kernels

    @property
    def kernels(self) -> dict[str, Tensor]:
        """Of this thread's innermost call, else of its last; empty before the first."""
        own = self.threads.own
        return own.running[-1].kernels if own.running else own.last

    def of(self, name: str) -> Tensor:
        """The kernel of the layer of that name.

        Raises:
            RuntimeError: outside of this thread's calls and of backward passes.
        """
        found = self._running(name)
        if found is not None:
            return found
        if not in_backward_pass():
            raise RuntimeError(
                f"{name} has a generated kernel in its network's calls alone; for methods other "
                "than the call: with net.generated() as model: ..."
            )
        return self._alone(name)

    def weight(self, name: str) -> Tensor:
        """The kernel of the layer of that name, for the caller to keep: a kernel that calls share
        is copied, outside of calls it is made."""
        found = self._running(name)
        return self._alone(name) if found is None else own(found)

    def lay_out(self, name: str, kernel: Tensor) -> None:
        """Replaces the kernel of a running call by one of the same numbers."""
        if self._running(name) is not None:
            self.threads.own.running[-1].kernels[name] = kernel

    def _running(self, name: str) -> Tensor | None:
        running = self.threads.own.running
        if not running:
            return None
        call = running[-1]
        if not torch.compiler.is_compiling() and call.in_backward != in_backward_pass():
            return None  # the backward pass of some call within this one
        return call.kernels.get(name)

    def _alone(self, name: str) -> Tensor:
        (size,) = [size for size, names in self.names.items() if name in names]
        # What it saves for its gradient is its own: checkpointing counts what the layer saves.
        with torch.autograd.graph.saved_tensors_hooks(_itself, _itself):
            return self.banks[size].kernel(self.names[size].index(name))  # type: ignore[operator]

    def __reduce__(self) -> tuple[Any, ...]:
        return Current, (self.banks, self.names)  # calls belong to no copy and no file


def own(kernel: Tensor) -> Tensor:
    """Kernels without a gradient may be kept for later calls: whoever writes gets a copy."""
    return kernel if kernel.requires_grad else kernel.clone()


def _itself(tensor: Tensor) -> Tensor:
    return tensor
