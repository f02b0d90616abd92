"""Pictures of the user's own, in a folder a class, and what is refused in one line."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image

from hypernetworks.data import own_images, pictures
from hypernetworks.data.errors import DataError

SHARES = (0.6, 0.2, 0.2)


def picture(path, value=0, size=(6, 5), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = len(Image.new(mode, (1, 1)).getbands())
    color = value if channels == 1 else (value,) * channels
    Image.new(mode, size, color).save(path)


def load(path, size=None, shares=SHARES, seed=0):
    return own_images.load(path, size, shares, seed)


def all_of(splits):
    return [splits.train, splits.valid, splits.test]


def test_folders_of_classes_are_divided_at_random(tmp_path):
    for number in range(20):
        picture(tmp_path / ("b" if number % 2 else "a") / f"{number}.png", number)
    splits = load(tmp_path)
    assert (splits.classes, splits.shape) == (2, (3, 5, 6))
    assert [len(part) for part in all_of(splits)] == [12, 4, 4]
    seen = torch.cat([part.images[:, 0, 0, 0] for part in all_of(splits)])
    assert sorted(seen.tolist()) == list(range(20))
    for part in all_of(splits):
        assert torch.equal(part.labels, part.images[:, 0, 0, 0].long() % 2)
    about = splits.provenance
    assert (about["name"], about["kind"], about["split"]["classes"]) == (
        "images",
        "real",
        ["a", "b"],
    )
    assert str(tmp_path) not in str(about)
    assert about["checksums"] == load(tmp_path, seed=5).provenance["checksums"]
    assert about["split"]["checksum"] != load(tmp_path, seed=5).provenance["split"]["checksum"]
    picture(tmp_path / "a" / "0.png", 77)
    assert about["checksums"] != load(tmp_path).provenance["checksums"]


@pytest.mark.parametrize("valid", ["valid", "val"])
def test_named_splits_stay_what_they_are(tmp_path, valid):
    for split, value in (("train", 1), (valid, 2), ("test", 3)):
        for kind in ("x", "y"):
            picture(tmp_path / split / kind / "1.png", value, mode="L")
    splits = load(tmp_path)
    assert splits.shape == (1, 5, 6)
    assert [part.images.unique().tolist() for part in all_of(splits)] == [[1], [2], [3]]
    assert "seed" not in splits.provenance["split"]


def test_kinds_of_pictures(tmp_path):
    picture(tmp_path / "a" / "grey.png", 9, mode="L")
    picture(tmp_path / "a" / "alpha.png", 9, mode="RGBA")
    picture(tmp_path / "b" / "colour.jpg", 9)
    picture(tmp_path / "b" / "palette.gif", 9, mode="P")
    for number in range(4):
        picture(tmp_path / "b" / f"{number}.bmp", 9)
    assert load(tmp_path).shape == (3, 5, 6)


def test_size_brings_all_to_one(tmp_path):
    for number, size in enumerate([(6, 5), (8, 8), (30, 7), (9, 9), (4, 4), (5, 6)]):
        picture(tmp_path / ("a" if number % 2 else "b") / f"{number}.png", number, size)
    with pytest.raises(DataError, match=r"pixels, .* dataset.size=32"):
        load(tmp_path)
    assert load(tmp_path, size=4).shape == (3, 4, 4)


def classes(tmp_path, count=6):
    for number in range(count):
        picture(tmp_path / ("a" if number % 2 else "b") / f"{number}.png", number)


def empty_class(tmp_path):
    classes(tmp_path)
    (tmp_path / "c").mkdir()


def broken(tmp_path):
    classes(tmp_path)
    whole = (tmp_path / "a" / "1.png").read_bytes()
    (tmp_path / "a" / "1.png").write_bytes(whole[: len(whole) // 2])


def other_classes(tmp_path):
    for split, kinds in (("train", "ab"), ("test", "ac")):
        for kind in kinds:
            picture(tmp_path / split / kind / "1.png")


CASES = {
    "nothing there": (lambda p: None, {}, "no images that are known here"),
    "one class": (lambda p: picture(p / "a" / "1.png"), {}, "one class alone, a"),
    "an empty class": (empty_class, {}, "a class without images"),
    "a truncated image": (broken, {}, r"1.png cannot be read as an image"),
    "other classes in test": (other_classes, {}, r"classes \['a', 'c'\], but \['a', 'b'\]"),
    "no train": (lambda p: picture(p / "test" / "a" / "1.png"), {}, "there is test, but no train"),
    "shares": (classes, {"shares": (0.5, 0.5, 0.5)}, "three positive shares that sum to 1"),
    "size": (classes, {"size": 0}, "dataset.size=0"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_one_line(case, tmp_path):
    make, options, message = CASES[case]
    make(tmp_path)
    with pytest.raises(DataError, match=message) as failed:
        load(tmp_path, **options)
    assert "\n" not in str(failed.value)


def test_too_much_for_memory_is_said_before_it_is_read(tmp_path, monkeypatch):
    classes(tmp_path)
    monkeypatch.setattr(pictures, "MOST", 100)
    with pytest.raises(DataError, match=r"6 images of 6 x 5 are .* dataset.size"):
        load(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_a_class_may_be_called_train(tmp_path):
    for kind in ("train", "bus", "car"):
        for number in range(3):
            picture(tmp_path / kind / f"{number}.png")
    assert load(tmp_path).provenance["split"]["classes"] == ["bus", "car", "train"]


def test_pixels_are_those_of_the_files(tmp_path):
    random = np.random.default_rng(0)
    grey = random.integers(256, size=(4, 5, 6)).astype(np.uint8)
    colour = random.integers(256, size=(4, 5, 6, 3)).astype(np.uint8)
    for number in range(4):
        for split in ("train", "valid", "test"):
            path = tmp_path / split / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(colour[number] if split == "test" else grey[number]).save(path)
    splits = load(tmp_path)
    order = [0, 2, 1, 3]  # class a, class b
    assert splits.test.labels.tolist() == [0, 0, 1, 1]
    assert np.array_equal(splits.test.images.permute(0, 2, 3, 1).numpy(), colour[order])
    for channel in splits.train.images.unbind(1):
        assert np.array_equal(channel.numpy(), grey[order])


def sixteen_bits(tmp_path):
    classes(tmp_path)
    Image.fromarray(np.full((5, 6), 40_000, np.uint16)).save(tmp_path / "a" / "deep.png")


def test_more_than_eight_bits_a_channel_are_refused(tmp_path):
    sixteen_bits(tmp_path)
    with pytest.raises(DataError, match=r"deep.png cannot be read as an image: more than 8 bits"):
        load(tmp_path)


def test_damaged_pictures_of_every_kind_raise_nothing_else(tmp_path):
    """A few hundred mutated files: each is read, or refused by name."""
    random = np.random.default_rng(0)
    classes(tmp_path)
    for suffix in ("png", "jpg", "gif", "bmp", "ppm", "webp"):
        whole = tmp_path / f"whole.{suffix}"
        picture(whole, 90)
        content = whole.read_bytes()
        whole.unlink()
        damaged = tmp_path / "a" / f"damaged.{suffix}"
        for _ in range(50):
            changed = bytearray(content[: random.integers(1, len(content) + 1)])
            for at in random.integers(0, len(changed), 3):
                changed[at] = random.integers(256)
            damaged.write_bytes(changed)
            with suppress(DataError):
                load(tmp_path)
        damaged.unlink()
