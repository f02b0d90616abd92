from pathlib import Path

import pytest

from hypernetworks.data.errors import DataError
from hypernetworks.data.generated.translations import draw
from hypernetworks.data.subwords import END, UNKNOWN, Subwords

SENTENCES = [side for pair in draw(300, 0) for side in pair]


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    return Subwords.train(SENTENCES, 200)


def test_what_is_encoded_is_decoded(subwords: Subwords) -> None:
    assert len(subwords) == 200
    ids = subwords.encode(SENTENCES)
    assert [subwords.decode(of) for of in ids] == SENTENCES
    assert min(map(min, ids)) > END
    assert max(map(max, ids)) < 200


def test_marks_are_no_text_and_strange_text_is_unknown(subwords: Subwords) -> None:
    ids = subwords.encode(["the cat", "", "Ж", "the\u2028cat"])
    assert ids[1] == []
    assert UNKNOWN in ids[2]
    assert ids[3] == ids[0]
    assert subwords.decode([1, *ids[0], 2]) == "the cat"


def test_the_same_text_makes_the_same_model(subwords: Subwords) -> None:
    assert Subwords.train(iter(SENTENCES), 200).model == subwords.model
    assert Subwords.train(SENTENCES[2:], 200).sha256 != subwords.sha256


def test_a_model_is_held_to_its_checksum(subwords: Subwords, tmp_path: Path) -> None:
    path = tmp_path / "subwords.model"
    with pytest.raises(DataError, match="cannot be read"):
        Subwords.read(path, subwords.sha256)
    path.write_bytes(subwords.model)
    assert Subwords.read(path, subwords.sha256).encode(["a cat"]) == subwords.encode(["a cat"])
    with pytest.raises(DataError, match="not the subword model of this run"):
        Subwords.read(path, "0" * 64)
    with pytest.raises(DataError, match="no subword model"):
        Subwords(b"something else")


@pytest.mark.parametrize(
    ("size", "match"),
    [
        (100_000, r"dataset\.subwords=100000: choose 4 to 65,536"),
        (60_000, r"dataset\.subwords=60000: .*too high"),
        (10, r"dataset\.subwords=10: .*smaller than required"),
    ],
)
def test_a_size_that_cannot_be(size: int, match: str) -> None:
    with pytest.raises(DataError, match=match):
        Subwords.train(SENTENCES, size)


def test_no_text() -> None:
    with pytest.raises(DataError, match="the text is empty"):
        Subwords.train([], 100)
