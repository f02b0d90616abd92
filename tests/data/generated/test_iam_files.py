"""Generated handwriting in the IAM database's layout: names, lists, XML, and what is left over."""

import xml.etree.ElementTree as ET

import pytest

from hypernetworks.data.generated import iam_files
from hypernetworks.data.generated.handwriting import forms
from hypernetworks.data.generated.iam_files import form_files, form_name


def test_form_ids_end_in_u_x_z_or_nothing_and_none_is_twice():
    names = [form_name(number) for number in range(2000)]
    assert names[:6] == ["a01-000u", "a01-000x", "a01-001z", "a01-002", "a01-003u", "a01-003x"]
    assert len(set(names)) == len(names)


def test_a_lines_file_has_its_points(tmp_path):
    form = next(forms(5, 1, 0))
    files = {path.as_posix(): text for path, text in form_files("a01-000u", form)}
    assert sorted(files)[:2] == [
        "ascii/a01/a01-000/a01-000u.txt",
        "lineStrokes/a01/a01-000/a01-000u-01.xml",
    ]
    line, text = form.lines[1], files["lineStrokes/a01/a01-000/a01-000u-02.xml"]
    root = ET.fromstring(text.encode("latin-1"))
    assert root.tag == "WhiteboardCaptureSession"
    strokes = root.findall("StrokeSet/Stroke")
    assert [len(stroke) for stroke in strokes] == [p.stop - p.start for p in line.pieces()]
    points = [(int(p.get("x")), int(p.get("y"))) for p in root.iter("Point")]
    assert points == [tuple(point) for point in line.points.tolist()]
    times = [float(p.get("time")) for p in root.iter("Point")]
    assert times == pytest.approx(line.times, abs=0.0051)
    corner = root.find("WhiteboardDescription/DiagonallyOppositeCoords")
    assert (int(corner.get("x")), int(corner.get("y"))) == tuple(line.points.max(0))
    whole = ET.fromstring(files["original/a01/a01-000/strokesu.xml"].encode("latin-1"))
    assert whole.find("General/Form").get("writerID") == "10000"
    assert len(whole.findall("StrokeSet/Stroke")) == sum(len(t.pieces()) for t in form.lines)
    texts = files["ascii/a01/a01-000/a01-000u.txt"].split("CSR:\n\n")[1].splitlines()
    assert texts == [line.text for line in form.lines]


def test_every_form_is_in_one_list_with_stray_white_space(tmp_path):
    iam_files.write(tmp_path, lines=60, writers=3)
    lists = {name: (tmp_path / name).read_text() for name in iam_files.SPLITS}
    assert all(
        line.startswith(" ") and line.endswith(" ")
        for t in lists.values()
        for line in t.splitlines()
    )
    members = [name for text in lists.values() for name in text.split()]
    there = {path.stem[:-3] for path in (tmp_path / "lineStrokes").rglob("*.xml")}
    assert sorted(members) == sorted(there)
    assert all(text.split() for text in lists.values())
    assert len(list((tmp_path / "lineStrokes").rglob("*.xml"))) == 60


def test_lists_have_the_databases_shares_and_none_is_empty():
    names = [form_name(number) for number in range(400)]
    lengths = {file: len(of) for file, of in iam_files._shared_out(names).items()}
    assert lengths == {file: 4 * share for file, share in iam_files.SPLITS.items()}
    assert all(map(len, iam_files._shared_out(names[:4]).values()))


def test_files_of_another_size_do_not_stay(tmp_path):
    iam_files.write(tmp_path, lines=40, writers=3)
    (tmp_path / "mine.txt").write_text("not generated")
    iam_files.write(tmp_path, lines=10, writers=3)
    assert len(list((tmp_path / "lineStrokes").rglob("*.xml"))) == 10
    assert (tmp_path / "mine.txt").exists()


def test_a_damaged_line_is_written_again(tmp_path):
    iam_files.write(tmp_path, lines=10, writers=3)
    line = tmp_path / "lineStrokes/a01/a01-000/a01-000u-01.xml"
    whole = line.read_bytes()
    line.write_bytes(whole[:100])
    iam_files.write(tmp_path, lines=10, writers=3)
    assert line.read_bytes() == whole
