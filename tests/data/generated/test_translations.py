from collections import Counter
from pathlib import Path

from hypernetworks.data.generated.translations import draw, write
from hypernetworks.data.parallel import Texts

PAIRS = draw(4000, 0)


def test_the_files_are_aligned_and_their_parts_differ(tmp_path: Path) -> None:
    write(tmp_path, train=300, others=20)
    names = ("generated", "newstest2012", "newstest2013", "newstest2014")
    found = [Texts.read(tmp_path / f"{name}.en", tmp_path / f"{name}.fr") for name in names]
    assert [len(texts) for texts in found] == [300, 20, 20, 20]
    assert len({texts.source[0] for texts in found}) == 4
    before = (tmp_path / "generated.fr").stat().st_mtime_ns
    write(tmp_path, train=300, others=20)
    assert (tmp_path / "generated.fr").stat().st_mtime_ns == before


def test_the_french_agrees() -> None:
    text = "\n".join(french.lower() for _, french in PAIRS)
    words = Counter(text.replace(".", " ").split())
    for right, wrong in (
        ("la maison", "le maison"),
        ("maison verte", "maison vert "),
        ("petites villes", "petites ville "),
        ("cet ami", "ce ami"),
        ("cette école", "cet école"),
        ("mon école", "ma école"),
        ("l'enfant", "le enfant"),
        ("n'aime pas", "ne aime"),
        ("les chevaux", "les cheval "),
    ):
        assert right in text, right
        assert wrong not in text, wrong
    assert words["voient"] > 50


def test_subject_and_verb_agree_in_both_languages() -> None:
    for english, french in PAIRS:
        if " like" in english and " not " not in english:
            assert ("likes" in english) == (" aime " in french), (english, french)


def test_most_pairs_are_distinct() -> None:
    assert len(set(PAIRS)) > 3900
