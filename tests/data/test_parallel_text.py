from pathlib import Path

import pytest

from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated.translations import draw
from hypernetworks.data.pair_splits import PairSplits
from hypernetworks.data.parallel_text import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, (name, count) in enumerate({"train": 300, "val": 20, "test_a": 10}.items()):
        pairs = draw(count, number)
        for language, side in zip(("en", "fr"), zip(*pairs, strict=True), strict=True):
            text = "\ufeff" + "".join(f"{sentence}\r\n" for sentence in side)
            (tmp_path / f"{name}.{language}").write_bytes(text.encode())
    return tmp_path


def loaded(
    folder: Path, languages=("en", "fr"), splits=("train", "val", "test_a"), **cleaning
) -> PairSplits:
    return load(folder, "real", languages, splits, Cleaning(**cleaning), 1.0, 150)


def test_three_pairs_of_files(folder: Path) -> None:
    found = loaded(folder)
    assert found.provenance["name"] == "parallel_text"
    assert found.provenance["split"]["train"] == len(found.train) == 300
    assert found.valid.texts.source == [english for english, _ in draw(20, 1)]
    assert found.subwords.decode(found.test.pairs[3][1].tolist()) == draw(10, 2)[3][1]
    assert len(found.provenance["checksums"]) == 6


def test_the_other_way_round(folder: Path) -> None:
    assert loaded(folder, languages=("fr", "en")).test.texts.target == [a for a, _ in draw(10, 2)]


def test_bad_lines_of_the_training_text_are_left_out_and_counted(folder: Path) -> None:
    for language in ("en", "fr"):
        with (folder / f"train.{language}").open("ab") as file:
            file.write(b"a\xffb c d\n\n" + b"x" * 100_000 + b"\n" + "a\u2028b c d\n".encode())
    split = loaded(folder).provenance["split"]
    assert split["train"] == 301
    assert split["lines"] == 304
    names = ("omitted_invalid_utf8", "omitted_empty", "omitted_too_short")
    assert [split[name] for name in names] == [1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"splits": ("train", "valid", "test_a")}, r"no valid\.en, valid\.fr; put files there"),
        ({"splits": ("train", "val", "val")}, r"dataset\.splits=.*three pairs"),
        ({"languages": ("en", "en")}, r"dataset\.languages=.*two endings"),
        ({"languages": ("en", "de")}, r"no train\.de, val\.de, test_a\.de"),
    ],
)
def test_what_cannot_work(folder: Path, settings: dict, match: str) -> None:
    with pytest.raises(DataError, match=match):
        loaded(folder, **settings)


@pytest.mark.parametrize("name", ["train", "val"])
def test_files_that_are_not_aligned(folder: Path, name: str) -> None:
    with (folder / f"{name}.fr").open("ab") as file:
        file.write(b"encore une\n")
    with pytest.raises(DataError, match=rf"{name}\.fr.*: (300 and 301|20 and 21) lines"):
        loaded(folder)
