"""Figures 4, 5, 6, 14 and 15: drawn from arrays and curves, and what cannot be drawn."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from hypernetworks.report import records
from hypernetworks.report.figures import draw
from hypernetworks.report.plots import saturated
from hypernetworks.report.records import RecordError
from hypernetworks.report.samples import means_by_kind, shown

TEXT = b'\nThe "bank"\t<b>\xc3\xa9\nsaid'


@pytest.fixture
def run(make, results):
    """Writes a finished run of a row with arrays and a curve."""

    def write(row, arrays, curve=((100, 3.0), (200, 2.5)), **fields):
        record = make(row=row, **fields)
        record["selection"]["metric"] = "valid_bpc"
        folder = records.folder_of(results / "runs", "7", row)
        folder.mkdir(parents=True, exist_ok=True)
        record |= {"arrays": f"{record['id']}.npz", "curve": f"{record['id']}.curve.jsonl"}
        np.savez(folder / record["arrays"], **arrays)
        lines = [json.dumps({"step": step, "valid_bpc": bpc}) + "\n" for step, bpc in curve]
        (folder / record["curve"]).write_text("".join(lines))
        return records.write(record, folder)

    return write


@pytest.fixture
def figure(experiments):
    """Adds a figure of the two rows."""

    def add(drawing, array=None):
        text = "'99':\n  title: A <figure>\n  paper: section Z\n"
        rows = "table7/cnn" if drawing == "gates" else "table7/cnn, table7/hyper_cnn"
        text += f"  rows: [{rows}]\n  drawing: {drawing}\n"
        text += f"  array: {array}\n" if array else ""
        with (experiments / "figures.yaml").open("a") as file:
            file.write(text)

    return add


def sampled(text=TEXT, steps=None):
    change = np.abs(np.random.default_rng(0).normal(size=(steps or len(text) - 2, 4)))
    symbols = np.frombuffer(text, np.uint8).astype(np.float16)
    return {"sample": symbols, "weight_change": change.astype(np.float16)}


def drawn(experiments, results, tmp_path):
    paths = draw("99", experiments, results, "paper", tmp_path / "out")
    return {path.suffix: path.read_bytes() for path in paths}


def test_gates_as_pictures_and_as_a_page(run, figure, experiments, results, tmp_path, monkeypatch):
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
    files = drawn(experiments, results, tmp_path)
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


def test_changes_that_do_not_fit_the_text_are_refused(run, figure, experiments, results, tmp_path):
    run("cnn", sampled(steps=5))
    figure("gates", "sample")
    with pytest.raises(RecordError, match=r"changes of shape \(5, 4\) for 22 characters"):
        drawn(experiments, results, tmp_path)
    assert not (tmp_path / "out").exists()


def test_changes_at_letters_at_brackets_and_elsewhere():
    scaled = np.array([[1.0, 1], [0.25, 0.25], [0.25, 0.75], [0.5, 0]])
    expected = "mean change at letters 0.38, brackets 1.00, the rest 0.25"
    assert means_by_kind(b"[ab ", scaled) == expected
    assert means_by_kind(b"ab", scaled[:2]) == "mean change at letters 0.62"


def test_gates_that_never_change_are_white(run, figure, experiments, results, tmp_path):
    arrays = sampled()
    arrays["weight_change"][:, 1] = 0
    run("cnn", arrays)
    figure("gates", "sample")
    page = drawn(experiments, results, tmp_path)[".html"].decode()
    assert "nan" not in page
    assert "g 1" in page


def test_gates_are_drawn_of_one_row(experiments, results, tmp_path):
    with (experiments / "figures.yaml").open("a") as file:
        file.write("'98': {title: T, paper: P, drawing: gates, array: sample, ")
        file.write("rows: [table7/cnn, table7/hyper_cnn]}\n")
    with pytest.raises(RecordError, match="gates are drawn of one row"):
        draw("98", experiments, results, "paper", tmp_path)


def test_every_byte_has_one_character():
    assert [shown(byte) for byte in b"\n\ta <\xc3"] == ["↵", "→", "a", " ", "<", "·"]
    assert all(len(shown(byte)) == 1 for byte in range(256))


def test_text_is_the_bytes_of_the_sample(run, figure, experiments, results, tmp_path):
    run("cnn", sampled())
    run("hyper_cnn", sampled(b"\nOther"), kind="sample")
    figure("text", "sample")
    files = drawn(experiments, results, tmp_path)
    assert set(files) == {".txt", ".json"}
    assert TEXT in files[".txt"]
    assert b"Other" in files[".txt"]
    assert b"SAMPLE DATA" in files[".txt"]


def test_histograms_say_what_is_saturated(run, figure, experiments, results, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    said = []
    real = Axes.text

    def listen(self, x, y, text, **options):
        said.append(text)
        return real(self, x, y, text, **options)

    monkeypatch.setattr(Axes, "text", listen)
    share = np.zeros(100)
    share[[0, 94, 95, 99]] = [0.25, 0.5, 0.125, 0.125]
    for row in ("cnn", "hyper_cnn"):
        run(row, {"phi_c": share})
    figure("histograms", "phi_c")
    assert set(drawn(experiments, results, tmp_path)) == {".png", ".svg", ".json"}
    assert said == ["|phi(c)| > 0.9: 50.0%"] * 2


def test_parts_without_a_border_at_nine_tenths_are_refused():
    assert saturated(np.full(20, 0.05)) == pytest.approx(0.1)
    with pytest.raises(RecordError, match="7 parts"):
        saturated(np.full(7, 1 / 7))


def test_curves_of_all_rows(run, figure, experiments, results, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    lines = []
    real = Axes.plot

    def listen(self, *data, **options):
        lines.append((*data, options["label"]))
        return real(self, *data, **options)

    titles = []
    monkeypatch.setattr(Axes, "plot", listen)
    monkeypatch.setattr(Axes, "set_title", lambda self, text, **_: titles.append(text))
    run("cnn", {}, profile="lite", parameters={"total": 12})
    run("hyper_cnn", {}, curve=((100, 2.0),), profile="lite", parameters={"total": 1234})
    figure("curves")
    paths = draw("99", experiments, results, "lite", tmp_path / "out")
    assert [path.suffix for path in paths] == [".png", ".svg", ".json"]
    assert lines[:2] == [
        ([100, 200], [3.0, 2.5], "Normal Convnet (12 parameters)"),
        ([100], [2.0], "Hyper Convnet (1,234 parameters)"),
    ]
    assert titles[0] == "A <figure>\nprofile lite, real data, seed 0"


def test_a_damaged_curve_is_named(run, figure, experiments, results, tmp_path):
    path = run("cnn", {}).with_suffix(".curve.jsonl")
    run("hyper_cnn", {})
    path.write_text('{"step": 100}\n')
    figure("curves")
    with pytest.raises(RecordError, match=r"curve.jsonl: no curve of valid_bpc"):
        drawn(experiments, results, tmp_path)
