"""Pickled arrays of every protocol, and damaged bytes, which are refused and never run."""

import pickle
import random

import numpy as np
import pytest

from hypernetworks.data import pickled
from hypernetworks.data.errors import DataError
from tests.data.test_cifar10 import python2_batch

PIXELS = np.random.default_rng(0).integers(256, size=(2, 3072)).astype(np.uint8)
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def arrays(path, content, *names):
    path.write_bytes(content)
    return pickled.arrays(path, "batch", *names)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        PIXELS,
        np.asfortranarray(PIXELS),
        np.arange(5),
        np.arange(5, dtype=">i4"),
        np.ones((2, 1, 3), np.float32),
    ],
    ids=["pixels", "by columns", "int64", "big-endian", "floats"],
)
def test_arrays_are_those_that_numpy_reads(tmp_path, array, protocol):
    content = pickle.dumps({b"old": array, "new": [1, 2, 3]}, protocol=protocol)
    found, numbers = arrays(tmp_path / "file", content, "old", "new")
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert numbers.tolist() == [1, 2, 3]


def test_python_2s_batches_are_read(tmp_path):
    pixels, labels = arrays(tmp_path / "file", python2_batch(PIXELS, [3, 9]), "data", "labels")
    assert np.array_equal(pixels, PIXELS)
    assert labels.tolist() == [3, 9]


def nested():
    """A list of few bytes that would unfold to 10^12 numbers."""
    found = [1] * 10
    for _ in range(11):
        found = [found] * 10
    return found


@pytest.mark.parametrize(
    "value",
    [np.array(["a", None], dtype=object), np.array(["text"]), nested(), ["1"], {}, None, 5],
    ids=["objects", "strings", "nested", "texts", "dict", "none", "number"],
)
def test_what_is_no_array_of_numbers_is_refused(tmp_path, value):
    with pytest.raises(DataError, match=r"file: no batch \(.*\); replace it"):
        arrays(tmp_path / "file", pickle.dumps({"data": value}, protocol=2), "data")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02]r\xff\xff\xff\xff.",
        b"(" * 100_000 + b"l" * 100_000 + b".",
        b"\x80\x05\x96" + b"\xff" * 8 + b".",
        b"I" + b"9" * 5000 + b"\n.",
        b"cos\nsystem\n(S'touch ran'\ntR.",
        b"\x80\x02cnumpy\nndarray\n}b.",
        b"\x82\x01.",
        b"\x97.",
        b"P1\n.",
    ],
    ids=["memo", "deep", "huge", "digits", "command", "build", "extension", "buffer", "persistent"],
)
def test_odd_opcodes_are_refused(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as refused:
        arrays(tmp_path / "file", content, "data")
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def mutated(content, draw):
    """Changes, drops, adds or cuts at a few places, most in the opcodes around the pixels."""
    content = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        spot = draw.choice([draw.randrange(400), -draw.randrange(1, 200)])
        change = draw.random()
        if change < 0.6:
            content[spot] = draw.randrange(256)
        elif change < 0.75:
            del content[spot]
        elif change < 0.9:
            content.insert(spot, draw.randrange(256))
        elif len(content) > 1000:
            del content[spot:]
        if len(content) < 600:
            break
    return bytes(content)


def test_damaged_bytes_are_always_one_error(tmp_path):
    """Python's own unpickler asks for 64 GiB at some of these, numpy ends the process at others."""
    draw, errors = random.Random(0), []
    wholes = [pickle.dumps({b"data": PIXELS, b"labels": [1, 2]}, protocol=n) for n in PROTOCOLS]
    wholes.append(python2_batch(PIXELS, [1, 9]))
    for _ in range(600):
        try:
            arrays(tmp_path / "file", mutated(draw.choice(wholes), draw), "data", "labels")
        except DataError as error:
            errors.append(str(error))
    assert len(errors) > 300
    assert not [error for error in errors if "\n" in error]
