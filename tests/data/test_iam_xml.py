"""The XML of an IAM line: points read, and everything in it that has to be refused."""

import socket
from pathlib import Path

import pytest

from hypernetworks.data.errors import DataError
from hypernetworks.data.iam_xml import read

HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
BODY = """<WhiteboardCaptureSession>
  <!-- Größe -->
  <WhiteboardDescription>
    <SensorLocation corner="top_left"/>
    <DiagonallyOppositeCoords x="6512" y="1376"/>
  </WhiteboardDescription>
  <StrokeSet>
    <Stroke colour="black" start_time="769.05" end_time="769.07">
      <Point x="1073" y="1058" time="769.05"/>
      <Point x="1072" y="1085" time="769.07"/>
    </Stroke>
    <Stroke colour="black" start_time="770.00" end_time="770.00"></Stroke>
    <Stroke colour="black" start_time="771.50" end_time="771.50">
      <Point x="1100" y="1060" time="771.50"/>
    </Stroke>
  </StrokeSet>
</WhiteboardCaptureSession>
"""
LINE = HEAD + BODY


def refused(text, encoding="latin-1"):
    with pytest.raises(DataError) as error:
        read(text.encode(encoding) if isinstance(text, str) else text, Path("a01-000u-01.xml"))
    said = str(error.value)
    assert said.startswith("a01-000u-01.xml: ")
    assert said.endswith("unpack lineStrokes-all.tar.gz again")
    assert "\n" not in said
    return said


def test_points_times_and_strokes():
    found, empty = read(LINE.encode("latin-1"), Path("a.xml"))
    assert found.points.tolist() == [[1073, 1058], [1072, 1085], [1100, 1060]]
    assert found.times.tolist() == [769.05, 769.07, 771.5]
    assert found.strokes.tolist() == [1, 1, 3]
    assert empty == 1
    assert found.offsets().tolist() == [[0, 0, 0], [-1, 27, 1], [28, -25, 1]]


def test_a_line_without_points_is_empty():
    found, empty = read(b"<WhiteboardCaptureSession><Stroke/></WhiteboardCaptureSession>", Path())
    assert (len(found), empty) == (0, 1)


@pytest.mark.parametrize("end", [0, 30, 200, 500, 560, -3])
def test_a_truncated_file_is_no_whole_xml(end):
    assert "no whole XML, line " in refused(LINE[:end])


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\0",
        b"\x1f\x8b not unpacked",
        LINE.replace("ISO-8859-1", "UTF-8").encode("latin-1"),
        LINE.replace("ISO-8859-1", "UTF-16").encode("latin-1"),
        LINE.replace("ISO-8859-1", "no-such-encoding").encode("latin-1"),
    ],
)
def test_a_wrong_encoding_is_no_whole_xml(content):
    assert "no whole XML" in refused(content)


@pytest.mark.parametrize(
    "point",
    [
        '<Point x="1" y="2"/>',
        '<Point x="one" y="2" time="3"/>',
        '<Point x="" y="2" time="3"/>',
    ],
)
def test_points_without_numbers(point):
    text = LINE.replace('<Point x="1072" y="1085" time="769.07"/>', point)
    assert "with numbers x, y and time" in refused(text)


@pytest.mark.parametrize("place", ['x="1072"', 'y="1085"', 'time="769.07"'])
@pytest.mark.parametrize("number", ["nan", "inf", "-1e300", "1234567890123"])
def test_numbers_that_no_whiteboard_gives(place, number):
    strange = f'{place.split("=")[0]}="{number}"'
    assert "that no whiteboard gives" in refused(LINE.replace(place, strange))


@pytest.mark.parametrize("text", ["<Point/>", "<svg><Stroke/></svg>", "<Stroke></Stroke>"])
def test_another_document(text):
    assert "not the XML of a line" in refused(text)


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
BOMB = f'<!DOCTYPE WhiteboardCaptureSession [<!ENTITY a0 "ha">{LAUGHS}]>\n'


def test_a_billion_laughs_are_refused_in_text_and_in_attributes():
    for place in ("<StrokeSet>", '"1072"'):
        used = place.replace("1072", "&a11;").replace("<StrokeSet>", "<StrokeSet>&a11;")
        assert "without a document type" in refused(HEAD + BOMB + BODY.replace(place, used))


def test_nothing_is_fetched_from_files_or_the_network(tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("1072")
    monkeypatch.setattr(socket, "socket", None)
    for source in (secret.as_uri(), "http://127.0.0.1:9/x.dtd"):
        for document_type in (
            f'SYSTEM "{source}"',
            f'[<!ENTITY e SYSTEM "{source}">]',
            f'[<!ENTITY % e SYSTEM "{source}"> %e;]',
        ):
            text = BODY.replace("<StrokeSet>", "<StrokeSet>&e;")
            said = refused(f"{HEAD}<!DOCTYPE WhiteboardCaptureSession {document_type}>\n{text}")
            assert "without a document type" in said
    assert "no whole XML" in refused(LINE.replace("1072", "&e;"))  # an entity of nowhere
