"""Words drawn as numpy draws them."""

import numpy as np
import pytest

from hypernetworks.data.generated.grammar import choose


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_the_kth_option_is_drawn_once_in_k_as_numpy_would(count):
    options = [str(number) for number in range(count)]
    shares = np.array([1 / (number + 1) for number in range(count)])
    ours, numpys = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(500):
        assert choose(options, ours) == numpys.choice(options, p=shares / shares.sum())
    assert ours.random() == numpys.random()
