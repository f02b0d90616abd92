"""What is kept of a training text: made once, taken up where it was left, never trusted damaged."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hypernetworks.data import encoding, selecting
from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.encoding import Encoded, encoded
from hypernetworks.data.errors import DataError
from hypernetworks.data.files import md5
from hypernetworks.data.generated.translations import draw
from hypernetworks.data.pairs import Shard
from hypernetworks.data.parallel import Corpus

PAIRS = draw(1000, 0)


class Text:
    """Training text in a folder; counts what is done to it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.done: list[str] = []
        monkeypatch.setattr(selecting, "CHUNK", 100)
        for name in ("select", "_train", "encode"):
            monkeypatch.setattr(encoding, name, self._counted(name))
        self.write(PAIRS)

    def _counted(self, name: str):
        function = getattr(encoding, name)

        def counted(*arguments):
            self.done.append(name)
            return function(*arguments)

        return counted

    def write(self, pairs: list[tuple[str, str]]) -> None:
        for name, side in zip(("a.en", "a.fr"), zip(*pairs, strict=True), strict=True):
            (self.folder / name).write_text("\n".join(side), encoding="utf-8")

    def again(self, size: int = 200, **settings) -> Encoded:
        self.done.clear()
        return self.get(size, **settings)

    def get(self, size: int = 200, **settings) -> Encoded:
        corpus = Corpus.of_files("a", self.folder / "a.en", self.folder / "a.fr")
        return encoded(self.folder, [corpus], Cleaning(**settings), 1, size, md5)

    @property
    def place(self) -> Path:
        (found,) = self.folder.glob("encoded-*")
        return found


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Text:
    return Text(tmp_path, monkeypatch)


def sentences(found: Encoded) -> list[tuple[str, ...]]:
    ids = map(found.pairs.__getitem__, range(len(found.pairs)))
    return [tuple(found.subwords.decode(side.tolist()) for side in pair) for pair in ids]


def test_made_once_and_then_read(text: Text) -> None:
    first = text.again()
    assert text.done == ["select", "_train", *["encode"] * 10]
    assert sentences(first) == list(dict.fromkeys(PAIRS))
    assert first.checksums == {name: md5(text.folder / name) for name in ("a.en", "a.fr")}
    assert first.corpora == {"a": len(first.pairs)}
    second = text.again()
    assert text.done == []
    assert sentences(second) == sentences(first)
    assert (second.checksums, second.counts) == (first.checksums, first.counts)
    assert second.subwords.model == (text.place / "subwords.model").read_bytes()


def test_other_sources_or_settings_are_another_text(text: Text) -> None:
    text.again()
    text.again(size=201)
    assert "select" in text.done
    text.again(max_words=10)
    assert "select" in text.done
    os.utime(text.folder / "a.fr", (1, 1))
    text.again()
    assert "select" in text.done
    assert len(list(text.folder.glob("encoded-*"))) == 4


def test_a_killed_process_is_taken_up(text: Text, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = text.again()
    before = {path.name: path.read_bytes() for path in text.place.iterdir()}
    for name in ("index", "shard-00003.pairs", "shard-00007.pairs"):
        (text.place / name).unlink()
    assert sentences(text.again()) == sentences(whole)
    assert text.done == ["encode"] * 2
    assert {path.name: path.read_bytes() for path in text.place.iterdir()} == before


def test_of_several_at_once_one_encodes(text: Text) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = [future.result() for future in [pool.submit(text.get) for _ in range(3)]]
    assert text.done.count("select") == text.done.count("_train") == 1
    assert sentences(found[0]) == sentences(found[1]) == sentences(found[2])


def test_an_error_in_the_middle_leaves_whole_shards(
    text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, count = Shard.write, iter(range(100))

    def full(shard: Shard, path: Path, subwords: str) -> None:
        if next(count) == 4:
            raise OSError(28, "No space left on device", str(path))
        write(shard, path, subwords)

    with monkeypatch.context() as patched:
        patched.setattr(Shard, "write", full)
        with pytest.raises(DataError, match=r"cannot be written: .*No space left.*data_dir"):
            text.again()
    assert not list(text.place.glob("*.part"))
    left = len(list(text.place.glob("*.pairs")))
    text.again()
    assert text.done == ["encode"] * (10 - left)


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("shard-00002.pairs", ["encode"]),
        ("subwords.model", ["_train"]),
        ("index", []),
        ("selection", []),  # of no use once the index is there
    ],
)
def test_a_file_cut_short_is_made_anew(
    text: Text, name: str, again: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    whole = sentences(text.again())
    path = text.place / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with caplog.at_level(logging.WARNING, "hypernetworks"):
        assert sentences(text.again()) == whole
    assert text.done == again
    assert caplog.text.count("is damaged: what of it is not whole") == (name != "selection")


def test_shards_of_another_subword_model_are_not_taken(text: Text) -> None:
    text.again()
    for name in ("subwords.model", "subwords.model.sha256", "index"):
        (text.place / name).unlink()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("hypernetworks.data.subwords.COVERAGE", 0.98)  # as a newer library might
        found = text.again()
    assert text.done == ["_train", *["encode"] * 10]
    assert len(found.pairs) == len(set(PAIRS))


def test_a_refused_source_is_not_read(text: Text) -> None:
    def refuse(path: Path) -> str:
        raise DataError(f"{path.name} is wrong")

    corpus = Corpus.of_files("a", text.folder / "a.en", text.folder / "a.fr")
    with pytest.raises(DataError, match=r"a\.en is wrong"):
        encoded(text.folder, [corpus], Cleaning(), 1, 200, refuse)
    assert text.done == []
