"""A text of the user's own: files and folders, characters and bytes, clear refusals."""

import hashlib

import pytest
import torch

from hypernetworks.data.errors import DataError
from hypernetworks.data.own_text import load
from hypernetworks.data.text import Alphabet

TEXT = "Wörter, größer: 花 und 木\n" * 10


def test_a_file_is_cut_in_order_by_characters(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(TEXT, encoding="utf-8")
    splits = load(path, shares=(0.5, 0.25, 0.25))
    parts = [
        splits.alphabet.decode(part).decode() for part in (splits.train, splits.valid, splits.test)
    ]
    assert "".join(parts) == TEXT
    assert [len(part) for part in parts] == [120, 60, 60]
    assert splits.alphabet.symbols == "".join(sorted(set(TEXT)))
    about = splits.provenance
    assert about["checksums"] == {"mine.txt": hashlib.md5(TEXT.encode()).hexdigest()}
    assert (about["split"]["train"], about["split"]["encoding"]) == (120, "utf-8")
    assert Alphabet.from_record(about["split"]) == splits.alphabet


def test_bytes_take_any_file(tmp_path):
    path = tmp_path / "any.bin"
    path.write_bytes(bytes(range(256)) * 4)
    splits = load(path, "bytes")
    assert splits.train.dtype == torch.uint8
    assert splits.alphabet.decode(splits.train) == (bytes(range(256)) * 4)[:922]
    assert Alphabet.from_record(splits.provenance["split"]) == splits.alphabet
    with pytest.raises(DataError, match=r"any.bin: no UTF-8 at byte 128 .*dataset.form=bytes"):
        load(path)


def test_a_folder_with_its_splits_and_one_of_text_files(tmp_path):
    for name, text in (("train.en", "abab"), ("valid.en", "abc"), ("test.en", "ad")):
        (tmp_path / name).write_text(text)
    splits = load(tmp_path)
    assert splits.alphabet.symbols == "abcd"  # also those that only the others have
    assert splits.train.tolist() == [0, 1, 0, 1]
    assert splits.test.tolist() == [0, 3]
    assert set(splits.provenance["checksums"]) == {"train.en", "valid.en", "test.en"}
    books = tmp_path / "books"
    books.mkdir()
    for name, text in (("b.txt", "second"), ("a.txt", "first "), ("c.md", "no")):
        (books / name).write_text(text)
    whole = load(books, shares=(0.5, 0.25, 0.25))
    parts = (whole.train, whole.valid, whole.test)
    assert b"".join(whole.alphabet.decode(part) for part in parts) == b"first second"


def test_more_symbols_than_a_byte_has(tmp_path):
    path = tmp_path / "many.txt"
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 700))) * 2
    path.write_text(text, encoding="utf-8")
    splits = load(path)
    assert (splits.train.dtype, len(splits.alphabet.symbols)) == (torch.int32, 700)
    assert splits.alphabet.decode(splits.train).decode() == text[:1260]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (None, {}, "no such file or folder"),
        ("", {}, "too few"),
        ("ab", {}, "too few"),
        (TEXT, {"shares": (0.9, 0.1)}, r"dataset.split=\[0.9, 0.1\]: give three"),
        (TEXT, {"shares": (0.9, 0.1, 0.1)}, "sum to 1"),
        (TEXT, {"shares": (0.9, float("nan"), 0.1)}, "sum to 1"),
        (TEXT, {"shares": (1.1, -0.05, -0.05)}, "positive"),
        (TEXT, {"form": "words"}, "dataset.form=words: choose characters or bytes"),
    ],
)
def test_what_cannot_be_read_is_one_line(text, options, message, tmp_path):
    path = tmp_path / "t.txt"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as failed:
        load(path, **options)
    assert "\n" not in str(failed.value)


def test_a_folder_that_lacks_something(tmp_path):
    with pytest.raises(DataError, match=r"neither train\*, valid\* and test\* nor .txt files"):
        load(tmp_path)
    (tmp_path / "train.txt").write_text("abc")
    with pytest.raises(DataError, match="there is only train"):
        load(tmp_path)
