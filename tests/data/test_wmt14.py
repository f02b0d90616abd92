import hashlib
from pathlib import Path

import pytest

from hypernetworks.data import wmt14, wmt14_files
from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import translations
from hypernetworks.data.pair_splits import PairSplits
from hypernetworks.data.wmt14 import CORPORA, VALID, load

ALL = tuple(CORPORA)


def loaded(folder: Path, kind: str, corpora=ALL, valid=VALID, excerpt=1.0) -> PairSplits:
    return load(folder, kind, corpora, valid, Cleaning(), excerpt, 200)


def place(folder: Path, *names: str, count: int = 200) -> None:
    """Pairs of sentences in plain files of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        pairs = translations.draw(count, number)
        for language, side in zip(("en", "fr"), zip(*pairs, strict=True), strict=True):
            (folder / f"{name}.{language}").write_text("\n".join(side) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all corpora and newstests as plain files, and a ready-made excerpt."""
    folder = tmp_path_factory.mktemp("data")
    stems = [about.stem for about in CORPORA.values()]
    place(folder / "wmt14", *stems, *wmt14_files.NEWSTESTS)
    place(folder / "europarl", "europarl-632k")
    return folder


def test_generated_pairs(tmp_path: Path) -> None:
    splits = loaded(tmp_path, "sample")
    assert splits.provenance["kind"] == "sample"
    assert len(splits.train) > 7900
    assert (len(splits.valid.texts), len(splits.test.texts)) == (400, 200)
    for held_out in (splits.valid, splits.test):
        for row, (one, other) in enumerate(
            zip(held_out.texts.source, held_out.texts.target, strict=True)
        ):
            ids = held_out.pairs[row]
            assert [splits.subwords.decode(side.tolist()) for side in ids] == [one, other]
    again = loaded(tmp_path, "sample")
    assert again.provenance == splits.provenance


def test_all_corpora_are_real_data(data: Path) -> None:
    splits = loaded(data, "real")
    about = splits.provenance
    split = about["split"]
    assert about["kind"] == "real"
    assert list(split["corpora"]) == list(ALL)
    assert sum(split["corpora"].values()) == split["train"] == len(splits.train)
    assert split["lines"] == 1000 == split["train"] + split["omitted_duplicate"]
    assert "of the first use" in split["checksums"]
    assert "excerpt" not in split
    assert split["subwords"]["sha256"] == splits.subwords.sha256
    known = hashlib.sha256((data / "wmt14" / "newstest2014.fr").read_bytes()).hexdigest()
    assert about["checksums"]["newstest2014.fr"] == known
    assert len(about["checksums"]) == 2 * (5 + 3)


def test_a_part_says_which(data: Path) -> None:
    splits = loaded(data, "part", ["un", "europarl-v7"], ["newstest2013"], 0.5)
    split = splits.provenance["split"]
    assert splits.provenance["kind"] == "part"
    assert list(split["corpora"]) == ["un", "europarl-v7"]
    assert split["excerpt"] == 0.5
    assert "bytes 8 to 11 of the MD5" in split["excerpt_rule"]
    assert split["outside_excerpt"] > 100
    assert split["valid"] == 200


def test_the_ready_made_excerpt_is_held_to_its_checksums_and_rule(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        DataError, match=r"europarl-632k\.en: md5 \w+ instead of 87a95f90"
    ) as caught:
        loaded(data, "part", ["europarl-632k"])
    assert "next run" not in str(caught.value)  # nothing downloads it
    assert f"europarl-632k.fr into {data / 'europarl'}, or have the excerpt" in str(caught.value)
    assert "dataset.corpora=[europarl-v7] dataset.excerpt=0.345" in str(caught.value)
    paths = [data / "europarl" / f"europarl-632k.{language}" for language in ("en", "fr")]
    known = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in paths}
    monkeypatch.setattr(wmt14, "MD5", known)
    splits = loaded(data, "part", ["europarl-632k"])
    split = splits.provenance["split"]
    assert split["excerpt"] == 0.345
    assert known.items() <= splits.provenance["checksums"].items()
    # Beside a whole corpus, the record says which of both is an excerpt.
    both = loaded(data, "part", ["europarl-632k", "news-commentary-v9"]).provenance["split"]
    assert both["excerpts"] == {"europarl-632k": 0.345, "news-commentary-v9": 1.0}
    assert both["excerpt_rule"] == split["excerpt_rule"]
    assert "excerpt" not in both
    smaller = loaded(data, "part", ["europarl-632k", "un"], excerpt=0.2).provenance["split"]
    assert smaller["excerpt"] == 0.2
    assert "excerpts" not in smaller
    # Made from the official corpus, it is the same pairs.
    for path in paths:
        official = data / "wmt14" / f"europarl-v7.fr-en{path.suffix}"
        official.write_bytes(path.read_bytes())
        official.with_name(f"{official.name}.sha256").unlink(missing_ok=True)
    same = loaded(data, "part", ["europarl-v7"], excerpt=0.345)
    pairs = [[side.tolist() for side in of[0]] for of in (splits.train, same.train)]
    assert pairs[0] == pairs[1]
    assert len(splits.train) == len(same.train) == split["train"] > 30


def test_the_ready_made_excerpt_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        loaded(tmp_path, "part", ["europarl-632k"])
    said = str(caught.value)
    assert "\n" not in said
    assert "europarl-632k.en, europarl-632k.fr not there: put" in said
    assert "dataset.corpora=[europarl-v7] dataset.excerpt=0.345" in said


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"kind": "prefix"}, "no 'prefix' data"),
        ({"kind": "part", "corpora": ["news"]}, r"corpora=\['news'\]: choose of europarl-v7"),
        ({"kind": "part", "corpora": []}, r"corpora=\[\]: choose"),
        ({"kind": "part", "corpora": ["un", "un"]}, "each once at most"),
        ({"kind": "part"}, "no part: profile.data=real"),
        ({"kind": "real", "corpora": ["un"]}, "part of them is profile.data=part"),
        ({"kind": "real", "excerpt": 0.5}, "part of them is profile.data=part"),
        ({"kind": "sample", "valid": ["newstest2014"]}, r"valid=\['newstest2014'\]: choose of"),
        ({"kind": "sample", "excerpt": 0.0}, r"dataset\.excerpt=0"),
    ],
)
def test_what_cannot_work(tmp_path: Path, settings: dict, match: str) -> None:
    with pytest.raises(DataError, match=match):
        loaded(tmp_path, **settings)
