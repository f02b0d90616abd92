"""Pickled dicts of arrays, read so that nothing in a file is run, whatever its bytes are.

Neither Python's fast unpickler nor numpy's own reconstruction stands damaged bytes: a wrong memo
index has the one ask for 64 GiB, a wrong type code ends the process in the other. So Python's
unpickler in Python reads, and plain records stand where a file asks for numpy's objects.
"""

import io
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from hypernetworks.data.errors import DataError

NUMBERS = re.compile(r"[iuf][1248]")  # type codes of arrays that are read


class _Dtype:
    """Stands for numpy.dtype: a type code, and the byte order from its state."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code, self.order = _text(code), "="

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])


class _Array:
    """Stands for numpy.ndarray and for the function that makes an empty one of it."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        _, *self.state = state

    def value(self) -> np.ndarray:
        shape, dtype, fortran, content = self.state
        if not NUMBERS.fullmatch(dtype.code) or not set(dtype.order) <= set("<>=|"):
            raise ValueError(f"an array of type {dtype.order}{dtype.code}")
        values = np.frombuffer(bytes(content), np.dtype(dtype.order + dtype.code))
        return values.reshape(shape, order="F" if fortran else "C")


class _Buffer(_Array):
    """Stands for numpy's _frombuffer, by which pickle's protocol 5 makes arrays."""

    def __init__(self, content: Any, dtype: Any, shape: Any, order: Any, *_: Any) -> None:
        self.state = shape, dtype, order == "F", content


def _encode(text: str, encoding: str) -> bytes:
    """Stands for _codecs.encode, by which Python 3 writes bytes in Python 2's protocols."""
    if encoding != "latin1":
        raise ValueError(f"bytes as {encoding}")
    return text.encode("latin1")


def _text(found: Any) -> str:
    """Of Python 2's strings, which are read as bytes, and of Python 3's."""
    return found.decode("ascii") if isinstance(found, bytes) else str(found)


STANDINS = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    # Under the names that numpy has used for them.
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _Buffer for core in ("core", "_core")},
}


class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STANDINS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return STANDINS[module, name]


def arrays(path: Path, title: str, *names: str) -> list[np.ndarray]:
    """The arrays, or lists of integers, that a pickled dict holds under the names.

    Args:
        title: what the file should be, for the error.
    Raises:
        DataError: if it is anything else.
    """
    try:
        batch = _Unpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
        named = {_text(key): value for key, value in batch.items()}
        return [_values(named[name]) for name in names]
    except Exception as error:  # damaged bytes make the unpickler raise anything
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"{path}: no {title} ({said}); replace it") from error


def _values(found: Any) -> np.ndarray:
    if isinstance(found, _Array):
        return found.value()
    # Not any list: a few bytes can nest lists that numpy would unfold without end.
    if isinstance(found, list) and all(isinstance(number, int) for number in found):
        return np.asarray(found)
    raise ValueError(f"{type(found).__name__} instead of an array or a list of integers")
