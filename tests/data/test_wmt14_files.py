"""Corpora and newstests from plain files and from archives like the official ones."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from hypernetworks.data import wmt14_files
from hypernetworks.data.errors import DataError
from hypernetworks.data.wmt14_files import CORPORA, NEWSTESTS, corpus, newstest, segments

EN, FR = b"one\ntwo\n", "un\ndeux\u2028\n".encode()


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is there to be downloaded; which addresses were asked for."""
    asked: list[str] = []

    def fetch(url: str, path: Path) -> None:
        asked.append(url)
        raise DataError(f"{url} could not be downloaded (offline)")

    monkeypatch.setattr(wmt14_files, "fetch", fetch)
    return asked


def archive(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def official(folder: Path, name: str) -> Path:
    """The corpus's archive, other files in it too, gzipped within as giga-fren's are."""
    about = CORPORA[name]
    files = {f"training/{about.stem}.fr": FR, f"training/{about.stem}.en": EN}
    if name == "giga-fren":
        files = {f"{member}.gz": gzip.compress(content) for member, content in files.items()}
    path = folder / Path(about.url).name
    archive(path, {"training/europarl-v7.de-en.en": b"other\n", **files})
    return path


@pytest.mark.parametrize("name", CORPORA)
def test_an_archive_is_streamed(tmp_path: Path, name: str) -> None:
    path = official(tmp_path, name)
    found = corpus(tmp_path, name)
    assert found.files == (path,)
    for _ in range(2):  # it is read more than once
        assert list(found.chunks(10)) == [([b"one\n", b"two\n"], FR.splitlines(keepends=True)[:2])]
    assert list(tmp_path.iterdir()) == [path]


def test_plain_files_go_before_an_archive(tmp_path: Path) -> None:
    official(tmp_path, "un")
    (tmp_path / "un").mkdir()
    for language in ("en", "fr"):
        (tmp_path / "un" / f"undoc.2000.fr-en.{language}").write_bytes(b"plain\n")
    assert list(corpus(tmp_path, "un").chunks(10)) == [([b"plain\n"], [b"plain\n"])]


def test_both_sides_are_of_one_folder(tmp_path: Path) -> None:
    def put(folder: str, stem: str, *languages: str) -> None:
        (tmp_path / folder).mkdir(exist_ok=True)
        for language in languages:
            (tmp_path / folder / f"{stem}.{language}").write_bytes(folder.encode())

    for stem in ("undoc.2000.fr-en", "newstest2012"):
        put("a", stem, "en")
        put("b", stem, "fr")
        put("c", stem, "en", "fr")
    assert list(corpus(tmp_path, "un").chunks(10)) == [([b"c"], [b"c"])]
    assert newstest(tmp_path, "newstest2012")[0].source == ["c"]


def test_one_side_in_another_folder_is_no_corpus(tmp_path: Path) -> None:
    path = official(tmp_path, "un")
    for language in ("en", "fr"):
        (tmp_path / language).mkdir()
        (tmp_path / language / f"undoc.2000.fr-en.{language}").write_bytes(b"plain\n")
    assert corpus(tmp_path, "un").files == (path,)


def test_what_is_missing_is_said_with_where_it_goes(tmp_path: Path, offline: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        corpus(tmp_path, "giga-fren")
    (url,) = offline
    assert url == "https://www.statmt.org/wmt10/training-giga-fren.tar"
    said = str(caught.value)
    assert "\n" not in said
    assert url in said
    assert f"put it, or giga-fren.release2.fixed.{{en,fr}} of it, into {tmp_path}" in said


@pytest.mark.parametrize("damage", ["short", "no archive", "other archive"])
def test_a_damaged_archive(tmp_path: Path, damage: str) -> None:
    path = official(tmp_path, "europarl-v7")
    content = path.read_bytes()
    if damage == "short":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "no archive":
        path.write_bytes(b"<html>not found</html>")
    else:
        archive(path, {"README": b"hello"})
    with pytest.raises(DataError, match=r"europarl-v7\.tgz.*(damaged|another archive).*delete it"):
        list(corpus(tmp_path, "europarl-v7").chunks(10))


def sgm(*sentences: str) -> bytes:
    rows = (f'<seg id="{k}">{text}</seg>' for k, text in enumerate(sentences, 1))
    head = '<srcset setid="newstest2014" srclang="any">\n<doc docid="1">\n<p>\n'
    return (head + "\n".join(rows) + "\n</p>\n</doc>\n</srcset>\n").encode()


def test_the_sentences_of_sgml() -> None:
    found = segments(sgm(" A  word &amp; more. ", "«\u00a0Oui\u00a0»", ""), "a.sgm")
    assert found == ["A word & more.", "« Oui »", ""]


@pytest.mark.parametrize("name", NEWSTESTS)
@pytest.mark.parametrize("form", ["plain", "unpacked", "archive"])
def test_a_newstest_in_each_form(tmp_path: Path, name: str, form: str) -> None:
    about = NEWSTESTS[name]
    source, target = f"{about.stem}-src.en.sgm", f"{about.stem}-ref.fr.sgm"
    marked = {source: sgm("one", "two"), target: sgm("un", "deux")}
    if form == "plain":
        (tmp_path / f"{name}.en").write_bytes(EN)
        (tmp_path / f"{name}.fr").write_bytes(FR)
    elif form == "unpacked":
        (tmp_path / "dev").mkdir()
        for file, content in marked.items():
            (tmp_path / "dev" / file).write_bytes(content)
    else:
        members = {f"dev/{file}": content for file, content in marked.items()}
        archive(tmp_path / Path(about.url).name, members)
    texts, paths = newstest(tmp_path, name)
    assert (texts.source, texts.target) == (["one", "two"], ["un", "deux"])
    assert all(path.is_file() for path in paths)


def test_a_newstest_that_is_missing(tmp_path: Path, offline: list[str]) -> None:
    with pytest.raises(DataError, match=r"put it, or newstest2014\.\{en,fr\} of it, into"):
        newstest(tmp_path, "newstest2014")
    assert offline == ["https://www.statmt.org/wmt14/test-full.tgz"]
