"""The Penn Treebank: original files, its character form, and everything that can be wrong."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
import torchvision

from hypernetworks.data import ptb
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import sentences
from tests.conftest import ROOT

TEXTS = {
    "ptb.train.txt": b" aa <unk> N \n b a \n",
    "ptb.valid.txt": b" a b \n",
    "ptb.test.txt": b" b \n a \n",
}


@pytest.fixture
def original(tmp_path, monkeypatch):
    """Three small files in the original format, which pass for the real ones."""
    folder = tmp_path / "ptb"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text)
    sums = {name: hashlib.md5(text).hexdigest() for name, text in TEXTS.items()}
    monkeypatch.setattr(ptb, "MD5", sums)
    return folder


def text_of(splits, part):
    return splits.alphabet.decode(getattr(splits, part))


def test_lines_are_stripped_and_followed_by_a_newline(original, tmp_path):
    splits = ptb.load(tmp_path, "real")
    assert text_of(splits, "train") == b"aa <unk> N\nb a\n"
    assert text_of(splits, "valid") == b"a b\n"
    assert splits.alphabet.symbols == "".join(sorted(set("aa <unk> N\nb a\n")))
    about = splits.provenance
    assert (about["kind"], about["split"]["train"], about["split"]["symbols"]) == ("real", 15, 10)
    assert about["split"]["alphabet"] == splits.alphabet.symbols
    assert about["checksums"] == ptb.MD5


def test_the_raw_form_keeps_every_byte(original, tmp_path):
    assert text_of(ptb.load(tmp_path, "real", "raw"), "test") == TEXTS["ptb.test.txt"]
    with pytest.raises(DataError, match=r"dataset.form=words: choose one of characters, raw"):
        ptb.load(tmp_path, "real", "words")


def test_an_unknown_symbol_is_named_with_its_place(original, tmp_path, monkeypatch):
    (original / "ptb.valid.txt").write_bytes(b" a? \n")
    found = hashlib.md5(b" a? \n").hexdigest()
    monkeypatch.setitem(ptb.MD5, "ptb.valid.txt", found)
    with pytest.raises(DataError, match=r"the valid text has b'\?' at 1, which is no known symbol"):
        ptb.load(tmp_path, "real")


def test_a_damaged_file_is_refused(original, tmp_path):
    (original / "ptb.test.txt").write_bytes(b" b \n")
    with pytest.raises(DataError, match=r"ptb.test.txt: md5 .* instead of .*; delete"):
        ptb.load(tmp_path, "real")


def archive_of(texts, path):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in texts.items():
            member = tarfile.TarInfo(f"./{ptb.INSIDE}/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))


def test_missing_files_come_from_the_authors_archive(original, tmp_path, monkeypatch):
    (original / "ptb.valid.txt").unlink()
    asked = []

    def download(url, root, filename):
        asked.append(url)
        if len(asked) == 1:
            Path(root, filename).write_bytes(b"not found")
        else:
            archive_of(TEXTS, Path(root, filename))

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    assert text_of(ptb.load(tmp_path, "real"), "valid") == b"a b\n"
    assert asked == list(ptb.URLS)
    assert sorted(p.name for p in original.iterdir()) == sorted(TEXTS)


def test_offline_is_one_error_and_leaves_nothing(tmp_path, monkeypatch):
    def download(url, root, filename):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    with pytest.raises(DataError) as refused:
        ptb.load(tmp_path, "real")
    for word in (*ptb.MD5, ptb.URLS[0], str(tmp_path / "ptb"), "HYPERNETWORKS_DATA", "demo"):
        assert word in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_sample_sentences_are_in_the_original_format(tmp_path):
    splits = ptb.load(tmp_path, "sample")
    raw = (tmp_path / "generated" / "ptb" / "ptb.train.txt").read_bytes().splitlines(keepends=True)
    assert len(raw) == 8000
    assert all(line.startswith(b" ") and line.endswith(b" \n") for line in raw)
    assert all(word in b"".join(raw) for word in (b"<unk>", b" N ", b"$"))
    assert splits.provenance["kind"] == "sample"
    assert len(splits.alphabet.symbols) < 50
    assert set(splits.test.tolist()) <= set(splits.train.tolist())


def test_sample_sentences_are_the_same_every_time_and_differ_by_split(tmp_path):
    sentences.write(tmp_path / "a")
    before = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    stamps = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a").iterdir()}
    sentences.write(tmp_path / "a")
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a").iterdir()} == stamps
    sentences.write(tmp_path / "b")
    assert {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()} == before
    assert before["ptb.valid.txt"] != before["ptb.test.txt"]


REAL = Path(os.environ.get("HYPERNETWORKS_TEST_PTB", ROOT.parent / "data"))


@pytest.mark.skipif(not (REAL / "ptb").exists(), reason="the real files are not there")
def test_the_real_files_have_the_counts_of_the_literature():
    splits = ptb.load(REAL, "real")
    counts = [len(getattr(splits, part)) for part in ("train", "valid", "test")]
    assert counts == [5_017_482, 393_042, 442_423]
    assert len(splits.alphabet.symbols) == 50
    assert len(splits.test.unique()) == 48
