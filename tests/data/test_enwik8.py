"""enwik8: the original file, prefixes of it, and everything that can be wrong."""

import hashlib
import os
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torchvision

from hypernetworks.data import enwik8
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import pages
from tests.conftest import ROOT

TEXT = bytes(range(7)) * 20 + b"\xff" * 60  # 200 bytes: 180, 10 and 10


@pytest.fixture
def original(tmp_path, monkeypatch):
    """A small file that passes for the real one."""
    folder = tmp_path / "enwik8"
    folder.mkdir()
    (folder / "enwik8").write_bytes(TEXT)
    monkeypatch.setattr(enwik8, "SIZE", len(TEXT))
    monkeypatch.setattr(enwik8, "MD5", hashlib.md5(TEXT).hexdigest())
    return folder


def text_of(splits, part):
    return splits.alphabet.decode(getattr(splits, part))


def test_ninety_five_and_five_percent_of_the_bytes(original, tmp_path):
    splits = enwik8.load(tmp_path, "real")
    assert text_of(splits, "train") == TEXT[:180]
    assert text_of(splits, "valid") == TEXT[180:190]
    assert text_of(splits, "test") == TEXT[190:]
    about = splits.provenance
    assert (about["kind"], about["split"]["symbols"]) == ("real", 8)
    assert about["checksums"] == {"enwik8": enwik8.MD5}


def test_a_prefix_is_data_of_its_own_kind_with_symbols_of_its_own(original, tmp_path, monkeypatch):
    splits = enwik8.load(tmp_path, "prefix", 100)
    assert text_of(splits, "train") == TEXT[:90]
    assert text_of(splits, "test") == TEXT[95:100]
    about = splits.provenance
    assert (about["kind"], about["split"]["symbols"]) == ("prefix", 7)
    assert about["split"]["vocabulary"] == "the bytes in enwik8.prefix100"
    (original / "enwik8").unlink()
    (original / "enwik8.prefix100").write_bytes(TEXT[:100])
    monkeypatch.setitem(enwik8.PREFIX_MD5, 100, hashlib.md5(TEXT[:100]).hexdigest())
    again = enwik8.load(tmp_path, "prefix", 100)
    assert again.provenance == about
    assert text_of(again, "train") == TEXT[:90]


def test_only_a_prefix_has_a_length(original, tmp_path):
    for kind, prefix in (("real", 100), ("prefix", None), ("sample", 100)):
        with pytest.raises(DataError, match=r"profile.data=prefix dataset.prefix="):
            enwik8.load(tmp_path, kind, prefix)
    with pytest.raises(DataError, match=r"dataset.prefix=0: choose 1 to"):
        enwik8.load(tmp_path, "prefix", 0)
    with pytest.raises(DataError, match=r"no 'stand-in' data"):
        enwik8.load(tmp_path, "stand-in")


def test_a_prefix_that_nobody_knows_is_cut_from_the_whole(original, tmp_path):
    (original / "enwik8.prefix50").write_bytes(b"?" * 50)
    splits = enwik8.load(tmp_path, "prefix", 50)
    assert text_of(splits, "train") == TEXT[:45]


def test_a_file_of_another_size_is_refused(original, tmp_path, monkeypatch):
    (original / "enwik8").write_bytes(TEXT[:-1])
    with pytest.raises(DataError, match=r"enwik8: 199 bytes instead of 200; delete"):
        enwik8.load(tmp_path, "real")
    (original / "enwik8.prefix100").write_bytes(TEXT[:99])
    monkeypatch.setitem(enwik8.PREFIX_MD5, 100, hashlib.md5(TEXT[:100]).hexdigest())
    with pytest.raises(DataError, match=r"enwik8.prefix100: 99 bytes instead of 100; delete"):
        enwik8.load(tmp_path, "prefix", 100)


def test_a_file_of_another_content_is_refused(original, tmp_path, monkeypatch):
    (original / "enwik8").write_bytes(TEXT[::-1])
    with pytest.raises(DataError, match=r"enwik8: md5 .* instead of .*; delete"):
        enwik8.load(tmp_path, "real")
    (original / "enwik8.prefix100").write_bytes(TEXT[1:101])
    monkeypatch.setitem(enwik8.PREFIX_MD5, 100, hashlib.md5(TEXT[:100]).hexdigest())
    with pytest.raises(DataError, match=r"enwik8.prefix100: md5 .* instead of .*; delete"):
        enwik8.load(tmp_path, "prefix", 100)


def test_the_missing_file_comes_from_the_archive(original, tmp_path, monkeypatch):
    (original / "enwik8").unlink()
    asked = []

    def download(url, root, filename):
        asked.append(url)
        if len(asked) == 1:
            Path(root, filename).write_bytes(b"not found")
            return
        with zipfile.ZipFile(Path(root, filename), "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("enwik8", TEXT)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    assert text_of(enwik8.load(tmp_path, "real"), "train") == TEXT[:180]
    assert asked == list(enwik8.URLS)
    assert [p.name for p in original.iterdir()] == ["enwik8"]


def test_offline_is_one_error_and_leaves_nothing(tmp_path, monkeypatch):
    def download(url, root, filename):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", download)
    for kind, prefix in (("real", None), ("prefix", 4154399)):
        with pytest.raises(DataError) as refused:
            enwik8.load(tmp_path, kind, prefix)
        for word in (enwik8.URLS[0], str(tmp_path / "enwik8"), "HYPERNETWORKS_DATA", "demo"):
            assert word in str(refused.value)
        assert ("enwik8.prefix4154399" in str(refused.value)) == (kind == "prefix")
    assert not list(tmp_path.iterdir())


def test_sample_pages_are_a_mediawiki_dump(tmp_path):
    pages.write(tmp_path / "a", 60_000)
    text = (tmp_path / "a" / "enwik8").read_bytes()
    assert len(text) == 60_000
    whole = text[: text.rindex(b"</page>") + len(b"</page>")] + b"</mediawiki>"
    tree = ElementTree.fromstring(whole)
    space = "{http://www.mediawiki.org/xml/export-0.3/}"
    titles = [page.findtext(f"{space}title") for page in tree.iter(f"{space}page")]
    bodies = [node.text for node in tree.iter(f"{space}text")]
    assert len(titles) == len(bodies) > 50
    assert all("{" not in body for body in bodies)
    assert all(f"'''{title}''' is a [[" in body for title, body in zip(titles, bodies, strict=True))


def test_sample_pages_are_the_same_every_time(tmp_path):
    pages.write(tmp_path / "a", 20_000)
    stamps = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a").iterdir()}
    pages.write(tmp_path / "a", 20_000)
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "a").iterdir()} == stamps
    pages.write(tmp_path / "b", 20_000)
    assert (tmp_path / "a" / "enwik8").read_bytes() == (tmp_path / "b" / "enwik8").read_bytes()
    splits = enwik8.load(tmp_path, "sample")
    assert splits.provenance["kind"] == "sample"
    assert len(splits.alphabet.symbols) < 205


REAL = Path(os.environ.get("HYPERNETWORKS_TEST_ENWIK8", ROOT.parent / "data"))
PREFIX = REAL / "enwik8" / "enwik8.prefix4154399"


@pytest.mark.skipif(not PREFIX.exists(), reason="the real prefix is not there")
def test_the_real_prefix_has_200_symbols():
    splits = enwik8.load(REAL, "prefix", 4154399)
    counts = [len(getattr(splits, part)) for part in ("train", "valid", "test")]
    assert counts == [3_738_959, 207_720, 207_720]
    assert len(splits.alphabet.symbols) == 200
