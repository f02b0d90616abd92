"""Images of the user's own, in the layouts that there are, and what is refused in one line."""

import gzip
import pickle
import struct
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


def idx(path, array, packed):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    content = head + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    if packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inside", ["", "raw", "MNIST/raw"])
def test_idx_files(tmp_path, packed, inside):
    images = np.arange(20 * 4 * 3).reshape(20, 4, 3) % 256
    for part, count in (("train", 20), ("t10k", 5)):
        idx(tmp_path / inside / f"{part}-images-idx3-ubyte", images[:count], packed)
        idx(tmp_path / inside / f"{part}-labels-idx1-ubyte", np.arange(count) % 12, packed)
    splits = load(tmp_path)
    assert (splits.classes, splits.shape) == (12, (1, 4, 3))
    assert [len(part) for part in all_of(splits)] == [15, 5, 5]
    assert np.array_equal(splits.test.images[:, 0].numpy(), images[:5])


def test_cifar_batches(tmp_path):
    for name, count in (("data_batch_1", 20), ("data_batch_2", 10), ("test_batch", 6)):
        batch = {
            b"data": np.full((count, 3072), 7, np.uint8),
            b"labels": [n % 3 for n in range(count)],
        }
        (tmp_path / name).write_bytes(pickle.dumps(batch, protocol=2))
    splits = load(tmp_path)
    assert (splits.classes, splits.shape) == (3, (3, 32, 32))
    assert [len(part) for part in all_of(splits)] == [22, 8, 6]


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


def idx_set(tmp_path, train=tuple(range(10)), test=(0, 1), sides=((4, 4), (4, 4))):
    for part, labels, (height, width) in (("train", train, sides[0]), ("t10k", test, sides[1])):
        shape = (len(labels), height, width)
        idx(tmp_path / f"{part}-images-idx3-ubyte", np.full(shape, 9), packed=False)
        idx(tmp_path / f"{part}-labels-idx1-ubyte", np.array(labels), packed=False)


def lacks_one(tmp_path):
    idx_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()


def too_few_labels(tmp_path):
    idx_set(tmp_path)
    idx(tmp_path / "train-labels-idx1-ubyte", np.arange(9), packed=False)


def cut_short(tmp_path):
    idx_set(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])


def no_gzip(tmp_path):
    idx_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").rename(tmp_path / "t10k-labels-idx1-ubyte.gz")


def no_test_batch(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"")


NUMBERED = {
    "a file missing": (lacks_one, "lacks t10k-labels-idx1-ubyte"),
    "counts differ": (too_few_labels, "10 train images, but 9 labels"),
    "cut short": (cut_short, "train files are damaged; replace"),
    "no gzip": (no_gzip, r"t10k-labels-idx1-ubyte\.gz is damaged"),
    "no images": (lambda p: idx_set(p, test=()), "t10k files are damaged"),
    "one class": (lambda p: idx_set(p, [3] * 9), "all training labels are 3"),
    "gaps": (lambda p: idx_set(p, [0, 1, 200]), "labels up to 200 of 3 training images"),
    "test": (lambda p: idx_set(p, test=[10]), "test labels up to 10, but training labels up to 9"),
    "sizes": (
        lambda p: idx_set(p, sides=((4, 4), (6, 5))),
        "training file's have 4x4 pixels, the test file's 5x6; dataset.size",
    ),
    "no test batch": (no_test_batch, "lacks test_batch"),
}


@pytest.mark.parametrize("case", NUMBERED)
def test_files_of_numbers_that_do_not_fit_are_one_line(case, tmp_path):
    make, message = NUMBERED[case]
    make(tmp_path)
    with pytest.raises(DataError, match=message) as failed:
        load(tmp_path)
    assert "\n" not in str(failed.value)


def test_size_holds_for_files_of_numbers(tmp_path, monkeypatch):
    idx_set(tmp_path, sides=((4, 8), (6, 5)))
    splits = load(tmp_path, size=3)
    assert splits.shape == (1, 3, 3)
    assert splits.train.images.unique().tolist() == [9]
    monkeypatch.setattr(own_images, "LIMIT", 2000)
    with pytest.raises(DataError, match=r"GiB of pixels, .* set a smaller dataset\.size"):
        load(tmp_path, size=20)


def test_batches_are_in_the_order_of_their_numbers(tmp_path):
    for number in (1, 2, 10):
        batch = {b"data": np.full((4, 3072), number, np.uint8), b"labels": [0, 1, 2, 3]}
        (tmp_path / f"data_batch_{number}").write_bytes(pickle.dumps(batch, protocol=2))
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    splits = load(tmp_path)
    seen = splits.train.images[:, 0, 0, 0].tolist()
    assert seen == sorted(seen)
    assert set(splits.provenance["checksums"]) == {
        *("data_batch_1", "data_batch_2", "data_batch_10"),
        "test_batch",
    }


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
