import io

import numpy as np
import pytest
from PIL import Image

from hypernetworks.report.drawings.gates import change_by_kind, in_words, picture, shown
from hypernetworks.report.figures import draw
from hypernetworks.report.records import RecordError

from .small import TEXT, sampled


def test_gates_as_pictures_and_as_a_page(run, figure, drawn, monkeypatch):
    from matplotlib.axes import Axes

    said, shades = [], []
    real_text, real_image = Axes.text, Axes.imshow

    def text(self, x, y, text, **options):
        said.append((x, text))
        return real_text(self, x, y, text, **options)

    def image(self, rows, **options):
        shades.append(rows)
        return real_image(self, rows, **options)

    monkeypatch.setattr(Axes, "text", text)
    monkeypatch.setattr(Axes, "imshow", image)
    arrays = sampled()
    run("cnn", arrays)
    figure("gates", "sample")
    files = drawn()
    assert set(files) == {".png", ".svg", ".html", ".json"}
    Image.open(io.BytesIO(files[".png"])).verify()
    page = files[".html"].decode()
    assert "A &lt;figure&gt;" in page
    assert page.count("<span>") == len(TEXT) - 2
    assert page.count("<i style") == 4 * (len(TEXT) - 2)
    assert page.count('class="end"') == 1
    assert "<span>&lt;<i" in page
    largest = arrays["weight_change"].astype(float).max(0)
    strongest = arrays["weight_change"].astype(float)[0] / largest
    first = page[page.index("<span>") :]
    assert [f"{x:.2f}" for x in strongest] == [
        part.split(")")[0] for part in first.split("rgba(178,24,43,")[1:5]
    ]
    # The picture: the same characters from the second on, a column each, a row a gate.
    assert said[:8] == list(enumerate('The "ban'))
    scaled = arrays["weight_change"].astype(float) / largest
    assert len(shades) == 1
    np.testing.assert_allclose(shades[0][:, : len(scaled)], scaled.T)


def test_changes_that_do_not_fit_the_text_are_refused(run, figure, drawn, tmp_path):
    run("cnn", sampled(steps=5))
    figure("gates", "sample")
    with pytest.raises(RecordError, match=r"changes of shape \(5, 4\) for 22 characters"):
        drawn()
    assert not (tmp_path / "out").exists()


def test_changes_at_letters_at_brackets_and_elsewhere():
    scaled = np.array([[1.0, 1], [0.25, 0.25], [0.25, 0.75], [0.5, 0]])
    expected = "mean change at letters 0.38, brackets 1.00, the rest 0.25"
    assert in_words(change_by_kind("[ab ", scaled)) == expected
    assert in_words(change_by_kind("жé", scaled[:2])) == "mean change at letters 0.62"


def test_gates_that_never_change_are_white(run, figure, drawn):
    arrays = sampled()
    arrays["weight_change"][:, 1] = 0
    run("cnn", arrays)
    figure("gates", "sample")
    page = drawn()[".html"].decode()
    assert "nan" not in page
    assert "g 1" in page


def test_gates_are_drawn_of_one_row(experiments, results, tmp_path):
    with (experiments / "figures.yaml").open("a") as file:
        file.write("'98': {title: T, paper: P, drawing: gates, array: sample, ")
        file.write("rows: [table7/cnn, table7/hyper_cnn]}\n")
    with pytest.raises(RecordError, match="gates are drawn of one row"):
        draw("98", experiments, results, "paper", tmp_path)


def test_every_symbol_is_shown_as_one_character():
    text = b"\n\ta <\xc3".decode("ascii", errors="replace")
    assert [shown(character) for character in text] == ["↵", "→", "a", " ", "<", "·"]
    assert shown("ж") == "ж"
    assert all(len(shown(chr(number))) == 1 for number in range(256))


@pytest.mark.parametrize("text", ["\nÜber é\n", "\nжук é\n"])
def test_characters_of_a_text_in_utf8_are_shown(text, make, run, figure, drawn):
    arrays = sampled(text.encode("latin-1", errors="replace"))
    arrays["sample"] = np.array([ord(character) for character in text])
    split = {"alphabet": text, "encoding": "utf-8"}
    run("cnn", arrays, data={**make()["data"], "split": split})
    figure("gates", "sample")
    page = drawn()[".html"].decode()
    assert [part[0] for part in page.split("<span>")[1:]] == list(text[1:-1])


def test_a_picture_of_any_text_and_its_changes():
    """With torch's numbers or numpy's, in fewer characters than a line."""
    import torch

    drawing = picture("so (x)", torch.rand(6, 4), "A title")
    (head,) = drawing.texts
    assert head.get_text().startswith("A title\nmean change at letters ")
    (axes,) = drawing.axes
    assert "".join(character.get_text() for character in axes.texts) == "so (x)"
    for changes in (np.ones((5, 4)), np.ones((6, 1)), np.ones(6)):
        with pytest.raises(ValueError, match="for a text of 6 characters"):
            picture("so (x)", changes)
    with pytest.raises(ValueError, match="for a text of 0 characters"):
        picture("", np.ones((0, 4)))
