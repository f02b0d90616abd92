"""Student's interval against printed tables, the density itself, and simulated seeds."""

import math
import random

import numpy as np
import pytest

from hypernetworks.report.intervals import interval, quantile, within

# Fisher & Yates, table III: two-sided 5 % and 1 %.
PRINTED = {
    1: (12.706, 63.657),
    2: (4.303, 9.925),
    3: (3.182, 5.841),
    4: (2.776, 4.604),
    5: (2.571, 4.032),
    9: (2.262, 3.250),
    10: (2.228, 3.169),
    29: (2.045, 2.756),
    30: (2.042, 2.750),
    120: (1.980, 2.617),
}


@pytest.mark.parametrize("freedom", PRINTED)
def test_quantiles_are_the_printed_ones(freedom):
    found = tuple(round(quantile(confidence, freedom), 3) for confidence in (0.95, 0.99))
    assert found == PRINTED[freedom]


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 8])
def test_the_probability_is_the_densitys_integral(freedom):
    t = np.linspace(0, 2.5, 100_001)
    log = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    density = math.exp(log) / math.sqrt(freedom * math.pi)
    density = density * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
    area = ((density[1:] + density[:-1]) / 2 * np.diff(t)).sum()
    assert within(2.5, freedom) == pytest.approx(2 * area, abs=1e-9)


def test_an_interval_by_hand():
    # mean 2, deviation 1, 4.3027 * 1 / sqrt(3) = 2.4841
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((-0.4841, 4.4841), abs=1e-4)
    # mean 0.15, deviation 0.0707, 12.7062 * 0.0707 / sqrt(2) = 0.6353
    assert interval([0.1, 0.2]) == pytest.approx((-0.4853, 0.7853), abs=1e-4)


def test_one_value_and_equal_values_have_no_interval():
    assert interval([]) is None
    assert interval([0.5]) is None
    assert interval([0.5, 0.5]) is None
    # The differences of seeds that agree to all recorded digits are not equal as floats.
    values = [0.84 - 0.75, 0.81 - 0.72, 0.31 - 0.22]
    assert len(set(values)) > 1
    assert interval(values) is None
    assert interval([0.0, 0.0, 0.0]) is None


@pytest.mark.parametrize("count", [2, 3, 5])
def test_it_covers_the_mean_as_often_as_it_says(count):
    draw = random.Random(count)
    found = [interval([draw.gauss(3.0, 2.0) for _ in range(count)]) for _ in range(2000)]
    covered = sum(low < 3.0 < high for low, high in found) / len(found)
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / len(found)))
