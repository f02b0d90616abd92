"""What n values say of their mean: Student's interval.

Of differences paired by seed this is the paired t-test: a mean lies significantly above or below a
bound where the interval does not hold the bound. A bootstrap would need more values than the two to
five seeds that there are: resampled, three values give intervals that are far too narrow.
"""

import math
from collections.abc import Sequence

from hypernetworks.report.aggregate import spread

CONFIDENCE = 0.95
SAME = 1e-9  # values that differ by no more do so by rounding


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """The mean's confidence interval, two-sided; None for one value, and for values that are all
    the same, since they say nothing of how seeds differ."""
    if len(values) < 2 or math.isclose(min(values), max(values), rel_tol=SAME, abs_tol=SAME):
        return None
    found = spread(values)
    assert found.sd is not None  # there are two at least
    half = quantile(confidence, found.n - 1) * found.sd / math.sqrt(found.n)
    return found.mean - half, found.mean + half


def quantile(confidence: float, freedom: int) -> float:
    """The t within which, on both sides of 0, Student's distribution has this probability."""
    low, high = 0.0, 1.0
    while within(high, freedom) < confidence:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if within(middle, freedom) < confidence else (low, middle)
    return high


def within(t: float, freedom: int) -> float:
    """The probability of [-t, t] in Student's distribution with a whole number of degrees of
    freedom (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= k / (k + 1) * math.cos(angle) ** 2
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total
