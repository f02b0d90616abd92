import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from hypernetworks.report.figures import draw, draw_run
from hypernetworks.report.mosaics import mosaic
from hypernetworks.report.records import RecordError


@pytest.fixture
def kernels():
    return np.random.default_rng(1).normal(size=(16, 16, 7, 7)).astype(np.float16)


def test_a_figure_and_its_origin(put, kernels, results, experiments, tmp_path):
    put(array=kernels)
    put(row="hyper_cnn", array=-kernels)
    paths = draw("2", experiments, results, "paper", tmp_path / "out")
    assert [p.name for p in paths] == [f"figure2-paper.{s}" for s in ("png", "svg", "json")]
    origin = json.loads(paths[2].read_text())
    assert origin["figure"] == "2"
    assert origin["array"] == "second_kernel"
    assert [(d["row"], d["id"]) for d in origin["drawn_from"]] == [
        ("cnn", "paper-seed0-1a2b3c4d"),
        ("hyper_cnn", "paper-seed0-1a2b3c4d"),
    ]
    assert origin["drawn_from"][0]["commits"] == ["1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"]


def test_the_picture_shows_the_weights(put, kernels, results, experiments, tmp_path):
    """Both mosaics are in the PNG dot by dot, each of their 127 x 127 pixels seven dots wide."""
    put(array=kernels)
    put(row="hyper_cnn", array=-kernels)
    [png, *_] = draw("2", experiments, results, "paper", tmp_path)
    with Image.open(io.BytesIO(png.read_bytes())) as picture:
        dots = np.asarray(picture.convert("L")).astype(int)
    margin, side = 45, 7 * 127
    lowest = dots[-margin - side : -margin]
    for panel, weights in enumerate((kernels, -kernels)):
        left = margin + panel * (side + margin)
        exact = np.kron(mosaic(weights), np.ones((7, 7), int))
        assert np.abs(lowest[:, left : left + side] - exact).max() <= 1


def test_the_pictures_are_deterministic(put, kernels, results, experiments, tmp_path):
    put(array=kernels)
    put(row="hyper_cnn", array=kernels)
    first = draw("2", experiments, results, "paper", tmp_path / "first")
    second = draw("2", experiments, results, "paper", tmp_path / "second")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert b"<dc:date>" not in first[1].read_bytes()


def titles(monkeypatch, *arguments):
    """Draws, and returns the panels' titles."""
    from matplotlib.axes import Axes

    found = []
    real = Axes.set_title

    def listen(self, label, **options):
        found.append(label)
        return real(self, label, **options)

    monkeypatch.setattr(Axes, "set_title", listen)
    draw(*arguments)
    return found


def test_titles_say_what_is_shown(put, kernels, results, experiments, tmp_path, monkeypatch):
    put(array=kernels, profile="demo", kind="sample", seed=3, value=4.5)
    put(row="hyper_cnn", array=kernels, profile="demo", kind="prefix", value=5)
    assert titles(monkeypatch, "2", experiments, results, "demo", tmp_path) == [
        "Normal Convnet\ntest_error 4.50 percent\nprofile demo, GENERATED DATA, seed 3",
        "Hyper Convnet\ntest_error 5.00 percent\nprofile demo, prefix data, seed 0",
    ]


def test_the_newest_run_without_overrides_comes_first(put, kernels, results, experiments, tmp_path):
    old, new, newest = (f"2025-0{month}-01T00:00:00Z" for month in (1, 2, 3))
    put("published", seed=9, array=kernels, created=newest)
    put(seed=0, array=kernels, created=old)
    put(seed=1, array=kernels, created=new)
    put(seed=2, array=kernels, created=newest, overrides=["trainer.lr=1"])
    put(seed=3, array=kernels, created=newest, status="interrupted")
    put("published", row="hyper_cnn", seed=4, array=kernels)
    *_, origin = draw("2", experiments, results, "paper", tmp_path)
    drawn = [d["id"] for d in json.loads(origin.read_text())["drawn_from"]]
    assert drawn == ["paper-seed1-1a2b3c4d", "paper-seed4-1a2b3c4d"]


def test_missing_runs_are_named_with_the_command(put, kernels, results, experiments, tmp_path):
    put(array=kernels)
    put(row="hyper_cnn")  # finished, but without arrays
    with pytest.raises(RecordError) as refusal:
        draw("2", experiments, results, "paper", tmp_path / "out")
    assert str(refusal.value) == (
        "figure 2, profile paper: no finished run with arrays of table7/hyper_cnn; "
        "make reproduce-figure FIGURE=2 PROFILE=paper"
    )
    assert not (tmp_path / "out").exists()


def test_an_unknown_figure(results, experiments, tmp_path):
    with pytest.raises(RecordError, match=r"no figure '12'; did you mean 2\? there are: 2"):
        draw("12", experiments, results, "demo", tmp_path)


@pytest.mark.parametrize("array", [np.ones((3, 7, 7)), np.ones((2, 2, 7, 7)) * np.nan])
def test_arrays_of_another_kind_are_refused(array, put, results, experiments, tmp_path):
    put(array=array)
    put(row="hyper_cnn", array=array)
    with pytest.raises(RecordError, match="array"):
        draw("2", experiments, results, "paper", tmp_path)


def test_a_damaged_array_file_is_named(put, kernels, results, experiments, tmp_path):
    path = put(array=kernels).with_suffix(".npz")
    put(row="hyper_cnn", array=kernels)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RecordError) as refusal:
        draw("2", experiments, results, "paper", tmp_path)
    assert str(refusal.value).startswith(f"{path}: array 'second_kernel': ")


def one_array(path):
    with path.open("wb") as file:
        np.save(file, np.ones((2, 2, 7, 7)))


ODD = {
    "one array alone": lambda path: one_array(path),
    "words": lambda path: np.savez(path, second_kernel=np.full((2, 2, 7, 7), "a")),
    "objects": lambda path: np.savez(path, second_kernel=np.array([{}], dtype=object)),
    "another name": lambda path: np.savez(path, kernel=np.ones((2, 2, 7, 7))),
    "no zip": lambda path: path.write_bytes(b"PK" * 100),
    "nothing": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_arrays_that_are_none_are_one_line(odd, put, kernels, results, experiments, tmp_path):
    path = put(array=kernels).with_suffix(".npz")
    put(row="hyper_cnn", array=kernels)
    odd(path)
    with pytest.raises(RecordError) as refusal:
        draw("2", experiments, results, "paper", tmp_path)
    assert str(refusal.value).startswith(f"{path}: array 'second_kernel'")
    assert "\n" not in str(refusal.value)
    assert "allow_pickle" not in str(refusal.value)


def test_a_shortened_row_says_so(put, kernels, results, experiments, tmp_path, monkeypatch):
    put(array=kernels, profile="lite")
    put(row="hyper_cnn", array=kernels, profile="lite")
    found = titles(monkeypatch, "2", experiments, results, "lite", tmp_path)
    labels = [title.splitlines()[0] for title in found]
    assert labels == ["Normal Convnet, few epochs", "Small Hyper Convnet"]


def test_the_origin_holds_the_files_to_what_was_drawn(put, kernels, results, experiments, tmp_path):
    put(array=kernels)
    put(row="hyper_cnn", array=kernels)
    png, svg, origin = draw("2", experiments, results, "paper", tmp_path)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (png, svg)}
    assert json.loads(origin.read_text())["files"] == sums


def test_a_figure_of_one_run_of_ones_own(put, kernels, experiments, tmp_path):
    record = put(table="custom", row="custom", label="custom", array=kernels)
    paths = draw_run("2", experiments, record, tmp_path / "out")
    stem = f"figure2-{record.stem}"
    assert [path.name for path in paths] == [f"{stem}.{s}" for s in ("png", "svg", "json")]
    origin = json.loads(paths[-1].read_text())
    assert [d["id"] for d in origin["drawn_from"]] == [record.stem]
    assert origin["missing"] == []


def test_what_no_run_shows_alone_is_refused(put, experiments, tmp_path):
    record = put(table="custom", row="custom", status="interrupted")
    with pytest.raises(RecordError, match=r"left no arrays to draw \(it is interrupted\)"):
        draw_run("2", experiments, record, tmp_path)
    with pytest.raises(RecordError, match="no figure '98'"):
        draw_run("98", experiments, record, tmp_path)
    with (experiments / "figures.yaml").open("a") as file:
        file.write("'98': {title: T, paper: P, drawing: curves, rows: [table7/cnn]}\n")
    with pytest.raises(RecordError, match="figure 98 is of tables, not of one run"):
        draw_run("98", experiments, record, tmp_path)
