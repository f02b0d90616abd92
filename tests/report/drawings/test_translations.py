import html
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from hypernetworks.report.records import RecordError

GIVEN = [("A dog & a <cat>.", "Un chien et un « chat »."), ("It costs $3 | *now*", "Ça coûte 3 $")]


def left(made, given=GIVEN, end=""):
    """The array that a run leaves."""
    lines = "\n".join("\t".join((*pair, of)) for pair, of in zip(given, made, strict=True))
    return {"translations": np.frombuffer((lines + end).encode(), np.uint8)}


class Cells(HTMLParser):
    """The text of a page's cells."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "td":
            self.found.append("")
            self.inside = True

    def handle_endtag(self, tag):
        if tag == "td":
            self.inside = False

    def handle_data(self, data):
        if getattr(self, "inside", False):
            self.found[-1] += data


def test_source_reference_and_each_row_side_by_side(run, figure, drawn):
    run("cnn", left(["Un chien.", "Ça coûte"]))
    run("hyper_cnn", left(["Un <chat>.", ""], end="\n"), kind="sample")
    figure("translations", "translations")
    files = drawn()
    assert set(files) == {".txt", ".html", ".json"}
    block = files[".txt"].decode().split("\n\n")[2]
    assert [re.split(": +", line) for line in block.splitlines()] == [
        ["source", "A dog & a <cat>."],
        ["reference", "Un chien et un « chat »."],
        ["Normal Convnet", "Un chien."],
        ["Hyper Convnet", "Un <chat>."],
    ]
    page = files[".html"].decode()
    cells = Cells()
    cells.feed(page)
    assert cells.found == [*GIVEN[0], "Un chien.", "Un <chat>.", *GIVEN[1], "Ça coûte", ""]
    assert html.escape("A <figure>") in page
    for form in (files[".txt"].decode(), page):
        assert form.count("GENERATED DATA") == 1


@pytest.mark.parametrize(
    "given",
    [GIVEN[::-1], [*GIVEN, ("More", "Plus")], [(GIVEN[0][0], "Un chien"), GIVEN[1]]],
    ids=["another order", "more", "other references"],
)
def test_rows_of_other_sentences_are_refused(given, run, figure, drawn):
    run("cnn", left(["a", "b"]))
    run("hyper_cnn", left("abc"[: len(given)], given))
    figure("translations", "translations")
    with pytest.raises(RecordError) as refusal:
        drawn()
    assert str(refusal.value).startswith("Normal Convnet and Hyper Convnet did not translate the s")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"a\tb", b"a\tb\tc\td", b"a\tb\tc\n\na\tb\tc", b"a\tb\tc\xff"])
def test_what_is_no_translations_names_the_file(content, run, figure, drawn):
    run("cnn", left(["a", "b"]))
    path = run("hyper_cnn", {"translations": np.frombuffer(content, np.uint8)})
    figure("translations", "translations")
    with pytest.raises(RecordError) as refusal:
        drawn()
    assert str(refusal.value).startswith(f"{path}: array 'translations' is no text of lines")
    assert "\n" not in str(refusal.value)


def test_lines_within_a_sentence_do_not_break_the_drawing(run, figure, drawn):
    for row in ("cnn", "hyper_cnn"):
        run(row, left(["a\u2028b", "c\x85d\x0be"]))
    figure("translations", "translations")
    text = drawn()[".txt"].decode()
    assert text.count("a b") == text.count("c d e") == 2
    assert len(text.splitlines()) == 1 + 1 + 2 + 2 * (1 + 4)
