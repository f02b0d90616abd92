"""The rule that divides a segment into rows of writing."""

import numpy as np
import pytest

from hypernetworks.data.ink_rows import rows


def stroke(left, bottom, width=10, height=10):
    """A zigzag from the left to the right that fills its box."""
    return np.array(
        [[left, bottom], [left + width / 2, bottom + height], [left + width, bottom]], float
    )


def word(left, bottom, letters=6):
    return [stroke(left + 12 * number, bottom) for number in range(letters)]


def lengths(strokes):
    return [len(row) for row in rows(strokes)]


def test_a_word_below_and_to_the_left_is_a_new_row():
    assert lengths(word(0, 0) + word(0, -30, 4) + word(0, -60, 2)) == [6, 4, 2]


def test_strokes_stay_themselves_in_their_order():
    strokes = word(0, 0) + word(0, -30)
    assert [part for row in rows(strokes) for part in row] == strokes


@pytest.mark.parametrize(
    "late",
    [
        stroke(5, 12, 2, 2),  # a dot above the first letter
        stroke(0, -2, 20, 1),  # an underline that touches
        stroke(0, 4, 60, 1),  # a bar through all
        stroke(66, -40),  # far below, at the right end
        stroke(0, 30),  # above
    ],
)
def test_late_strokes_of_a_row_stay_in_it(late):
    assert lengths([*word(0, 0), late]) == [7]


def test_the_middle_of_a_row_is_a_median_of_its_strokes():
    # A descender that was taken in does not draw the middle down.
    assert lengths([*word(0, 0), stroke(66, -40, height=45), *word(0, -30)]) == [7, 6]


def test_the_height_is_that_of_strokes_of_more_than_two_points():
    bars = [np.array([[0, 100.0], [1, -100.0]]) for _ in range(9)]
    assert lengths(word(100, 0) + bars + word(0, -300)) == [15, 6]
    # Without any, it is one unit: what lies lower by more than 1.3 is a new row.
    dots = [np.array([[10.0, 0.0]]), np.array([[0.0, -1.2]]), np.array([[0.0, -1.5]])]
    assert lengths(dots[:2]) == [2]
    assert lengths([dots[0], dots[2]]) == [1, 1]


def test_one_stroke_is_one_row():
    assert lengths([np.zeros((1, 2))]) == [1]
