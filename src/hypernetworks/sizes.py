"""Sizes as callers give them: whole numbers of any library, no bools, no floats."""

import operator
from typing import SupportsIndex


def whole(name: str, size: SupportsIndex) -> int:
    """The size as an int.

    Raises:
        ValueError: naming it, for what is no whole number (floats, bools) or below 1.
    """
    try:
        found = 0 if isinstance(size, bool) else operator.index(size)
    except TypeError:
        found = 0
    if found < 1:
        raise ValueError(f"{name}={size!r}: it must be a whole number, at least 1")
    return found
