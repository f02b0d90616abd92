"""The pointwise steps of rows.py in C++ (rows.cpp), in a library that is called through ctypes.

Nobody has to have a compiler: without one, and until enough work has been done to be worth the
seconds, the torch forms of rows.py run. Results differ by rounding alone.
"""

import ctypes
import logging
import os
import subprocess
from ctypes import c_double, c_float, c_int64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.fused import compiling
from hypernetworks.recurrent.fused.graphs import compiled_forms
from hypernetworks.recurrent.fused.rows import Rows

log = logging.getLogger("hypernetworks")
# Steps x batch x units, forward, after which compiling (some 3 seconds) pays: about 3 s of work.
WORTH_COMPILING = 5_000_000
# Below this many elements a step, a second thread costs more than it brings.
WORTH_A_THREAD = 16_384
NAMES = {
    (torch.float32, torch.float32): "float",
    (torch.float64, torch.float64): "double",
    (torch.float32, torch.bfloat16): "bfloat16",
}


class Native:
    """A cell over a sequence, as rows.cpp sees it: `forward` and `backward` of `rows`."""

    def __init__(self, rows: Rows, library: ctypes.CDLL) -> None:
        name = NAMES[rows.h.dtype, rows.products.dtype]
        self.rows = rows  # holds the memory that the structure points to
        self._struct = _structure(rows, c_double if name == "double" else c_float)
        self._address = ctypes.addressof(self._struct)
        self._forward = getattr(library, f"forward_{name}")
        self._backward = getattr(library, f"backward_{name}")

    def forward(self, t: int, first: int, end: int) -> None:
        self._forward(self._address, t, first, end)

    def backward(self, t: int, first: int, end: int) -> None:
        self._backward(self._address, t, first, end)


def native(rows: Rows) -> Native | Rows:
    """The C++ form of the rows where there is one and it pays, else the rows themselves."""
    if rows.h.device.type == "cuda":
        rows.forward_form, rows.backward_form = compiled_forms()
    if rows.h.device.type != "cpu" or rows.gates != 4 or rows.h.shape[1] == 0:
        return rows
    if (rows.h.dtype, rows.products.dtype) not in NAMES:
        return rows
    found = library(rows.products.shape[0] * rows.h.shape[1] * rows.h.shape[2])
    return Native(rows, found) if found else rows


def library(work: int) -> ctypes.CDLL | None:
    """The library where there is one and it pays.

    Args:
        work: how many numbers its functions will see, beside those of calls before.
    """
    return loaded() or _worth_it(work)


def threads(batch: int, units: int) -> int:
    """How many threads share a step's rows."""
    wanted = torch.get_num_threads() if batch * units >= WORTH_A_THREAD else 1
    return max(1, min(wanted, batch))


@cache
def _structure_type(real: Any) -> type[ctypes.Structure]:
    """Rows of rows.cpp."""
    sizes = ("batch", "units", "threads", "product_stride", "grad_stride")
    reals = ("forget_bias", "epsilon")
    pointers = (
        *("products", "inputs", "scales", "bias", "gain", "offset", "cell_gain", "cell_offset"),
        *("mask", "h", "c", "h_product", "grad_output", "grad_cells", "grad_h", "grad_c"),
        *("grad_products", "grad_inputs", "grad_scales", "grad_parameters"),
    )
    fields: list[tuple[str, Any]] = [(n, c_int64) for n in sizes]
    fields += [(n, real) for n in reals]
    fields += [(n, c_void_p) for n in pointers]
    return type("Structure", (ctypes.Structure,), {"_fields_": fields})


def _structure(rows: Rows, real: Any) -> ctypes.Structure:
    norm, grads = rows.norm, rows.gradients
    batch, units = rows.h.shape[1:]
    tensors: dict[str, Tensor | None] = {
        name: getattr(rows, name)
        for name in ("inputs", "scales", "bias", "mask", "h", "c", "h_product")
    }
    if norm is not None:
        tensors |= norm._asdict()
    if grads is not None:
        tensors |= {f"grad_{name}": value for name, value in vars(grads).items()}
    products, grad_products = rows.products, tensors.pop("grad_products", None)
    for name, value in tensors.items():
        assert value is None or value.is_contiguous(), name
    found = {**tensors, "products": products, "grad_products": grad_products}
    _check_memory(found, rows)
    return _structure_type(real)(
        batch=batch,
        units=units,
        threads=threads(batch, units) if grads is None else len(grads.parameters),
        product_stride=_row_stride(products),
        grad_stride=0 if grad_products is None else _row_stride(grad_products),
        forget_bias=rows.forget_bias,
        epsilon=rows.epsilon,
        **{name: None if value is None else value.data_ptr() for name, value in found.items()},
    )


def _check_memory(tensors: dict[str, Tensor | None], rows: Rows) -> None:
    """Refuses what C++ would read as other numbers: it sees addresses alone."""
    of_products = {"products", "inputs", "h_product", "grad_products", "grad_inputs"}
    for name, value in tensors.items():
        dtype = rows.products.dtype if name in of_products else rows.h.dtype
        if value is not None and (value.dtype != dtype or value.device.type != "cpu"):
            found = f"{value.dtype} on {value.device}"
            raise TypeError(f"{name} is {found}, not {dtype} on the CPU as the others are")


def _row_stride(tensor: Tensor) -> int:
    """Elements from one row of (T, B, ...) to the next; rows are whole and steps follow steps."""
    steps, batch, _ = tensor.shape
    stride = tensor.stride(1) if batch > 1 else tensor.stride(0)
    assert tensor.stride(2) == 1
    assert steps == 1 or tensor.stride(0) == batch * stride
    return stride


_work = 0
_library: ctypes.CDLL | None = None
_tried = False


def loaded() -> ctypes.CDLL | None:
    """The library, if this process has it."""
    return _library


def _worth_it(work: int) -> ctypes.CDLL | None:
    """Loads the library when a cached one exists, or when there has been enough work."""
    global _work
    _work += work
    return load(build=_work > WORTH_COMPILING) if not _tried else None


def load(build: bool = True) -> ctypes.CDLL | None:
    """Loads the library, compiling it if need be.

    Args:
        build: whether to compile it where it is not in the cache.
    Returns:
        None if HYPERNETWORKS_COMPILE=0, if there is no compiler, or if it fails (said once).
    """
    global _library, _tried
    compiler = compiling.compiler_command()
    if _library or _tried or os.environ.get("HYPERNETWORKS_COMPILE") == "0" or not compiler:
        return _library
    try:
        folder, name = compiling.cache_folder(), f"rows-{compiling.library_key(compiler)}"
        path = compiling.whole_library(folder, name)
        if path is None and not build:
            return None
        _tried = True
        if path is None:
            log.warning("compiling the pointwise steps of recurrent cells into %s, once", folder)
            path = compiling.compile_library(compiling.SOURCES, folder, name)
        _library = open_library(path)
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        # RuntimeError: no home folder to keep it in; ValueError: a CXX with an open quote.
        _tried = True
        log.warning("no compiled steps, torch operations instead: %s", error)
    return _library


def open_library(path: Path) -> ctypes.CDLL:
    """A compiled rows.cpp whose functions can be called."""
    library = ctypes.CDLL(str(path))
    for name in NAMES.values():
        for direction in ("forward", "backward"):
            getattr(library, f"{direction}_{name}").argtypes = (c_void_p, *[c_int64] * 3)
            getattr(library, f"{direction}_{name}").restype = None
    return library
