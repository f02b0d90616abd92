"""A pen's readings: offsets, removed steps and filled gaps, against numbers worked out by hand."""

import numpy as np
import pytest

from hypernetworks.data.pen import FASTEST, PAUSE, Readings, filled, without_jumps


def readings(*strokes, start=0.0, interval=0.01):
    """Strokes of points (x, y), read at one interval, or of (x, y, time)."""
    rows, number = [], 0
    for stroke, points in enumerate(strokes, 1):
        for point in points:
            time = point[2] if len(point) > 2 else start + interval * number
            rows.append((*point[:2], time, stroke))
            number += 1
    values = np.array(rows, float)
    return Readings(values[:, :2], values[:, 2], values[:, 3].astype(int))


def strokes(found):
    """The points of each stroke."""
    return [found.points[found.strokes == n].tolist() for n in np.unique(found.strokes)]


def test_offsets_are_from_the_point_before_and_the_bit_is_on_a_strokes_last():
    line = readings([(10, 20), (13, 18), (13, 18)], [(5, 30)], [(5, 31), (4, 33)])
    assert line.offsets().tolist() == [
        [0, 0, 0],
        [3, -2, 0],
        [0, 0, 1],
        [-8, 12, 1],
        [0, 1, 0],
        [-1, 2, 1],
    ]
    assert line.offsets().sum(0)[:2].tolist() == [4 - 10, 33 - 20]


def test_a_lines_only_point_ends_its_stroke():
    assert readings([(7, 7)]).offsets().tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("stroke", "left", "removed"),
    [
        ([(0, 0), (1, 0), (90, 0), (2, 0), (3, 0)], [[(0, 0), (1, 0), (2, 0), (3, 0)]], 1),
        ([(0, 0), (90, 0), (1, 0)], [[(0, 0), (1, 0)]], 1),
        ([(0, 0), (90, 0), (-90, 0), (1, 0)], [[(0, 0), (1, 0)]], 2),
        ([(90, 0), (0, 0), (1, 0)], [[(0, 0), (1, 0)]], 1),
        ([(0, 0), (1, 0), (90, 0)], [[(0, 0), (1, 0)]], 1),
        ([(0, 0), (1, 0), (90, 0), (91, 0)], [[(0, 0), (1, 0)], [(90, 0), (91, 0)]], 0),
        ([(0, 0), (90, 0)], [], 2),
        ([(0, 0), (10, 0)], [[(0, 0), (10, 0)]], 0),  # not longer than the jump
        ([(0, 0), (6, 8), (12, 16.1)], [[(0, 0), (6, 8)]], 1),  # 10 and a little more
        ([(0, 0)], [[(0, 0)]], 0),
    ],
)
def test_impossible_steps_are_removed(stroke, left, removed):
    found, points, divided = without_jumps(readings(stroke), 10)
    assert strokes(found) == [[list(point) for point in points] for points in left]
    assert (points, divided) == (removed, max(0, len(left) - 1))


def test_steps_between_strokes_may_be_of_any_length():
    line = readings([(0, 0), (1, 0)], [(500, 0)], [(-500, 0), (-501, 0)])
    found, *counts = without_jumps(line, 10)
    assert counts == [0, 0]
    assert strokes(found) == strokes(line)


def test_no_step_is_longer_than_the_jump_afterwards():
    random = np.random.default_rng(0)
    for _ in range(300):
        line = readings(*(random.normal(0, 8, (random.integers(1, 9), 2)) for _ in range(3)))
        found, removed, divided = without_jumps(line, 10)
        steps = np.hypot(*np.diff(found.points, axis=0).T)
        assert (steps[found.within()] <= 10).all()
        assert len(line) - len(found) == removed
        assert np.isin(found.times, line.times).all()
        assert divided >= 0


def test_missing_readings_are_put_on_a_line_at_the_strokes_own_interval():
    stroke = [(0, 0, 1.00), (1, 2, 1.02), (7, -4, 1.08), (8, -4, 1.10)]
    found, new = filled(readings(stroke), 0.05)
    assert new == 2  # 0.06 s are three intervals of 0.02 s
    assert found.points == pytest.approx(
        np.array([[0, 0], [1, 2], [3, 0], [5, -2], [7, -4], [8, -4]])
    )
    assert found.times == pytest.approx([1.00, 1.02, 1.04, 1.06, 1.08, 1.10])
    assert found.strokes.tolist() == [1] * 6
    assert found.offsets()[:, 2].tolist() == [0, 0, 0, 0, 0, 1]


def test_the_interval_is_the_mean_of_rounded_times():
    # Read at 60 Hz, written in hundredths: 0.02, 0.02, 0.01; the gap lasts six intervals.
    times = [0.00, 0.02, 0.03, 0.05, 0.07, 0.08, 0.18, 0.20, 0.22]
    found, new = filled(readings([(n, 0, time) for n, time in enumerate(times)]), 0.05)
    assert new == 5
    assert len(found) == len(times) + 5


def test_a_single_missing_reading_does_not_stretch_the_interval():
    times = [0.00, 0.02, 0.06, 0.08, 0.14]
    found, new = filled(readings([(n, 0, time) for n, time in enumerate(times)]), 0.05)
    assert new == 2
    assert found.points[:, 0] == pytest.approx([0, 1, 2, 3, 3 + 1 / 3, 3 + 2 / 3, 4])


def test_a_short_stroke_is_filled_at_the_lines_interval_and_pen_lifts_are_not():
    first = [(0, 0, 0.0), (1, 0, 0.02), (2, 0, 0.04)]
    short = [(9, 0, 0.5), (9, 3, 0.56)]
    found, new = filled(readings(first, short), 0.05)
    assert new == 2
    assert np.array(strokes(found)[1]) == pytest.approx(np.array([[9, y] for y in range(4)]))


@pytest.mark.parametrize(
    "stroke",
    [
        [(0, 0, 0.0), (9, 9, 0.4)],  # nothing says how often the pen was read
        [(0, 0, 769.05), (1, 1, 769.1), (2, 2, 769.12)],  # 0.05 s are not more than 0.05 s
        [(0, 0, 0.0), (1, 1, 0.02), (2, 2, 0.02 + 1.5 * PAUSE)],  # a pause
        [(0, 0, 5.0), (1, 1, 5.02), (2, 2, 1.0)],  # the clock was set
        [(0, 0, 3.0), (1, 1, 3.0), (2, 2, 3.2)],  # a clock that stands
        [(0, 0, 3.0)],
    ],
)
def test_what_has_no_missing_readings_stays(stroke):
    line = readings(stroke)
    found, new = filled(line, 0.05)
    assert new == 0
    assert np.array_equal(found.points, line.points)


def test_a_strange_clock_does_not_fill_the_memory():
    found, new = filled(readings([(0, 0, 0.0), (1, 0, 1e-5), (2, 0, 0.9)]), 0.05)
    assert new == round(0.9 / FASTEST) - 1
    assert len(found) == new + 3
