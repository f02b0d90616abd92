"""The sample digits: deterministic, whole, learnable, and no gift to a linear model."""

import hashlib
import json

import pytest
import torch

from hypernetworks.data import mnist
from hypernetworks.data.generated import digits
from hypernetworks.data.images import ImageBatches
from hypernetworks.tasks.classify import Classification
from hypernetworks.tasks.ridge import RidgeClassifier


def sums(folder):
    return {p.name: hashlib.md5(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_same_seed_gives_the_same_files(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        digits.write(tmp_path / name, 30, 10, seed)
    assert sums(tmp_path / "a") == sums(tmp_path / "b")
    images = "train-images-idx3-ubyte"
    assert sums(tmp_path / "a")[images] != sums(tmp_path / "c")[images]


def test_train_and_test_are_different_draws(tmp_path):
    digits.write(tmp_path / "a", 20, 20)
    found = sums(tmp_path / "a")
    assert found["train-images-idx3-ubyte"] != found["t10k-images-idx3-ubyte"]


def test_the_manifest_says_that_it_is_no_data(tmp_path):
    digits.write(tmp_path / "raw", 30, 10)
    manifest = json.loads((tmp_path / "raw" / "generated.json").read_text())
    assert "not MNIST" in manifest["generated"]
    assert set(manifest["md5"]) == set(mnist.MD5)


def test_whole_files_are_left_alone_and_damaged_ones_made_again(tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    digits.write(raw, 30, 10)
    before = sums(raw)
    with monkeypatch.context() as patch:
        patch.setattr(digits, "draw", lambda *_, **__: pytest.fail("generated again"))
        digits.write(raw, 30, 10)
    path = raw / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-3])
    digits.write(raw, 30, 10)
    assert sums(raw) == before
    assert [p.name for p in tmp_path.iterdir()] == ["raw"]


def test_a_failure_leaves_the_old_files(tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    digits.write(raw, 30, 10)
    before = sums(raw)
    monkeypatch.setattr(digits, "_write_idx", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        digits.write(raw, 40, 10)
    assert sums(raw) == before
    assert [p.name for p in tmp_path.iterdir()] == ["raw"]


def test_the_folder_is_never_gone_for_another_process(tmp_path):
    raw = tmp_path / "raw"
    digits.write(raw, 30, 10)
    folder = raw.stat().st_ino
    (raw / "generated.json").unlink()
    digits.write(raw, 30, 10)
    assert raw.stat().st_ino == folder


def test_every_digit_is_drawn_in_every_font():
    glyphs = digits.render_glyphs()
    assert glyphs.shape[:2] == (len(digits.FONTS), 10)
    ink = glyphs.sum((2, 3))
    assert (ink > 60).all()
    border = glyphs.clone()
    border[..., 1:-1, 1:-1] = 0
    assert border.sum() == 0, "a glyph is cut off"
    for font in glyphs:
        assert torch.cdist(font.flatten(1), font.flatten(1)).fill_diagonal_(9).min() > 1


def test_a_linear_model_errs_often_but_not_always(demo_data):
    splits = mnist.load(demo_data, "sample", valid_size=500)
    linear = RidgeClassifier(ImageBatches(splits.train, 500).epoch(0), 10)
    found = Classification().evaluate(linear, ImageBatches(splits.test, 500, shuffle=False))
    assert 12 < found["error"] < 35
