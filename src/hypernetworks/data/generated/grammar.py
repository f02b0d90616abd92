"""Text from patterns with named gaps: frequent patterns and words first, as in a language."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def choose(options: Sequence[str], random: np.random.Generator) -> str:
    """An option, the k-th with a probability proportional to 1 / k.

    The one that `random.choice` draws, which checks and sums the probabilities at every word.
    """
    return options[int(_cumulative(len(options)).searchsorted(random.random(), side="right"))]


@cache
def _cumulative(count: int) -> NDArray[np.floating[Any]]:
    """How probable the first k of so many options are together, for each k."""
    weights = 1 / np.arange(1, count + 1)
    sums = (weights / weights.sum()).cumsum()
    return sums / sums[-1]


def expand(pattern: str, values: Mapping[str, Sequence[str]], random: np.random.Generator) -> str:
    """The pattern with every `{kind}` replaced by one of the values of that kind."""
    while "{" in pattern:
        kind = pattern[pattern.index("{") + 1 : pattern.index("}")]
        pattern = pattern.replace(f"{{{kind}}}", choose(values[kind], random), 1)
    return pattern
