"""What is measured of figures, on arrays and curves made by hand."""

import numpy as np
import pytest

from hypernetworks.report.claims import load_claims
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.records import RecordError
from hypernetworks.report.verdicts import verdicts

BOTH, ONE = "[table7/hyper_cnn, table7/cnn]", "[table7/cnn]"


@pytest.fixture
def measured(experiments, results):
    """The values by seed of a comparison of a figure with this drawing."""

    def call(drawing, rows=BOTH, array="array", at=None):
        shown = f"array: {array}" if array else ""
        (experiments / "figures.yaml").write_text(
            f"'9': {{title: T, paper: P, rows: {rows}, drawing: {drawing}, {shown}}}\n"
        )
        place = f"at: {at}, " if at else ""
        line = f"{{figure: '9', {place}rows: {rows}, above: 0}}"
        text = f"C1: {{says: S, paper: P, comparisons: [{line}]}}"
        (experiments / "claims.yaml").write_text(text)
        tables, figures = load_tables(experiments), load_figures(experiments)
        [found] = verdicts(load_claims(experiments, tables, figures), results)
        return found.comparisons[0].values

    return call


def test_the_share_of_saturated_cells(leave, measured):
    for seed, (mine, its) in enumerate([(0.3, 0.5), (0.2, 0.1)]):
        for row, outer in (("hyper_cnn", mine), ("cnn", its)):
            share = np.zeros(100)
            share[[2, 50, 97]] = [outer / 2, 1 - outer, outer / 2]
            leave(row, {"array": share}, [], seed=seed)
    assert measured("histograms") == pytest.approx({0: -0.2, 1: 0.1})


def test_curves_are_compared_at_the_same_steps(leave, measured):
    leave("cnn", {}, [(100, 3.0), (200, 2.0), (300, 1.0)])
    leave("hyper_cnn", {}, [(100, 2.5), (150, 2.2), (200, 1.8)])
    # by hand: -0.5 at 100, -0.2 at 200
    assert measured("curves", array=None) == pytest.approx({0: -0.35})


def test_curves_without_a_common_step_say_nothing(leave, measured):
    leave("cnn", {}, [(100, 3.0)])
    leave("hyper_cnn", {}, [(150, 2.5)])
    assert measured("curves", array=None) == {}


def test_changes_at_places_of_a_text(leave, measured):
    changes = np.array([[4.0, 0, 1, 0], [2, 0, 0.5, 2], [1, 0, 0, 1], [1, 0, 0, 1]])
    text = np.frombuffer(b"\n (a1.", np.uint8).astype(np.int64)
    leave("cnn", {"array": text, "weight_change": changes}, [])
    # Of each gate's largest (4, -, 1, 2), the mean of all: " " (1 + 0 + 1 + 0) / 4,
    # "(" (1/2 + 0 + 1/2 + 1) / 4, "a" (1/4 + 0 + 0 + 1/2) / 4.
    assert measured("gates", ONE, at="spaces") == pytest.approx({0: 0.5 - 0.1875})
    assert measured("gates", ONE, at="brackets") == pytest.approx({0: 0.5 - 0.1875})


def test_a_text_without_brackets_says_nothing_of_them(leave, measured):
    text = np.frombuffer(b"\na b ", np.uint8).astype(np.int64)
    leave("cnn", {"array": text, "weight_change": np.ones((3, 4))}, [])
    assert measured("gates", ONE, at="brackets") == {}
    assert measured("gates", ONE, at="spaces") == {0: 0.0}


@pytest.mark.parametrize("at", [None, "letters"])
def test_the_place_in_a_text_must_be_known(at, leave, measured):
    with pytest.raises(RecordError, match=r"no place \(key 'at'\).*there are: spaces, brackets"):
        measured("gates", ONE, at=at)


def test_changes_from_stroke_to_stroke(leave, measured):
    line = np.array([[[0, 0, 0], [9, 0, 1], [5, 5, 0], [1, 0, 0]]])
    leave("cnn", {"array": line, "weight_change": np.array([[1.0, 2], [2, 4], [0, 1]])}, [])
    # by hand: 1 to the next stroke; within strokes 1/2 and 1/8
    assert measured("pen", ONE) == pytest.approx({0: 1 - 0.3125})


def test_filters_that_neighbours_share(leave, measured):
    draw = np.random.default_rng(0)
    one = draw.normal(size=(5, 5))
    shared = np.stack([one * factor + 3 for factor in (1, 2, 3, 4)])
    turned = np.stack([one, -one, one, -one])  # of two neighbours across, not of two down
    leave("hyper_cnn", {"array": shared}, [])
    leave("cnn", {"array": turned}, [])
    assert measured("filters") == pytest.approx({0: 1.0})
    leave("cnn", {"array": np.stack([one, -one, -one, one])}, [], seed=1)
    leave("hyper_cnn", {"array": np.ones((4, 5, 5))}, [], seed=1)
    assert measured("filters") == pytest.approx({0: 1.0, 1: 1.0})


def test_filters_of_no_square_are_refused(leave, measured):
    for row in ("cnn", "hyper_cnn"):
        leave(row, {"array": np.ones((6, 2, 2))}, [])
    with pytest.raises(RecordError, match="6 filters are no square of units"):
        measured("filters")


def test_runs_that_left_nothing_say_nothing(put, measured):
    for row in ("cnn", "hyper_cnn"):
        put("published", row=row)
    assert measured("histograms") == {}


def test_damaged_arrays_are_named(leave, measured, results):
    for row in ("cnn", "hyper_cnn"):
        leave(row, {"array": np.ones(100)}, [])
    [path] = (results / "published" / "7" / "cnn").glob("*.npz")
    path.write_bytes(b"PK nothing")
    with pytest.raises(RecordError, match=str(path)):
        measured("histograms")
