"""A random order of any many numbers that is never written out: each place is computed alone.

A Feistel network on the numbers' two halves, walked until it is back within the count.
"""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 6
Numbers = NDArray[np.uint64]


def permuted(places: NDArray[np.int64], count: int, *seed: int) -> NDArray[np.int64]:
    """What stands at these places of a random order of 0 to count - 1.

    Args:
        places: numbers below the count, any shape.
        seed: non-negative; which order it is.
    """
    keys = np.random.SeedSequence(seed).generate_state(ROUNDS, np.uint64)
    half = np.uint64(max(1, -(-(count - 1).bit_length() // 2)))
    mask = (np.uint64(1) << half) - np.uint64(1)
    found = places.astype(np.uint64)
    outside = np.ones(found.shape, dtype=np.bool_)
    while outside.any():
        left, right = found[outside] >> half, found[outside] & mask
        for key in keys:
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        found[outside] = left << half | right
        outside = found >= count
    return found.astype(np.int64)


def _mixed(numbers: Numbers) -> Numbers:
    """Splitmix64's last steps: every bit of the outcome hangs on all of a number's."""
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)
