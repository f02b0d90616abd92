"""On CUDA: fused pointwise kernels by torch.compile, and whole sequences as CUDA graphs.

A step is a handful of small kernels; launched one by one, the gaps between them cost far more than
the kernels. A graph of the whole sequence is recorded once for each set of shapes and replayed:
its inputs are copied into the memory that it was recorded with, its outputs out of it. Nothing in
a sequence reads a number back to the host, which is what makes that possible.
"""

import logging
import os
import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.step import step_backward, step_forward

log = logging.getLogger("hypernetworks")
# Runs of the same shapes before a graph of them is recorded: a run of a few steps stays eager.
RUNS_BEFORE_RECORDING = 3
# Graphs kept; each holds the memory of a sequence.
KEPT = 8


def wanted() -> bool:
    return os.environ.get("HYPERNETWORKS_COMPILE") != "0"


@cache
def compiled_forms() -> tuple[Callable[..., None], Callable[..., None]]:
    """step_forward and step_backward, compiled for the device where that is wanted."""
    if not wanted():
        return step_forward, step_backward
    log.warning("compiling the pointwise steps of recurrent cells for the GPU")
    with warnings.catch_warnings():
        # torch 2.11's own, of what its compiler imports: no reason to end a strict program.
        warnings.filterwarnings("ignore", module="torch", category=DeprecationWarning)
        return torch.compile(step_forward), torch.compile(step_backward)


Function = TypeVar("Function", bound=Callable[..., Any])
Replay = Callable[[], None]
Record = Callable[[Callable[[], Any], torch.device], tuple[Replay, Any]]


def record_cuda(function: Callable[[], Any], device: torch.device) -> tuple[Replay, Any]:
    """Records what the function launches on the device; every replay fills its outputs anew."""
    with torch.cuda.device(device):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            function()  # allocates workspaces, which a recording may not
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side):
            outputs = function()

    def replay() -> None:
        with torch.cuda.device(device):
            graph.replay()

    return replay, outputs


def replayed(
    applies: Callable[..., bool] | None = None, record: Record = record_cuda
) -> Callable[[Function], Function]:
    """Decorates a function that is to be recorded once for each set of shapes and then replayed.

    The function takes tensors, None and plain values, all by position, and returns a tuple of
    tensors; it may not wait for the device.

    Args:
        applies: whether given arguments are to be replayed at all; on_cuda if None.
        record: see record_cuda.
    """

    def decorate(function: Function) -> Function:
        recordings = Recordings(function, record)

        @wraps(function)
        def call(*arguments: Any) -> Any:
            # Compiled steps are to see plain memory, without a history.
            arguments = tuple(a.detach() if isinstance(a, Tensor) else a for a in arguments)
            if (applies or on_cuda)(*arguments):
                return recordings.run(arguments)
            return function(*arguments)

        return cast("Function", call)

    return decorate


class Recordings:
    """What has been recorded of one function."""

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], record: Record) -> None:
        self.function = function
        self.record = record
        self.runs: dict[Any, int] = {}
        self.kept: OrderedDict[Any, tuple[list[Any], Replay, tuple[Tensor, ...]]] = OrderedDict()

    def run(self, arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
        key = tuple(_signature(a) for a in arguments)
        if key not in self.kept:
            self.runs[key] = self.runs.get(key, 0) + 1
            if self.runs[key] <= RUNS_BEFORE_RECORDING:
                return self.function(*arguments)
            self._record(key, arguments)
        self.kept.move_to_end(key)
        memory, replay, outputs = self.kept[key]
        for place, argument in zip(memory, arguments, strict=True):
            if isinstance(place, Tensor):
                place.copy_(argument)
        replay()
        return tuple(output.clone() for output in outputs)

    def _record(self, key: Any, arguments: tuple[Any, ...]) -> None:
        device = next(a.device for a in arguments if isinstance(a, Tensor))
        # Memory made in inference mode could not be filled outside of it.
        with torch.inference_mode(False), torch.no_grad():
            memory = [a.clone() if isinstance(a, Tensor) else a for a in arguments]
            replay, outputs = self.record(lambda: self.function(*memory), device)
        self.kept[key] = (memory, replay, outputs)
        del self.runs[key]
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)


def _signature(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return tuple(argument.shape), argument.stride(), argument.dtype, argument.device
    return argument


def on_cuda(*arguments: Any) -> bool:
    """Whether to replay: tensors on a CUDA device, outside of somebody else's recording."""
    first = next(a for a in arguments if isinstance(a, Tensor))
    if first.device.type != "cuda" or not wanted():
        return False
    return not torch.cuda.is_current_stream_capturing()
