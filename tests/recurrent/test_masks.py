"""Masks: as often 0 as asked for, unbiased, reproducible, independent from place to place."""

import pytest
import torch

from hypernetworks.recurrent.masks import draw_mask


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.9, 0.003])
def test_rate_values_and_mean(rate):
    torch.manual_seed(0)
    mask = draw_mask(rate, (101, 99, 100), torch.empty(0))
    assert mask.shape == (101, 99, 100)
    dropped = float((mask == 0).float().mean())
    assert dropped == pytest.approx(rate, abs=4 * (rate * (1 - rate) / mask.numel()) ** 0.5 + 1e-5)
    assert mask.unique().tolist() == pytest.approx([0, 1 / (1 - rate)], rel=1e-2)
    assert float(mask.mean()) == pytest.approx(1, rel=2e-2)
    # Neighbours of one draw, and of the next: no place knows of another.
    zeros = (mask == 0).double().flatten()
    for shift in (1, 2, 3, 4, 5):
        both = float((zeros[:-shift] * zeros[shift:]).mean())
        assert both == pytest.approx(rate**2, abs=4 * rate / mask.numel() ** 0.5)


def test_types_seeds_and_rates_at_the_borders():
    torch.manual_seed(1)
    one = draw_mask(0.5, (7, 3), torch.empty(0, dtype=torch.float64))
    torch.manual_seed(1)
    assert torch.equal(one, draw_mask(0.5, (7, 3), torch.empty(0, dtype=torch.float64)))
    assert one.dtype == torch.float64
    assert draw_mask(0, (7, 3), torch.empty(0)) is None
    for rate in (1e-9, 1 - 1e-9):
        assert draw_mask(rate, (2, 2), torch.empty(0)).isfinite().all()
