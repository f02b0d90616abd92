"""BLEU against counts by hand, and the signatures that say how it is counted."""

import math

import pytest

from hypernetworks.tasks.bleu import sacre_bleu, signatures, tokenised_bleu


def test_equals_the_formula_on_counts_by_hand():
    """One sentence of six tokens against one of seven: 5/6, 3/5, 2/4, 1/3 n-grams are shared, and
    the brevity penalty is exp(1 - 7/6)."""
    found, reference = ["le chat est sur la table"], ["le chat est sur une table ronde"]
    shared = (5 / 6) * (3 / 5) * (2 / 4) * (1 / 3)
    expected = 100 * math.exp(1 - 7 / 6) * shared**0.25
    assert tokenised_bleu(found, reference, "fr") == pytest.approx(expected)
    assert sacre_bleu(found, reference) == pytest.approx(expected)


def test_tokens_are_those_of_the_language():
    """An elision is a token of its own in French, and sacrebleu's tokeniser leaves it whole."""
    found, reference = ["il voit l'ami de la ville"], ["il voit l'enfant de la ville"]
    # il voit l' ami de la ville; of four tokens none of 4 is shared, which counts as half a one.
    expected = 100 * ((6 / 7) * (4 / 6) * (2 / 5) * (0.5 / 4)) ** 0.25
    assert tokenised_bleu(found, reference, "fr") == pytest.approx(expected)
    expected = 100 * ((5 / 6) * (3 / 5) * (1 / 4) * (0.5 / 3)) ** 0.25
    assert sacre_bleu(found, reference) == pytest.approx(expected)


def test_a_corpus_is_no_mean_of_sentences():
    found = ["a b c d e f", "a b c d"]
    references = ["a b c d e f", "w x y z"]
    # 1- to 4-grams: 6 of 10, 5 of 8, 4 of 6, 3 of 4.
    expected = 100 * ((6 / 10) * (5 / 8) * (4 / 6) * (3 / 4)) ** 0.25
    assert sacre_bleu(found, references) == pytest.approx(expected)


def test_the_signatures_name_the_tokenisers():
    found = signatures()
    assert "tok:none" in found["bleu"]
    assert "tok:13a" in found["bleu_13a"]
    assert all("nrefs:1|case:mixed" in signature for signature in found.values())
