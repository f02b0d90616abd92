"""IAM's lines: Graves' split, what is left out and counted, the cache, generated lines."""

import itertools

import pytest
import torch

from hypernetworks.data import iam
from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Selection

ALL = Selection(min_points=1)
POINT = '<Point x="{}" y="{}" time="{}"/>'


def xml(*strokes):
    """A line's XML, of strokes of points (x, y, time)."""
    points = ("".join(POINT.format(*point) for point in stroke) for stroke in strokes)
    drawn = "".join(f"<Stroke>{of}</Stroke>" for of in points)
    root = "WhiteboardCaptureSession"
    return f'<?xml version="1.0" encoding="ISO-8859-1"?><{root}>{drawn}</{root}>'


def straight(count, step):
    """A line of one stroke to the right."""
    return xml([(step * n, 5, f"{0.01 * n:.2f}") for n in range(count)])


FORMS = {
    "trainset.txt": ["a01-000u"],
    "testset_v.txt": ["a01-001z"],
    "testset_t.txt": ["b01-000"],
    "testset_f.txt": ["a01-000x"],
}
LINES = {
    "a01-000u-01": straight(4, 1),
    "a01-000u-02": straight(5, 2),
    "a01-000x-01": straight(6, 3),
    "a01-001z-01": straight(7, 4),
    "b01-000-01": straight(8, 5),
}


@pytest.fixture
def database(tmp_path):
    folder = tmp_path / "iam"
    for name, text in LINES.items():
        put(folder, name, text)
    for name, forms in FORMS.items():
        (folder / name).write_text("".join(f"{form} \n" for form in forms))
    return folder


def put(folder, name, text):
    path = folder / "lineStrokes" / name[:3] / name[:7] / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="latin-1")


def steps(lines):
    """Points and step of each line."""
    return [(len(lines.line(r)), int(lines.line(r)[1, 0])) for r in range(len(lines))]


def test_graves_trains_on_three_lists_and_validates_on_v(database, tmp_path):
    found = iam.load(tmp_path, "real", ALL, None, None)
    assert steps(found.train) == [(4, 1), (5, 2), (8, 5), (6, 3)]
    assert steps(found.valid) == [(7, 4)]
    assert found.train.groups.tolist() == [0, 0, 1, 2]
    assert found.valid.groups.tolist() == [3]
    assert found.train.characters.tolist() == [-1] * 4
    assert found.train.line(0).tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 1]]
    assert found.train.points.dtype == torch.float32


def test_the_record_has_counts_and_checksums_and_nothing_of_the_data(database, tmp_path):
    about = iam.load(tmp_path, "real", ALL, 0.05, 500.0).provenance
    assert (about["name"], about["kind"]) == ("iam", "part")
    assert set(about["checksums"]) == {"lineStrokes", *FORMS}
    assert all(len(checksum) == 64 for checksum in about["checksums"].values())
    assert about["split"] == {
        **{"train": 4, "valid": 1, "train_points": 23, "valid_points": 7, "gap": 0.05},
        **{"jump": 500.0, "forms": 4, "empty_lines": 0, "empty_strokes": 0, "removed_points": 0},
        **{"divided_strokes": 0, "interpolated_points": 0, "trainset.txt": 2, "testset_t.txt": 1},
        **{"testset_f.txt": 1, "testset_v.txt": 1, "unlisted_lines": 0, "unselected_lines": 0},
    }


def test_short_lines_are_left_out_and_counted(database, tmp_path):
    found = iam.load(tmp_path, "real", Selection(min_points=6), None, None)
    assert steps(found.train) == [(8, 5), (6, 3)]
    assert found.provenance["split"]["unselected_lines"] == 2
    with pytest.raises(DataError, match=r"no line for validation has 8 points, 1 strokes$"):
        iam.load(tmp_path, "real", Selection(min_points=8), None, None)


def test_empty_strokes_and_lines_are_left_out_and_counted(database, tmp_path):
    put(database, "a01-000u-03", xml([], []))
    put(database, "a01-000u-04", xml([(1, 2, 0)], [], [(3, 4, 1), (3, 5, 2)]))
    put(database, "c01-000u-01", straight(9, 9))
    found = iam.load(tmp_path, "real", ALL, None, None)
    assert found.train.line(2).tolist() == [[0, 0, 1], [2, 2, 0], [0, 1, 1]]
    split = found.provenance["split"]
    assert (split["empty_strokes"], split["empty_lines"], split["unlisted_lines"]) == (3, 1, 1)
    assert (split["train"], split["trainset.txt"]) == (5, 3)


def test_recording_errors_are_mended_as_the_settings_say(database, tmp_path):
    times = (0.00, 0.02, 0.04, 0.06, 0.12, 0.14)
    wild = [(0, 0), (1, 0), (900, 900), (3, 0), (6, 0), (7, 0)]
    put(database, "a01-000u-01", xml([(*p, t) for p, t in zip(wild, times, strict=True)]))
    found, both, none = (
        iam.load(tmp_path, "real", ALL, *of) for of in ((None, 500), (0.05, 500), (None, None))
    )
    assert found.train.line(0)[:, 0].tolist() == [0, 1, 2, 3, 1]
    assert found.provenance["split"]["removed_points"] == 1
    assert both.train.line(0)[:, 0].tolist() == [0, 1, 2, 1, 1, 1, 1]
    assert both.provenance["split"]["interpolated_points"] == 2
    assert none.train.line(0)[:, 0].tolist() == [0, 1, 899, -897, 3, 1]


def test_a_line_of_which_nothing_is_left_is_empty(database, tmp_path):
    put(database, "a01-000u-01", xml([(0, 0, 0), (9999, 0, 0.01)]))
    split = iam.load(tmp_path, "real", ALL, 0.05, 500).provenance["split"]
    assert (split["empty_lines"], split["removed_points"], split["train"]) == (1, 2, 3)


def test_a_damaged_line_is_named_and_nothing_is_kept(database, tmp_path):
    whole = LINES["a01-000x-01"]
    put(database, "a01-000x-01", whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a01-000x-01\.xml: no whole XML, line 1; unpack"):
        iam.load(tmp_path, "real", ALL, None, None)
    assert not (database / iam.CACHE).exists()
    put(database, "a01-000x-01", whole)
    assert len(iam.load(tmp_path, "real", ALL, None, None).train) == 4


def test_parsed_lines_are_taken_again_until_something_changes(database, tmp_path, monkeypatch):
    parses = itertools.count()
    parse = iam._parse
    monkeypatch.setattr(iam, "_parse", lambda *of: (next(parses), parse(*of))[1])
    first, again = (iam.load(tmp_path, "real", ALL, 0.05, 500) for _ in range(2))
    assert next(parses) == 1
    assert again.provenance == first.provenance
    assert torch.equal(again.train.points, first.train.points)
    iam.load(tmp_path, "real", Selection(min_points=6), 0.05, 500)  # what is kept is not selected
    assert next(parses) == 2
    iam.load(tmp_path, "real", ALL, 0.04, 500)
    put(database, "a01-000x-01", straight(9, 3))
    changed = iam.load(tmp_path, "real", ALL, 0.04, 500)
    assert next(parses) == 5
    assert steps(changed.train)[-1] == (9, 3)
    assert (
        changed.provenance["checksums"]["lineStrokes"]
        != first.provenance["checksums"]["lineStrokes"]
    )


@pytest.mark.parametrize(
    ("kind", "selection", "gap", "jump", "said"),
    [
        ("stand-in", ALL, None, None, r"has real and generated data, no 'stand-in' data"),
        (
            "real",
            Selection(min_characters=3),
            None,
            None,
            r"min_characters=3: the text .* not read",
        ),
        ("real", ALL, 0.0, None, r"dataset\.gap=0\.0: it must be above 0, or null"),
        ("real", ALL, None, float("nan"), r"dataset\.jump=nan: it must be above 0, or null"),
        ("real", ALL, None, None, r"IAM on-line database is not there"),
    ],
)
def test_what_cannot_be_loaded(tmp_path, kind, selection, gap, jump, said):
    with pytest.raises(DataError, match=said):
        iam.load(tmp_path, kind, selection, gap, jump)
    assert not list(tmp_path.iterdir())


def test_generated_lines_come_through_the_same_files(tmp_path, caplog):
    found = iam.load(tmp_path, "sample", Selection(), 0.05, 500.0)
    assert found.provenance["kind"] == "sample"
    split = found.provenance["split"]
    assert split["train"] + split["valid"] + split["unselected_lines"] == 200
    assert (split["removed_points"], split["interpolated_points"]) == (0, 0)
    assert found.train.lengths.min() >= 300
    assert len(found.valid) >= 15
    assert not caplog.records
    # Steps as those of the database, which others report as about 45 and 37 sensor units.
    deviations = found.train.points[:, :2].std(0)
    assert 15 < deviations.min() < deviations.max() < 90
