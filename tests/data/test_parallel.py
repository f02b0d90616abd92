from pathlib import Path

import pytest

from hypernetworks.data.errors import DataError
from hypernetworks.data.parallel import Corpus, Texts


def files(folder: Path, source: bytes, target: bytes) -> tuple[Path, Path]:
    paths = folder / "a.en", folder / "a.fr"
    for path, content in zip(paths, (source, target), strict=True):
        path.write_bytes(content)
    return paths


def test_a_corpus_is_read_in_chunks_whose_lines_end_at_newlines_alone(tmp_path: Path) -> None:
    line = "x\u2028y\x0bz\x85\r\n".encode()
    corpus = Corpus.of_files("a", *files(tmp_path, line * 3, b"1\n2\n3"))
    assert list(corpus.chunks(2)) == [([line, line], [b"1\n", b"2\n"]), ([line], [b"3"])]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_misaligned_corpus_is_refused_with_both_counts(tmp_path: Path, size: int) -> None:
    corpus = Corpus.of_files("a", *files(tmp_path, b"1\n" * 7, b"1\n" * 5))
    with pytest.raises(DataError, match=r"a \(.*a\.en and .*a\.fr\): 7 and 5 lines"):
        list(corpus.chunks(size))


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    paths = files(tmp_path, b"1\n", b"1\n")
    paths[1].unlink()
    with pytest.raises(DataError, match=r"a\.fr cannot be read: No such file"):
        list(Corpus.of_files("a", *paths).chunks(2))


def test_held_out_text_is_as_it_is(tmp_path: Path) -> None:
    source = "\ufeffone  two\r\n\n three\u2028four \n".encode()
    found = Texts.read(*files(tmp_path, source, "un  deux\n\nb\u00a0: c".encode()))
    assert found.source == ["one  two", "three\u2028four"]
    assert found.target == ["un  deux", "b\u00a0: c"]
    assert found.omitted == 1
    assert len(found + found) == 4


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (b"1\n2\n3\n", r"a\.en and .*a\.fr: 3 and 2 lines"),
        (b"1\nb\xffc\n", r"a\.en: line 2 is no UTF-8 \(invalid start byte at its byte 1\)"),
        (b"1\n" + b"x" * 100_000, r"a\.en: line 2 has 100,000 characters, which is no sentence"),
        (b"\n\n", r"there is no sentence pair"),
    ],
)
def test_bad_held_out_text_is_refused(tmp_path: Path, source: bytes, match: str) -> None:
    with pytest.raises(DataError, match=match):
        Texts.read(*files(tmp_path, source, b"1\n2\n"))
