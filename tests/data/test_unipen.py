"""UNIPEN's lines, of small files."""

import logging

import pytest
import torch

from hypernetworks.data import unipen
from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Selection

ALL = Selection(min_points=1)


def put(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1", errors="replace"))


INK = """.COMMENT
.WRITER_ID {writer}
.COORD X Y
.PEN_DOWN
0 0
3 4
.PEN_UP
9 9
.PEN_DOWN
3 10
5 10
6 10
.PEN_UP
"""


def small(writers="abcdefghij"):
    """A file a writer, each of two segments, of which one has a text."""
    files = {}
    for writer in writers:
        files[f"data/8/d/{writer}.dat"] = (
            f'.INCLUDE d/{writer}.ink\n.SEGMENT TEXT 0-2 ? "ab c"\n.SEGMENT TEXT 2 ?\n'
        )
        files[f"include/d/{writer}.ink"] = INK.format(writer=writer)
    return files


def test_lines_are_offsets_with_y_down_and_the_ends_of_strokes(tmp_path):
    put(tmp_path, small("a"))
    lines = unipen.read(tmp_path, divide=False).lines
    assert lines.line(0).tolist() == [[0, 0, 0], [3, -4, 1], [0, -6, 0], [2, 0, 0], [1, 0, 1]]
    assert lines.line(1).tolist() == [[0, 0, 0], [2, 0, 0], [1, 0, 1]]
    assert lines.characters.tolist() == [4, -1]


def test_coordinates_are_rounded_behind_the_rule_and_before_the_offsets(tmp_path):
    ink = ".COORD X Y\n.PEN_DOWN\n0.4 0\n0.6 0\n1.4 2.6\n"
    put(tmp_path, {"include/a": ink, "data/8/a.dat": ".INCLUDE a\n.SEGMENT TEXT 0 ?\n"})
    lines = unipen.read(tmp_path, divide=True).lines
    assert lines.line(0).tolist() == [[0, 0, 0], [1, 0, 0], [0, -3, 1]]


def test_one_donors_writers_are_told_apart_by_name_others_by_donor_or_file(tmp_path):
    ink = INK.replace(".WRITER_ID {writer}\n", "")
    segment = ".SEGMENT TEXT 0 ?\n"
    put(
        tmp_path,
        {
            "data/8/d/a.dat": f".WRITER_ID x\n{ink}{segment}",
            "data/8/d/sub/b.dat": f"{ink}{segment}.WRITER_ID x\n",
            "data/8/d/sub/c.dat": f"{ink}{segment}.WRITER_ID y\n",
            "data/8/e/a.dat": f".WRITER_ID x\n{ink}{segment}",
            "data/8/e/b.dat": f"{ink}{segment}",
            "data/8/e/c.dat": f"{ink}{segment}{segment}",
        },
    )
    found = unipen.read(tmp_path, divide=True)
    assert found.lines.groups.tolist() == [0, 0, 1, 2, 3, 4, 4]
    assert found.counts["writers"] == 5


@pytest.fixture
def ten(tmp_path):
    """A data folder with the lines of ten writers."""
    put(tmp_path / "unipen" / "train_r01_v07", small())
    return tmp_path


def load(folder, selection=ALL, divide=True, dequantise=False, valid_share=0.2, split_seed=0):
    return unipen.load(folder, "stand-in", selection, divide, dequantise, valid_share, split_seed)


def test_no_writer_is_in_both_parts_and_the_seed_says_which(ten):
    parts = [load(ten, split_seed=seed) for seed in (0, 0, 1, 2)]
    for splits in parts:
        train, valid = splits.train.groups.unique(), splits.valid.groups.unique()
        assert (len(train), len(valid)) == (8, 2)
        assert not torch.isin(train, valid).any()
    drawn = [tuple(splits.valid.groups.unique().tolist()) for splits in parts]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_only_writers_with_selected_lines_are_split(ten):
    files = {f"data/8/d/{n}.dat": f"{INK.format(writer=n)}.SEGMENT TEXT 2 ?\n" for n in "klmnopq"}
    put(ten / "unipen" / "train_r01_v07", files)
    splits = load(ten, Selection(min_points=5))
    assert len(splits.valid.groups.unique()) == 2
    assert splits.provenance["split"]["writers"] == 17
    assert splits.provenance["split"]["unselected_lines"] == 17


def test_each_writers_offsets_have_a_deviation_of_one(ten):
    large = INK.format(writer="a").replace("3 4", "3000 -40")
    put(ten / "unipen" / "train_r01_v07", {"include/d/a.ink": large})
    splits = load(ten)
    for lines in (splits.train, splits.valid):
        for group in lines.groups.unique():
            own = lines[lines.groups == group]
            steps = torch.cat([own.line(row)[1:, :2] for row in range(len(own))])
            assert steps.std(correction=0) == pytest.approx(1, abs=1e-5)
            assert (own.points[own.starts[:-1], :2] == 0).all()


def test_a_pen_that_rests_keeps_its_zeros(ten):
    still = ".COORD X Y\n.PEN_DOWN\n5 5\n5 5\n.PEN_DOWN\n5 5\n.PEN_DOWN\n5 5\n"
    put(ten / "unipen" / "train_r01_v07", {f"include/d/{name}.ink": still for name in "abcdef"})
    splits = load(ten)
    assert all(lines.points.isfinite().all() for lines in (splits.train, splits.valid))


def test_the_record_names_nothing_of_the_data(ten):
    about = load(ten).provenance
    assert (about["name"], about["kind"]) == ("unipen", "stand-in")
    assert len(about["checksums"]["files"]) == 64
    sizes = {"train": 16, "valid": 4, "train_points": 64, "valid_points": 16}
    sizes |= {"train_writers": 8, "valid_writers": 2, "unselected_lines": 0, "divide": True}
    assert about["split"] == {"segments": 20, "lines": 20, "writers": 10, **sizes}


def test_parsed_lines_are_taken_again_until_a_file_changes(ten, monkeypatch):
    first = load(ten)
    with monkeypatch.context() as patched:
        patched.setattr(unipen, "document", None)
        assert torch.equal(load(ten).train.points, first.train.points)
    put(ten / "unipen" / "train_r01_v07", {"include/d/a.ink": INK.format(writer="a") + "1 1\n"})
    again = load(ten)
    assert again.provenance["checksums"] != first.provenance["checksums"]
    assert len(load(ten, divide=False).train) == 16


def test_what_cannot_be_read_is_counted_and_said_in_one_line_without_a_name(ten, caplog):
    head = ".INCLUDE d/a.ink\n"
    bad = {
        "secret": f"{head}.SEGMENT TEXT 0-9 ?\n.SEGMENT TEXT 2-0 ?\n.SEGMENT TEXT - ?\n",
        "secreu": f"{head}.SEGMENT WORD 0 ?\n.SEGMENT TEXT 1 ?\n.SEGMENT\n",
        "secrev": f".INCLUDE d/gone.dat\n{head}.SEGMENT TEXT 0 ?\n.SEGMENT TEXT 1 ?\n",
    }
    put(ten / "unipen" / "train_r01_v07", {f"data/8/d/{n}.dat": t for n, t in bad.items()})
    with caplog.at_level(logging.WARNING):
        split = load(ten).provenance["split"]
    omitted = {"not_there": 2, "delineation": 1, "not_text": 2, "without_ink": 1}
    omitted |= {"include_missing": 2}
    assert {f"omitted_{name}": count for name, count in omitted.items()}.items() <= split.items()
    assert (split["segments"], split["lines"]) == (28, 20)
    (record,) = (r for r in caplog.records if "of 28 segments" in r.message)
    assert "2 omitted_include_missing" in record.message
    assert "secre" not in record.message


def test_data_that_are_not_there_are_one_line_that_says_where_they_come_from(tmp_path):
    with pytest.raises(DataError) as error:
        load(tmp_path)
    text = str(error.value)
    assert "10.5281/zenodo.1195803" in text
    assert str(tmp_path / "unipen" / "train_r01_v07") in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            ".INCLUDE gone\n.SEGMENT TEXT 0 ?\n",
            "none of the 1 segments .*1 omitted_include_missing",
        ),
        ("", "none of the 0 segments .*empty"),
    ],
)
def test_files_of_which_no_segment_can_be_read_are_one_line(tmp_path, caplog, text, fault):
    folder = tmp_path / "unipen" / "train_r01_v07"
    put(folder, {"data/8/d/a.dat": text})
    with pytest.raises(DataError, match=f"{fault}.*; unpack data and include again$"):
        load(tmp_path)
    assert not list(folder.glob("*.pt"))
    assert not caplog.records


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_shares_that_leave_one_part_empty_are_refused(ten, share):
    with pytest.raises(DataError, match=r"dataset\.valid_share=.*between 0 and 1"):
        load(ten, valid_share=share)


def test_another_kind_and_one_writer_alone_are_refused(tmp_path):
    with pytest.raises(DataError, match="UNIPEN has stand-in and generated data, no 'real' data"):
        unipen.load(tmp_path, "real", ALL, True, False, 0.1, 0)
    put(tmp_path / "unipen" / "train_r01_v07", small("a"))
    with pytest.raises(DataError, match="by one writer"):
        load(tmp_path)


def test_a_selection_of_nothing_is_refused(ten):
    with pytest.raises(DataError, match=r"none of the 20 lines has 999 points, 1 strokes$"):
        load(ten, Selection(min_points=999))


def test_generated_lines_are_read_like_real_ones(tmp_path):
    splits = unipen.load(tmp_path, "sample", Selection(50), True, True, 0.1, 0)
    about = splits.provenance
    assert about["kind"] == "sample"
    assert about["split"]["lines"] == 200
    assert len(splits.train) > 8 * len(splits.valid) > 0
    assert not any(name.startswith("omitted") for name in about["split"])
