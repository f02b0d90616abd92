"""UNIPEN's format, keyword by keyword, and what of it cannot be read."""

import pytest

from hypernetworks.data.unipen_format import DamagedError, OmittedError, Segment, document

INK = """.COORD X Y
.PEN_DOWN
0 0
1 2
3 4
.PEN_UP
5 5
6 6
.PEN_DOWN
7 8
9 10
.PEN_UP
.PEN_DOWN
11 12
"""


@pytest.fixture
def read(tmp_path):
    """Reads files given as {path from include: text}; `main.dat` is the data file."""

    def reading(**files):
        for name, text in files.items():
            path = tmp_path / "include" / name.replace("__", "/").replace("_dat", ".dat")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("latin-1"))
        return document(tmp_path / "include" / "main.dat", tmp_path / "include", open_)

    return reading


def open_(path):
    return path.read_bytes()


def points(found, delineation):
    return [stroke.tolist() for stroke in found.strokes(delineation)[1]]


def fault(found, delineation):
    with pytest.raises(OmittedError) as error:
        found.strokes(delineation)
    return str(error.value)


def test_components_of_ink_and_of_air_count_alike_but_only_ink_is_taken(read):
    found = read(main_dat=INK)
    assert [part.ink for part in found.components] == [True, False, True, True]
    assert points(found, "0-3") == [[[0, 0], [1, 2], [3, 4]], [[7, 8], [9, 10]], [[11, 12]]]
    assert points(found, "1-2") == [[[7, 8], [9, 10]]]
    assert found.strokes("2-3")[0] == 2


@pytest.mark.parametrize(
    ("delineation", "expected"),
    [
        ("0", [[[0, 0], [1, 2], [3, 4]]]),
        ("0:1", [[[1, 2], [3, 4]]]),
        ("0:1-0:1", [[[1, 2]]]),
        ("0:2-2:0", [[[3, 4]], [[7, 8]]]),
        ("2:1-3", [[[9, 10]], [[11, 12]]]),
        ("3,0:0-0:0", [[[11, 12]], [[0, 0]]]),
        ("0-0,2-2:0", [[[0, 0], [1, 2], [3, 4]], [[7, 8]]]),
    ],
)
def test_delineations(read, delineation, expected):
    assert points(read(main_dat=INK), delineation) == expected


@pytest.mark.parametrize(
    ("delineation", "kind"),
    [
        ("", "delineation"),
        ("0-", "delineation"),
        ("-3", "delineation"),
        ("a-b", "delineation"),
        ("0--3", "delineation"),
        ("0,", "delineation"),
        ("0.5-2", "delineation"),
        ("9" * 5000, "delineation"),
        ("4", "not_there"),
        ("0-4", "not_there"),
        ("2-0", "not_there"),
        ("0:3", "not_there"),
        ("0:2-0:1", "not_there"),
        ("0-2:2", "not_there"),
        ("1", "without_ink"),
    ],
)
def test_delineations_that_cannot_be_followed(read, delineation, kind):
    assert fault(read(main_dat=INK), delineation) == kind


@pytest.mark.parametrize(
    ("value", "kind", "delineation", "label"),
    [
        (' TEXT 209-271 ? "Next take 290 west"', "TEXT", "209-271", "Next take 290 west"),
        ('\tTEXT  1-2\tOK\t"a"\n\n', "TEXT", "1-2", "a"),
        (' TEXT 0 ? "she said \\"no\\" \\\\"', "TEXT", "0", 'she said "no" \\'),
        (' TEXT 0 ? "one\ntwo\\nthree\\tfour"', "TEXT", "0", "one two three four"),
        (' TEXT 0 ? "unescaped "quotes""', "TEXT", "0", 'unescaped "quotes"'),
        (' TEXT 0 "no quality"', "TEXT", "0", "no quality"),
        (' TEXT 0 ? "Bäckerstraße"', "TEXT", "0", "Bäckerstraße"),
        (" TEXT 3-5 ?", "TEXT", "3-5", None),
        (" TEXT 3-5", "TEXT", "3-5", None),
        (' TEXT 3-5 ? ""', "TEXT", "3-5", None),
        (' TEXT 3-5 ? "unclosed', "TEXT", "3-5", None),
        (" TEXT", "TEXT", "", None),
        ("\n", "", "", None),
    ],
)
def test_segments(value, kind, delineation, label):
    assert Segment.of(value) == Segment(kind, delineation, label)


def test_comments_with_keywords_in_them_are_comments_to_the_next_keyword(read):
    found = read(
        main_dat=f".COMMENT .SEGMENT WORD 0 ? .PEN_DOWN\n  .PEN_DOWN 1 1\n9 9\n{INK}"
        '.COMMENT\n.SEGMENT TEXT 0-2 ? "x .PEN_DOWN y"\n'
    )
    assert len(found.components) == 4
    assert [segment.label for segment in found.segments] == ["x .PEN_DOWN y"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(read, end):
    assert points(read(main_dat=INK.replace("\n", end)), "0-3") == points(read(main_dat=INK), "0-3")


def test_a_point_may_stand_behind_its_keyword_and_numbers_have_signs_and_fractions(read):
    found = read(main_dat=".COORD X Y\n.PEN_DOWN -1 +2.5\n 1e2 .5\n\n.PEN_UP\n")
    assert points(found, "0") == [[[-1, 2.5], [100, 0.5]]]


def test_columns_are_looked_up_by_name_and_hold_from_there_on(read):
    found = read(
        main_dat=".COORD T Y P X\n.PEN_DOWN\n0 2 9 1\n1 4 9 3\n.COORD\tx y\n.PEN_DOWN\n5 6\n"
    )
    assert points(found, "0-1") == [[[1, 2], [3, 4]], [[5, 6]]]


@pytest.mark.parametrize(
    ("ink", "kind"),
    [
        (".PEN_DOWN\n1 2\n", "columns_unknown"),
        (".COORD X T\n.PEN_DOWN\n1 2\n", "columns_unknown"),
        (".COORD X Y\n.PEN_DOWN\n1 2\n3\n", "not_numbers"),
        (".COORD X Y\n.PEN_DOWN\n1 2 # here\n", "not_numbers"),
        (".COORD X Y\n.PEN_DOWN\nnan 1\n", "not_numbers"),
        (".COORD X Y\n.PEN_DOWN\n1-2 3\n", "not_numbers"),
        (".COORD X Y\n.PEN_DOWN\n1 1e999\n", "far_away"),
        (".COORD X Y\n.PEN_DOWN\n1 -2000000\n", "far_away"),
    ],
)
def test_points_that_cannot_be_told(read, ink, kind):
    assert fault(read(main_dat=ink), "0") == kind


def test_a_damaged_component_that_no_segment_names_does_no_harm(read):
    found = read(main_dat=".COORD X Y\n.PEN_DOWN\n? ?\n.PEN_DOWN\n1 2\n")
    assert points(found, "1") == [[[1, 2]]]


def test_includes_stand_in_their_places_nested_ones_too(read):
    found = read(
        main_dat=".INCLUDE d/device.doc\n.SEGMENT TEXT 0-4 ?\n.INCLUDE  d/a.dat \n"
        ".PEN_DOWN\n9 9\n.INCLUDE d/deep/b.dat\n",
        **{"d__device.doc": ".COORD Y X\n"},
        d__a_dat=".PEN_DOWN\n1 2\n.INCLUDE d/deep/b.dat\n.PEN_DOWN\n3 4\n",
        d__deep__b_dat=".PEN_DOWN\n5 6\n.SEGMENT TEXT 0 ?\n",
    )
    assert points(found, "0-4") == [[[2, 1]], [[6, 5]], [[4, 3]], [[9, 9]], [[6, 5]]]
    assert len(found.segments) == 1  # those of the file itself


def test_a_lexicon_is_not_looked_for(read):
    assert points(read(main_dat=f".INCLUDE d/words.lex\n{INK}"), "3") == [[[11, 12]]]


def test_an_include_that_is_not_there_costs_the_file_its_segments(read):
    # What it holds would be counted: all numbers behind it would be others.
    assert fault(read(main_dat=f"{INK}.INCLUDE d/gone.dat\n"), "0") == "include_missing"
    nested = read(main_dat=f"{INK}.INCLUDE a.dat\n", a_dat=".INCLUDE gone.doc\n")
    assert fault(nested, "0") == "include_missing"


def test_nothing_is_included_from_outside_the_folder(read, tmp_path):
    (tmp_path / "other.dat").write_text(INK)
    for name in ("../other.dat", "d/../../other.dat", tmp_path / "other.dat"):
        assert fault(read(main_dat=f"{INK}.INCLUDE {name}\n"), "0") == "include_missing"


def test_a_file_that_includes_itself_is_damaged(read):
    with pytest.raises(DamagedError, match=r"^includes itself$"):
        read(main_dat=".INCLUDE a.dat\n", a_dat=".INCLUDE b.dat\n", b_dat=".INCLUDE a.dat\n")


def test_an_include_that_cannot_be_read_is_damaged(read):
    with pytest.raises(
        DamagedError, match=r"^cannot be read, or what it includes: Is a directory$"
    ):
        read(main_dat=".INCLUDE d\n", d__a_dat="")


def test_writers_hold_from_where_they_are_named(read):
    found = read(
        main_dat=".COORD X Y\n.PEN_DOWN\n1 1\n.WRITER_ID  first\n.PEN_DOWN\n1 1\n.PEN_DOWN\n1 1\n"
        ".WRITER_ID second \n.PEN_DOWN\n1 1\n"
    )
    assert [found.writer(number) for number in range(4)] == ["first", "first", "first", "second"]
    assert read(main_dat=INK).writer(0) == ""
