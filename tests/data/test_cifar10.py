"""CIFAR-10: files in the original format, and everything that can be wrong with them."""

import hashlib
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from hypernetworks.data import cifar10
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import textures
from tests.conftest import ROOT

PIXELS = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)


def python2_batch(pixels, labels):
    """A batch as Python 2 with its numpy pickled it: byte strings, the old names."""

    def string(text):
        return b"U" + bytes([len(text)]) + text

    data = pixels.tobytes()
    out = b"\x80\x02}(" + string(b"labels") + b"]("
    out += b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    out += string(b"data") + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
    out += b"K\x00\x85U\x01b\x87R(K\x01K" + bytes([len(pixels)]) + b"M\x00\x0c\x86"
    out += (
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK"
    )
    out += b"\x00tb\x89T" + struct.pack("<I", len(data)) + data + b"tb"
    return out + b"u."


@pytest.fixture
def original(tmp_path, monkeypatch):
    """Six small files in the original format, which pass for the real ones."""
    folder = tmp_path / cifar10.FOLDER
    folder.mkdir()
    sums = {}
    for number, name in enumerate(cifar10.MD5):
        content = python2_batch(PIXELS + np.uint8(number), [number, 9])
        (folder / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
    monkeypatch.setattr(cifar10, "MD5", sums)
    return folder


def test_reads_the_original_format(original, tmp_path):
    splits = cifar10.load(tmp_path, "real", valid_size=3)
    about = splits.provenance
    assert (about["kind"], about["split"]["train"], about["split"]["valid"]) == ("real", 7, 3)
    assert about["checksums"] == cifar10.MD5
    assert splits.test.labels.tolist() == [5, 9]
    expected = (PIXELS + np.uint8(5)).reshape(2, 3, 32, 32)
    assert torch.equal(splits.test.images, torch.from_numpy(expected))
    both = torch.cat([splits.train.labels, splits.valid.labels]).sort().values
    assert both.tolist() == [0, 1, 2, 3, 4, 9, 9, 9, 9, 9]


class Command:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({b"data": PIXELS, b"labels": [1, 2], b"more": Command()}, protocol=2),
        pickle.dumps(Command()),
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"not a pickle",
        b"",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": PIXELS}, protocol=2),
    ],
)
def test_nothing_in_a_file_is_run(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_1: no batch of CIFAR-10"):
        cifar10.read(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (PIXELS[:, :-1], [1, 2], r"uint8 data of shape \(2, 3071\)"),
        (PIXELS.astype(np.float32), [1, 2], "float32 data"),
        (PIXELS, [1], r"labels of shape \(1,\)"),
        (PIXELS, [1, 10], "labels 1 to 10 instead of 0 to 9"),
        (PIXELS, [-1, 9], "labels -1 to 9 instead of 0 to 9"),
        (PIXELS, [1.0, 2.0], "list instead of an array or a list of integers"),
    ],
)
def test_another_content_is_named(pixels, labels, message, tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({b"data": pixels, b"labels": labels}, protocol=2))
    with pytest.raises(DataError, match=message):
        cifar10.read(path)


def test_batches_that_python_3_wrote_are_read(tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({"data": PIXELS, "labels": np.array([3, 200], np.uint8)}))
    images, labels = cifar10.read(path, classes=None)
    assert np.array_equal(images.flatten(1).numpy(), PIXELS)
    assert labels.tolist() == [3, 200]


def test_a_damaged_file_is_refused(original, tmp_path):
    (original / "data_batch_3").write_bytes(b"")
    with pytest.raises(DataError, match=r"data_batch_3: md5 .* instead of .*; delete"):
        cifar10.load(tmp_path, "real", 3)


def test_missing_files_come_from_the_authors_archive(original, tmp_path, monkeypatch):
    missing = original / "data_batch_2"
    content = missing.read_bytes()
    missing.unlink()

    def download(url, root, filename):
        assert url in cifar10.URLS
        with tarfile.open(Path(root, filename), "w:gz") as tar:
            member = tarfile.TarInfo(f"{cifar10.FOLDER}/data_batch_2")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    cifar10.load(tmp_path, "real", 3)
    assert missing.read_bytes() == content


@pytest.mark.parametrize("answer", [None, b"<html>log in first</html>"])
def test_offline_is_one_error_and_leaves_nothing(answer, tmp_path, monkeypatch):
    def download(url, root, filename):
        if answer is None:
            raise OSError("no network")
        (Path(root) / filename).write_bytes(answer)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    with pytest.raises(DataError) as refused:
        cifar10.load(tmp_path, "real")
    for word in ("data_batch_1", cifar10.URLS[0], cifar10.FOLDER, "HYPERNETWORKS_DATA", "demo"):
        assert word in str(refused.value)
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="no 'prefix' data"):
        cifar10.load(tmp_path, "prefix")


def test_sample_pictures_are_in_the_original_layout_and_the_same_every_time(tmp_path):
    textures.write(tmp_path / "a", 40, 20)
    textures.write(tmp_path / "b", 40, 20)
    for name in cifar10.MD5:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    images, _ = cifar10.read(tmp_path / "a" / "data_batch_1")
    assert images.shape == (40, 3, 32, 32)
    assert not torch.equal(images, cifar10.read(tmp_path / "a" / "data_batch_2")[0])
    assert set(textures.draw(400, 0)[1].tolist()) == set(range(10))


REAL = Path(os.environ.get("HYPERNETWORKS_TEST_CIFAR10", ROOT.parent / "data"))


@pytest.mark.skipif(not (REAL / cifar10.FOLDER).exists(), reason="the real files are not there")
def test_the_real_files_have_the_counts_of_the_paper():
    splits = cifar10.load(REAL, "real")
    sizes = [len(part) for part in (splits.train, splits.valid, splits.test)]
    assert sizes == [45_000, 5_000, 10_000]
    assert splits.test.labels.bincount().tolist() == [1000] * 10
