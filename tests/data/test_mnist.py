"""MNIST's files: verified, placed by hand, downloaded, damaged."""

import gzip
import hashlib
import os
import shutil
import struct
from http.client import BadStatusLine
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torchvision.datasets.utils

from hypernetworks.data import mnist
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import digits

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("HYPERNETWORKS_TEST_MNIST", ROOT.parent / "shared" / "data" / "mnist"))
PARTS = {"train": 40, "t10k": 12}


def idx(path):
    """An IDX file, read by the format's description alone."""
    content = path.read_bytes()
    zero, kind, dimensions = struct.unpack(">HBB", content[:4])
    assert (zero, kind) == (0, 8)
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content[4 + 4 * dimensions :], np.uint8).reshape(shape)


@pytest.fixture
def original(tmp_path, monkeypatch):
    """A folder with a small set in MNIST's format, which the checksums are made to accept."""
    folder = tmp_path / "original"
    digits.write(folder, PARTS["train"], PARTS["t10k"])
    sums = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in mnist.MD5}
    monkeypatch.setattr(mnist, "MD5", sums)
    return folder


def place(original, data_dir, pack=False):
    raw = data_dir / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in mnist.MD5:
        if pack:
            (raw / f"{name}.gz").write_bytes(gzip.compress((original / name).read_bytes()))
        else:
            shutil.copy(original / name, raw)
    return raw


def test_load_returns_what_the_files_hold(original, tmp_path):
    raw = place(original, tmp_path / "data")
    splits = mnist.load(tmp_path / "data", "real", valid_size=10)
    images, labels = idx(raw / "t10k-images-idx3-ubyte"), idx(raw / "t10k-labels-idx1-ubyte")
    assert np.array_equal(splits.test.images[:, 0].numpy(), images)
    assert np.array_equal(splits.test.labels.numpy(), labels)
    everything = idx(raw / "train-images-idx3-ubyte")
    parts = np.concatenate([splits.train.images[:, 0].numpy(), splits.valid.images[:, 0].numpy()])
    assert sorted(i.tobytes() for i in parts) == sorted(i.tobytes() for i in everything)
    assert splits.provenance["kind"] == "real"
    assert splits.provenance["checksums"] == mnist.MD5
    assert splits.provenance["split"].items() >= {"train": 30, "valid": 10, "test": 12}.items()


def test_packed_files_placed_by_hand_are_unpacked(original, tmp_path):
    raw = place(original, tmp_path / "data", pack=True)
    assert len(mnist.load(tmp_path / "data", "real", valid_size=10).train) == 30
    names = sorted(path.name for path in raw.iterdir())
    assert names == sorted([*mnist.MD5, *(f"{name}.gz" for name in mnist.MD5)])


def test_missing_files_are_downloaded_and_verified(original, tmp_path, monkeypatch):
    fetched = []

    def download(url, root, filename):
        fetched.append(url)
        if len(fetched) == 1:
            raise URLError("the first mirror is down")
        content = (original / filename.removesuffix(".gz")).read_bytes()
        (Path(root) / filename).write_bytes(gzip.compress(content))

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    splits = mnist.load(tmp_path / "data", "real", valid_size=10)
    assert len(splits.test) == 12
    assert len(fetched) == 5
    left = sorted(path.name for path in (tmp_path / "data" / "MNIST" / "raw").iterdir())
    assert left == sorted(mnist.MD5)


def test_offline_is_one_error_and_leaves_nothing(tmp_path, monkeypatch):
    def download(url, root, filename):
        (Path(root) / filename).write_bytes(b"half")
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    with pytest.raises(DataError) as caught:
        mnist.load(tmp_path, "real")
    message = str(caught.value)
    assert "\n" not in message
    for word in (*mnist.MD5, "https://", str(tmp_path / "MNIST" / "raw"), "HYPERNETWORKS_DATA"):
        assert word in message
    assert "make reproduce-table" in message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_wrong_checksum_names_the_file_and_changes_nothing(original, tmp_path, name):
    path = place(original, tmp_path / "data") / name
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=f"{name}: md5 .* instead of {mnist.MD5[name]}; delete"):
        mnist.load(tmp_path / "data", "real", valid_size=10)
    assert path.read_bytes() == damaged


def test_a_damaged_download_is_not_put_in_place(original, tmp_path, monkeypatch):
    def download(url, root, filename):
        (Path(root) / filename).write_bytes(gzip.compress(b"a login page"))

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    with pytest.raises(DataError, match="no mirror gave the right files"):
        mnist.load(tmp_path / "data", "real")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "answer",
    [b"<html>", gzip.compress(b"a login page"), BadStatusLine("")],
    ids=["no gzip", "another content", "no HTTP"],
)
def test_a_mirror_that_answers_nonsense_is_passed_over(original, tmp_path, monkeypatch, answer):
    def download(url, root, filename):
        assert not (Path(root) / filename).exists()
        content = gzip.compress((original / filename.removesuffix(".gz")).read_bytes())
        if "yann" not in url:
            content = answer
        if isinstance(content, Exception):
            raise content
        (Path(root) / filename).write_bytes(content)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    assert len(mnist.load(tmp_path / "data", "real", valid_size=10).test) == 12


def cut_short(content):
    return content[:-20]


def garbled_inside(content):
    return content[:20] + b"\xff" * 40 + content[60:]


@pytest.mark.parametrize("damage", [cut_short, garbled_inside])
def test_a_damaged_packed_file_is_named(original, tmp_path, damage):
    raw = place(original, tmp_path / "data", pack=True)
    packed = raw / "train-images-idx3-ubyte.gz"
    packed.write_bytes(damage(packed.read_bytes()))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is damaged"):
        mnist.load(tmp_path / "data", "real", valid_size=10)


@pytest.mark.parametrize(
    "head",
    [b"\0\0\x0a\3", b"\0\0\x09\3", b"\0\0\x08\4", b""],
    ids=["unknown type", "signed", "four dimensions", "empty"],
)
def test_a_file_that_is_no_idx_is_refused(original, tmp_path, monkeypatch, head):
    path = place(original, tmp_path / "data") / "train-images-idx3-ubyte"
    path.write_bytes(head + path.read_bytes()[4:] if head else head)
    monkeypatch.setitem(mnist.MD5, path.name, hashlib.md5(path.read_bytes()).hexdigest())
    with pytest.raises(DataError, match="train files are damaged"):
        mnist.load(tmp_path / "data", "real", valid_size=10)


@pytest.mark.parametrize("part", PARTS)
def test_labels_above_nine_are_refused(original, tmp_path, monkeypatch, part):
    path = place(original, tmp_path / "data") / f"{part}-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
    monkeypatch.setitem(mnist.MD5, path.name, hashlib.md5(path.read_bytes()).hexdigest())
    with pytest.raises(DataError, match=f"{part} labels up to 10 instead of 0 to 9"):
        mnist.load(tmp_path / "data", "real", valid_size=10)


def test_unknown_kind_is_refused(tmp_path):
    with pytest.raises(DataError, match="no 'prefix' data"):
        mnist.load(tmp_path, "prefix")


def test_sample_data_go_through_the_same_reader(demo_data):
    splits = mnist.load(demo_data, "sample", valid_size=500)
    sizes = len(splits.train), len(splits.valid), len(splits.test)
    assert sizes == (5500, 500, 1000)
    assert splits.provenance["kind"] == "sample"
    raw = demo_data / "generated" / "MNIST" / "raw"
    assert np.array_equal(splits.test.images[:, 0].numpy(), idx(raw / "t10k-images-idx3-ubyte"))


def test_the_real_set(tmp_path):
    if not REAL.is_dir():
        pytest.skip(
            f"no MNIST in {REAL}; set HYPERNETWORKS_TEST_MNIST to a folder of its .gz files"
        )
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in REAL.glob("*.gz"):
        (raw / path.name).symlink_to(path)
    splits = mnist.load(tmp_path, "real")
    assert (len(splits.train), len(splits.valid), len(splits.test)) == (55000, 5000, 10000)
    published = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert splits.test.labels.bincount().tolist() == published
