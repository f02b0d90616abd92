"""Generated handwriting in UNIPEN's layout: components, tablets, what stands in the two files."""

import numpy as np
import pytest

from hypernetworks.data import unipen
from hypernetworks.data.generated import handwriting, unipen_files
from hypernetworks.data.generated.unipen_files import TABLETS, writer_files


@pytest.fixture(scope="module")
def forms():
    return list(handwriting.forms(24, 3, 0))


def components(ink):
    """The lists of readings of a file of ink, and whether each is of the pen down."""
    found = []
    for line in ink.splitlines():
        if line in (".PEN_DOWN", ".PEN_UP"):
            found.append((line == ".PEN_DOWN", []))
        elif not line.startswith("."):
            found[-1][1].append([int(number) for number in line.split()])
    return [(down, readings) for down, readings in found if readings]


@pytest.mark.parametrize("writer", [0, 1, 2])
def test_a_segments_components_are_its_lines_strokes(writer, forms):
    own, tablet = [f for f in forms if f.hand.number == writer], TABLETS[writer]
    files = dict(writer_files(writer, own))
    segments = files[f"data/8/d0{writer}/w00{writer}.dat"]
    ink = components(files[f"include/d0{writer}/data/w00{writer}.dat"])
    lines = [line for form in own for line in form.lines]
    spans = [row.split()[2] for row in segments.splitlines() if row.startswith(".SEGMENT")]
    strokes = [piece for line in lines for piece in line.pieces()]
    assert len([readings for down, readings in ink if down]) == len(strokes)
    assert any(not down for down, _ in ink) == tablet.in_air
    ends = [int(end) for span in spans for end in span.split("-")]
    assert ends[0] == 0
    assert ends[-1] == len(ink) - 1
    assert ends[2::2] == [end + 1 for end in ends[1:-1:2]]
    assert len(spans) == sum(-(-len(form.lines) // tablet.rows) for form in own)


def test_tablets_count_in_their_own_units_with_y_up(forms):
    form = forms[0]
    x, y = form.lines[0].points[0]
    for writer, (columns, per_mm) in enumerate((("XY", 50), ("XYT", 50), ("TXY", 10))):
        first = dict(zip(columns, components(ink_of(writer, form))[0][1][0], strict=True))
        assert first["X"] == round(x * 0.025 * per_mm)
        assert first["Y"] == pytest.approx(-y * 0.025 * per_mm, abs=0.51)


def ink_of(writer, form):
    return dict(writer_files(writer, [form]))[f"include/d0{writer}/data/w00{writer}.dat"]


def test_files_are_written_once_and_the_same_every_time(tmp_path):
    for folder in ("a", "b"):
        unipen_files.write(tmp_path / folder, lines=12, writers=3)
    a, b = (
        {p.relative_to(f): p for p in f.rglob("*") if p.is_file()}
        for f in (tmp_path / "a", tmp_path / "b")
    )
    assert len(a) == 1 + 2 * 3  # two writers
    assert a.keys() == b.keys()
    assert all(a[name].read_bytes() == b[name].read_bytes() for name in a)
    before = [path.stat().st_mtime_ns for path in a.values()]
    unipen_files.write(tmp_path / "a", lines=12, writers=3)
    assert [path.stat().st_mtime_ns for path in a.values()] == before
    assert np.all([path.suffix in (".dat", ".doc", ".json") for path in a.values()])


def test_the_reader_finds_the_lines_that_were_written(tmp_path):
    unipen_files.write(tmp_path, lines=60, writers=6)
    lines = [line for form in handwriting.forms(60, 6, 0) for line in form.lines]
    found = unipen.read(tmp_path, divide=True).lines
    assert sorted(found.lengths.tolist()) == sorted(len(line.points) for line in lines)
    assert sorted(found.strokes.tolist()) == sorted(len(line.pieces()) for line in lines)
    assert len(found.groups.unique()) == 6
    whole = unipen.read(tmp_path, divide=False).lines
    assert len(whole) < len(found)
    assert len(whole.points) == len(found.points)
