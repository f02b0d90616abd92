"""Generated handwriting: the same every time, by writers who differ, stroke by stroke."""

import numpy as np
import pytest

from hypernetworks.data.generated import handwriting
from hypernetworks.data.generated.alphabet import glyphs
from hypernetworks.data.generated.handwriting import INTERVAL, Hand, forms, trace


def plain(**others):
    """A hand without slant, jitter and waves, of one unit a grid unit."""
    settings = {"number": 0, "scale": 100.0, "slant": 0.0, "wide": 1.0, "spacing": 0.5}
    settings |= {"jitter": 0.0, "slope": 0.0, "wave": 0.0, "joins": 0.0}
    return Hand(**settings | others)


def written(text, place=0, **others):
    return trace(text, place, plain(**others), np.random.default_rng(0))


def test_the_same_seed_writes_the_same_lines_however_many_are_asked_for():
    few, many = ([t for f in forms(n, 3, 5) for t in f.lines] for n in (8, 40))
    other = [t for f in forms(8, 3, 6) for t in f.lines]
    assert (len(few), len(many)) == (8, 40)
    for one, same in zip(few, many, strict=False):
        assert one.text == same.text
        assert np.array_equal(one.points, same.points)
    assert [line.text for line in other] != [line.text for line in few]


def test_lines_are_as_long_as_iams():
    lengths = np.array([len(t.points) for f in forms(300, 12, 0) for t in f.lines])
    assert 620 < lengths.mean() < 740
    assert 0.9 < (lengths >= 300).mean() < 0.99
    assert np.quantile(lengths, 0.9) < 1000


def test_a_straight_stroke_runs_from_end_to_end_in_sensor_units():
    stem = written("I")
    assert len(set(stem.points[:, 0].tolist())) == 1
    assert stem.strokes.tolist() == [0] * len(stem.strokes)
    # Eight grid units of 100 from the top down; smoothing draws each end in by 14/24 of a step.
    assert np.ptp(stem.points[:, 1]) == pytest.approx(800 - 2 * 50 * 14 / 24, abs=2)
    steps = np.diff(stem.points[:, 1])
    assert (steps > 0).all()  # y points down
    assert steps[len(steps) // 2] == pytest.approx(50, abs=1)  # the spacing, 0.5 grid units
    assert steps[0] < 40  # slower at the ends
    assert np.diff(stem.times) == pytest.approx(INTERVAL)


def test_the_pen_slows_at_corners():
    steps = np.hypot(*np.diff(written("L").points, axis=0).T)
    corner = len(steps) * 8 // 12
    assert steps[corner - 2 : corner + 2].min() < 0.8 * steps[corner // 2]


def test_each_stroke_of_each_letter_is_one_and_bars_come_after_the_letter():
    line = written("Ti")
    pieces = line.pieces()
    assert len(pieces) == sum(len(glyphs()[symbol].strokes) for symbol in "Ti") == 4
    assert [p.start for p in pieces[1:]] == [p.stop for p in pieces[:-1]]
    bar = line.points[pieces[1]]
    assert np.ptp(bar[:, 0]) > 400 > 50 > np.ptp(bar[:, 1])
    pauses = (
        line.times[[p.start for p in pieces[1:]]] - line.times[[p.stop - 1 for p in pieces[:-1]]]
    )
    assert (pauses > 0.1).all()


def test_a_joining_hand_writes_on_within_words_only():
    assert len(written("ale", joins=1.0).pieces()) == 1
    assert len(written("ale ale", joins=1.0).pieces()) == 2
    assert len(written("ale", joins=0.0).pieces()) == 3
    assert len(written("tie", joins=1.0).pieces()) == 3  # the bar and the dot after the word


def test_hands_change_size_slant_and_speed():
    height = np.ptp(written("l").points[:, 1])
    assert np.ptp(written("l", scale=200.0).points[:, 1]) == pytest.approx(2 * height, abs=2)
    assert np.ptp(written("I", slant=0.5).points[:, 0]) == pytest.approx(
        371, abs=6
    )  # half the height
    assert len(written("o", spacing=0.25).points) == pytest.approx(
        2 * len(written("o").points), abs=2
    )
    drawn = [Hand.draw(number, 0) for number in range(20)]
    assert len({hand.slant for hand in drawn}) == 20
    assert Hand.draw(3, 0) == drawn[3] != Hand.draw(3, 1)


def test_lines_of_a_board_lie_below_each_other_and_later():
    first, second = written("one"), written("one", place=1)
    assert second.points[:, 1].min() > first.points[:, 1].max()
    assert second.times[0] > first.times[-1]


def test_every_symbol_of_the_texts_can_be_written():
    used = {s for f in forms(400, 3, 0) for t in f.lines for s in t.text} - {" "}
    assert used <= set(glyphs())
    for symbol in glyphs():
        assert len(written(symbol).points) >= 2
    assert handwriting.SMOOTHING.sum() == pytest.approx(1)
