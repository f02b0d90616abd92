import hashlib
from pathlib import Path

import numpy as np
import pytest

from hypernetworks.data import selecting
from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated.translations import draw
from hypernetworks.data.parallel import Corpus
from hypernetworks.data.selecting import LEFT_OUT, SAMPLED, TAKEN, Selected, select, taken

CLEANING = Cleaning(min_words=1, max_words=4)


def corpus(folder: Path, name: str, pairs: list[tuple[bytes, bytes]], share: float = 1) -> Corpus:
    paths = folder / f"{name}.en", folder / f"{name}.fr"
    for path, side in zip(paths, zip(*pairs, strict=True), strict=True):
        path.write_bytes(b"".join(line + b"\n" for line in side))
    return Corpus.of_files(name, *paths, share)


BAD = [
    (b"one", b"un"),
    (b"", b"rien"),
    (b"one \r", b" un"),  # the same again
    (b"a\xff", b"b"),
    (b"x" * 100_000, b"x"),
    (b"1 2 3 4 5", b"1"),
    (b"<chapter>", b"1"),
    (b"two", "de\u2028ux".encode()),
]


def test_what_is_left_out_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "CHUNK", 3)
    corpora = [corpus(tmp_path, "a", BAD), corpus(tmp_path, "b", [(b"two", b"de ux"), *BAD[:1]])]
    found = select(corpora, CLEANING, 1)
    assert found.marks.tolist() == [SAMPLED, *[LEFT_OUT] * 6, SAMPLED, LEFT_OUT, LEFT_OUT]
    assert found.pairs == {"a": 2, "b": 0}
    assert found.counts == {
        "lines": 10,
        "omitted_empty": 1,
        "omitted_invalid_utf8": 1,
        "omitted_too_long": 2,
        "omitted_markup": 1,
        "omitted_duplicate": 3,
        "outside_excerpt": 0,
    }
    chunks = list(taken(corpora, found.marks, TAKEN))
    assert [len(source) for source, _ in chunks] == [1, 0, 1, 0]
    assert chunks[2] == (["two"], ["de ux"])
    again = Selected.from_bytes(found.to_bytes())
    assert np.array_equal(again.marks, found.marks)
    assert (again.counts, again.pairs) == (found.counts, found.pairs)


@pytest.mark.parametrize(("share", "excerpt"), [(1, 0.3), (0.3, 1), (0.9, 0.3)])
def test_an_excerpt_is_the_rule_word_for_word(tmp_path: Path, share: float, excerpt: float) -> None:
    pairs = draw(2000, 0)
    corpora = [corpus(tmp_path, "a", [(a.encode(), b.encode()) for a, b in pairs], share)]
    found = select(corpora, Cleaning(), excerpt)
    chosen = [side for chunk in taken(corpora, found.marks, TAKEN) for side in zip(*chunk)]  # noqa: B905
    known = {
        pair
        for pair in pairs
        if int.from_bytes(hashlib.md5("\t".join(pair).encode()).digest()[8:12], "big") / 2**32 < 0.3
    }
    assert set(chosen) == known
    assert len(chosen) == len(known) == pytest.approx(600, rel=0.1)
    assert found.counts["outside_excerpt"] == len(set(pairs)) - len(known)


def test_the_subword_models_sample_is_a_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "SAMPLE", 500)
    corpora = [corpus(tmp_path, "a", [(a.encode(), b.encode()) for a, b in draw(2000, 0)])]
    marks = select(corpora, Cleaning(), 1).marks
    assert (marks == SAMPLED).sum() == pytest.approx(500, rel=0.15)
    assert (marks >= TAKEN).sum() > 1900


def test_nothing_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no pair .* is left .*1 lines, .*1 omitted_empty|left"):
        select([corpus(tmp_path, "a", [(b"", b"x")])], CLEANING, 1)
