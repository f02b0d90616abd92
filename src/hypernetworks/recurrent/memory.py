"""Memory for a whole sequence: on the CPU in large pages, where the system has them.

A sequence's states and products are tens of megabytes that a training step writes once and gives
back. In pages of 4 KiB the system's page faults cost a tenth of such a step.
"""

import ctypes
import sys
from functools import cache
from typing import Any

from torch import Tensor

LARGE = 4 << 20
MADV_HUGEPAGE = 14


def empty(like: Tensor, *shape: int) -> Tensor:
    """Uninitialised memory of the device and type of `like`."""
    found = like.new_empty(shape)
    size = found.numel() * found.element_size()
    if size >= LARGE and found.device.type == "cpu" and sys.platform == "linux":
        page = 4096
        start = -(-found.data_ptr() // page) * page
        # Advice: where the system declines, the memory is as good as before.
        _libc().madvise(ctypes.c_void_p(start), size - page, MADV_HUGEPAGE)
    return found


@cache
def _libc() -> Any:
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return libc
