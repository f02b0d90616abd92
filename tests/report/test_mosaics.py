import numpy as np
import pytest

from hypernetworks.report.mosaics import filter_grid, kernel_grid, mosaic
from hypernetworks.report.records import RecordError


def test_kernel_grid_by_hand():
    """Two output, three input channels, kernels of one row and two columns."""
    kernels = np.zeros((2, 3, 1, 2))
    kernels[0, 0] = [[-1.0, 1.0]]  # output 0, input 0: top left
    kernels[1, 0] = [[0.6, -0.2]]  # output 1, input 0: top right
    kernels[1, 2] = [[1.0, 1.0]]  # output 1, input 2: bottom right
    # 127.5 + 127.5 w, rounded to even: w = 0 is 128, 0.6 is 204, -0.2 is 102; gaps are white
    expected = [
        [0, 255, 255, 204, 102],
        [255, 255, 255, 255, 255],
        [128, 128, 255, 128, 128],
        [255, 255, 255, 255, 255],
        [128, 128, 255, 255, 255],
    ]
    image = kernel_grid(kernels)
    assert image.dtype == np.uint8
    assert image.tolist() == expected


def test_filter_grid_by_hand():
    """Three filters lie in two columns; the fourth place stays white."""
    filters = np.array([[[2.0]], [[-2.0]], [[1.0]]], dtype=np.float16)
    assert filter_grid(filters).tolist() == [[255, 255, 0], [255, 255, 255], [191, 255, 255]]


def test_the_scale_is_symmetric_whatever_the_unit():
    weights = np.random.default_rng(0).normal(size=(4, 4, 7, 7))
    image = kernel_grid(weights)
    assert image.shape == (31, 31)
    assert (kernel_grid(1000 * weights) == image).all()
    tile = image[8:15, 24:31].astype(int)  # input 1, output 3
    exact = 127.5 + 127.5 * weights[3, 1] / np.abs(weights).max()
    assert np.abs(tile - exact).max() <= 0.5


def test_zero_weights_are_gray():
    assert (filter_grid(np.zeros((1, 2, 2))) == 128).all()


def test_mosaic_goes_by_dimensions():
    assert mosaic(np.ones((2, 3, 5, 5))).shape == (17, 11)
    assert mosaic(np.ones((5, 4, 4))).shape == (9, 14)
    for bad in (np.ones((2, 2)), np.ones((0, 3, 3)), np.full((1, 2, 2), np.nan)):
        with pytest.raises(RecordError, match="cannot be drawn"):
            mosaic(bad)


def test_whole_numbers_are_drawn_like_others():
    tiles = np.array([[[-128, 0]], [[127, 64]]], dtype=np.int8)
    assert (mosaic(tiles) == mosaic(tiles.astype(np.float64))).all()
