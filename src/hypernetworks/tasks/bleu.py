"""BLEU of translations, in percent, and the signatures that say how it was counted."""

from collections.abc import Sequence
from typing import Any


def tokenised_bleu(found: Sequence[str], references: Sequence[str], language: str) -> float:
    """BLEU over the tokens of Moses' tokeniser, as papers of table 6's time have it.

    Args:
        found: sentences of detokenised text.
        references: the same, in the same order.
        language: the target's, whose rules the tokeniser follows.
    """
    from sacremoses import MosesTokenizer

    tokenizer = MosesTokenizer(language)

    def tokens(sentences: Sequence[str]) -> list[str]:
        return [
            tokenizer.tokenize(sentence, return_str=True, escape=False) for sentence in sentences
        ]

    return _score("none", tokens(found), tokens(references))


def sacre_bleu(found: Sequence[str], references: Sequence[str]) -> float:
    """sacrebleu's own: over the tokens of its tokeniser 13a, which is the same everywhere."""
    return _score("13a", found, references)


def signatures() -> dict[str, str]:
    """sacrebleu's signature of each: "bleu", "bleu_13a"."""
    found = {}
    for name, tokenize in {"bleu": "none", "bleu_13a": "13a"}.items():
        metric = _metric(tokenize)
        metric.corpus_score([""], [[""]])
        found[name] = str(metric.get_signature())
    return found


def _score(tokenize: str, found: Sequence[str], references: Sequence[str]) -> float:
    return float(_metric(tokenize).corpus_score(list(found), [list(references)]).score)


def _metric(tokenize: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    # force: text that is tokenised already is no mistake here.
    return BLEU(tokenize=tokenize, force=True)
