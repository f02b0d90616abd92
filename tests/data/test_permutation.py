import numpy as np
import pytest

from hypernetworks.data.permutation import permuted


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64, 65, 1000, 4097])
def test_every_number_is_there_once(count: int) -> None:
    assert sorted(permuted(np.arange(count), count, 0, 7)) == list(range(count))


def test_a_place_is_computed_alone() -> None:
    whole = permuted(np.arange(1000), 1000, 3, 1)
    assert np.array_equal(permuted(np.arange(400, 420), 1000, 3, 1), whole[400:420])


def test_orders_look_random_and_differ() -> None:
    count = 50_000
    one, other = (permuted(np.arange(count), count, 0, epoch) for epoch in (0, 1))
    for a, b in ((one, np.arange(count)), (one, other), (one[1:], one[:-1])):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / count**0.5
    assert (one == np.arange(count)).sum() < 10
    # Where the first thousand places lie: as even as random numbers.
    bins = np.bincount(one[:1000] * 20 // count, minlength=20)
    assert ((bins - 50) ** 2 / 50).sum() < 44  # chi-squared with 19 degrees, 0.1 %
