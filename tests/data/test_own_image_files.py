"""Images of the user's own in files of MNIST's and CIFAR's formats, and what is refused."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from hypernetworks.data import own_images
from hypernetworks.data.errors import DataError
from tests.data.test_own_images import all_of, load


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
