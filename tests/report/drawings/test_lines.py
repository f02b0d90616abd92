import io

import numpy as np
import pytest
from PIL import Image

from hypernetworks.report.drawings.lines import _tops, sheet
from hypernetworks.report.panels import pictures
from hypernetworks.report.records import RecordError

from .small import written


def test_lines_under_each_other_as_they_were_written(run, figure, drawn, monkeypatch):
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection

    paths, dots = [], []

    def listen(self, found, **_):
        if isinstance(found, LineCollection):
            paths.extend(found.get_segments())
        else:
            dots.extend(found.get_offsets())

    monkeypatch.setattr(Axes, "add_collection", listen)
    arrays = written()
    run("cnn", arrays)
    figure("lines", "strokes")
    assert set(drawn()) == {".png", ".svg", ".json"}
    places = [line[:, :2].astype(float).cumsum(0) for line in arrays["strokes"]]
    boxes = [place - place.min(0) for place in places]
    boxes[1] = boxes[1] + (0, paths[2][0, 1] - boxes[1][0, 1])
    assert paths[2][:, 1].min() > 0
    for number, box in enumerate(boxes):
        np.testing.assert_allclose(paths[2 * number], box[:4])
        np.testing.assert_allclose(dots[number], box[4])
        np.testing.assert_allclose(paths[2 * number + 1], box[5:])


def test_lines_leave_each_other_room_and_no_more():
    """Three lines that fall by their length: a bay's distance apart, not their whole height."""
    x = np.linspace(0, 1000, 500)
    falling = np.stack([x, x], 1)
    one, two, three = _tops([falling] * 3, 1000.0)
    apart = 0.3 * 1000 + 1000 / 24  # and what a line falls within a column
    assert (one, two) == (0, pytest.approx(apart, rel=0.01))
    assert three == pytest.approx(2 * apart, rel=0.01)
    flat = np.stack([x, np.sin(x) * 5 + 5], 1)
    assert _tops([falling, flat], 1000.0)[1] > 1000
    assert _tops([flat, falling], 1000.0)[1] < 1000


def test_the_picture_has_ink_where_the_pen_was():
    """Of an L: down, then to the right; y grows downwards."""
    line = np.array([[0, 0, 0], [0, 100, 0], [50, 0, 1]], float)
    files = pictures(lambda: sheet("", "black", [line]))
    with Image.open(io.BytesIO(files[".png"])) as picture:
        dark = np.asarray(picture.convert("L")) < 128
    rows, columns = np.nonzero(dark)
    assert dark[:, columns.min() + 1].sum() > 0.9 * np.ptp(rows)
    assert dark[rows.max() - 1].sum() > 0.9 * np.ptp(columns)
    assert dark[rows.min() + 9].sum() < 10
    assert np.ptp(rows) == pytest.approx(2 * np.ptp(columns), rel=0.02)


@pytest.mark.parametrize("shape", [(2, 9, 2), (2, 1, 3), (9, 3)])
def test_other_arrays_are_refused(shape, run, figure, drawn):
    run("cnn", {"strokes": np.ones(shape)})
    figure("lines", "strokes")
    with pytest.raises(RecordError, match="array 'strokes' has shape"):
        drawn()


@pytest.mark.parametrize("line", [np.zeros((5, 3)), np.ones((4, 3)), np.eye(3) * 1e4])
def test_odd_lines_have_a_picture_too(line):
    files = pictures(lambda: sheet("Odd", "black", [line, line]))
    assert files[".png"].startswith(b"\x89PNG")


def test_short_straight_strokes_and_such_without_extent_leave_ink():
    """Dots of an i: two points straight down, or twice the same place."""
    line = np.array([[0, 0, 0], [100, 0, 1], [-50, 20, 0], [0, 0.2, 1], [-20, 0, 0], [0, 0, 1]])
    picture = pictures(lambda: sheet("", "black", [line]))[".png"]
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    below = pixels[pixels.shape[0] // 2 :]
    darkest = (below < 128).any(0)
    assert np.flatnonzero(np.diff(darkest.astype(int)) == 1).size == 2
