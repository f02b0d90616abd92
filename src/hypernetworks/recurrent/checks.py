"""Arguments of constructors: refused by name where they could not mean what they say."""

import math


def check_rate(name: str, rate: float) -> float:
    """A probability of being dropped.

    Raises:
        TypeError: it is a bool. ValueError: it is not in [0, 1).
    """
    if isinstance(rate, bool):
        raise TypeError(f"{name}={rate}: it must be a number, not a bool")
    if not 0 <= rate < 1:
        raise ValueError(f"{name}={rate}: a probability of being dropped, 0 <= {name} < 1")
    return rate


def check_number(name: str, value: float) -> float:
    """Raises TypeError, ValueError unless it is a finite number, no bool."""
    if isinstance(value, bool | str):
        raise TypeError(f"{name}={value!r}: it must be a number")
    if not math.isfinite(value):
        raise ValueError(f"{name}={value}: it must be finite")
    return float(value)


def check_flag(name: str, flag: bool) -> bool:
    """Raises TypeError unless it is True or False: a number stands in a wrong place."""
    if not isinstance(flag, bool):
        raise TypeError(f"{name}={flag!r}: it must be True or False")
    return flag


def check_epsilon(epsilon: float) -> float:
    """What layer norm adds to a variance.

    Raises:
        ValueError: it is not above 0: equal units would be divided by 0.
    """
    if isinstance(epsilon, bool) or not 0 < epsilon < math.inf:
        raise ValueError(f"layer_norm_epsilon={epsilon}: it must be above 0, and finite")
    return float(epsilon)
