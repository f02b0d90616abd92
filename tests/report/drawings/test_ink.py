import numpy as np

from hypernetworks.report.drawings.ink import blend, change_by_pen, shades, strokes

from .small import written


def test_strokes_are_cut_at_their_ends():
    line = written()["strokes"][0]
    drawn = strokes(line)
    assert [len(stroke) for stroke in drawn] == [4, 1, 4]
    where, x, y = [], 0.0, 0.0
    for dx, dy, _ in line.tolist():
        x, y = x + dx, y + dy
        where.append((x, y))
    np.testing.assert_allclose(np.concatenate(drawn), where)
    assert [len(stroke) for stroke in strokes(np.ones((2, 3)))] == [1, 1]


def test_the_changes_of_points_that_the_pen_comes_to_through_the_air():
    line, scaled = written()["strokes"][0], np.zeros((8, 4))
    scaled[[3, 4]] = 0.5  # points 4 and 5
    scaled[0, :2] = 1
    assert change_by_pen(line, scaled) == (
        "mean change within strokes 0.08, from stroke to stroke 0.50"
    )
    assert change_by_pen(line[:3], scaled[:2]) == "mean change within strokes 0.25"


def test_ink_is_as_bright_as_the_weights_change():
    line, scaled = written()["strokes"][0], np.zeros((8, 4))
    scaled[1], scaled[5], scaled[3] = 0.5, 0.125, 1  # points 2 and 6, and the dot
    found = {piece.point: (piece.first, piece.color) for piece in shades(line, scaled)}
    calm, hot = blend("#1f2a44", "#e4572e", 0), blend("#1f2a44", "#e4572e", 1)
    assert (calm, hot) == ("#1f2a44", "#e4572e")
    half = blend("#1f2a44", "#e4572e", 0.5)
    assert found == {
        1: (0, calm),
        2: (1, hot),
        3: (2, calm),
        4: (4, hot),
        6: (5, half),
        7: (6, calm),
        8: (7, calm),
    }
    assert {piece.color for piece in shades(line, None)} == {calm}
