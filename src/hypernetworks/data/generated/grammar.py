"""Text from patterns with named gaps: frequent patterns and words first, as in a language."""

from collections.abc import Mapping, Sequence

import numpy as np


def choose(options: Sequence[str], random: np.random.Generator) -> str:
    """An option, the k-th with a probability proportional to 1 / k."""
    weights = 1 / np.arange(1, len(options) + 1)
    return str(random.choice(options, p=weights / weights.sum()))


def expand(pattern: str, values: Mapping[str, Sequence[str]], random: np.random.Generator) -> str:
    """The pattern with every `{kind}` replaced by one of the values of that kind."""
    while "{" in pattern:
        kind = pattern[pattern.index("{") + 1 : pattern.index("}")]
        pattern = pattern.replace(f"{{{kind}}}", choose(values[kind], random), 1)
    return pattern
