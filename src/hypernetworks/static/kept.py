"""Kernels that are kept from call to call, and never longer than they are right."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.torch_private import in_a_dispatch_mode, is_of_a_transformation


class Held(NamedTuple):
    """Kernels, a copy of what they were made of, and what else their numbers depend on."""

    kernels: dict[str, Tensor]
    parts: list[Tensor]
    setting: tuple[object, ...]


class Kept:
    """The kernels of a network's last call without gradients.

    Torch does not tell of every change of a parameter (through `.data`, numpy, fused optimisers):
    the parts themselves are compared with a copy, which takes far less than making the kernels.
    """

    def __init__(self) -> None:
        self._held: Held | None = None

    def of(
        self, parts: Sequence[Tensor], make: Callable[[], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """What `make()` makes of the parts; kept on the CPU, where comparing does not wait.

        Also made in every call: where the call is traced, compiled or transformed, and of parts
        that are no ordinary parameters.
        """
        if not _comparable(parts):
            self.forget()
            return make()
        held = self._held  # another thread may replace it meanwhile
        setting = _setting()
        if held is not None and held.setting == setting and _same(held.parts, parts):
            return held.kernels
        copies = [part.clone() for part in parts]
        kernels = make()
        if all(map(outlives_a_call, kernels.values())) and _same(copies, parts):
            self._held = Held(kernels, copies, setting)
        return kernels

    def forget(self) -> None:
        self._held = None

    def __reduce__(self) -> tuple[type["Kept"], tuple[()]]:
        return Kept, ()  # copies and files hold no kernels


def outlives_a_call(kernel: Tensor) -> bool:
    """Whether it is an ordinary tensor, none of a tracer's or of a transformation's (vmap, jvp)."""
    if torch.compiler.is_compiling():
        return True
    return type(kernel) is Tensor and not is_of_a_transformation(kernel)


def _comparable(parts: Sequence[Tensor]) -> bool:
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined]
        return False
    ordinary = all(
        type(part) is nn.Parameter
        and part.device.type == "cpu"
        and not is_of_a_transformation(part)
        for part in parts
    )
    return ordinary and not in_a_dispatch_mode()


def _setting() -> tuple[object, ...]:
    """The precision of products under autocast, if it is on; whether this is inference mode."""
    autocast = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
    return autocast, torch.is_inference_mode_enabled()


def _same(copies: Sequence[Tensor], parts: Sequence[Tensor]) -> bool:
    return all(
        copy.dtype == part.dtype and torch.equal(copy, part)
        for copy, part in zip(copies, parts, strict=True)
    )
