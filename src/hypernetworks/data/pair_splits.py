"""A translation task's data: encoded training text, development and test sets with their text."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypernetworks.data.cleaning import Cleaning, single_spaced
from hypernetworks.data.encoding import Encoded, encode
from hypernetworks.data.pairs import Pairs
from hypernetworks.data.parallel import Texts
from hypernetworks.data.subwords import UNKNOWN, Subwords

RULE = (
    "of the cleaned, distinct pairs those where bytes 8 to 11 of the MD5 of source, tab, target "
    "(UTF-8), a big-endian number, over 2^32 lie below the fraction"
)


@dataclass(frozen=True)
class HeldOut:
    """A development or test set: its sentences, and the same as subword ids, in the same order."""

    texts: Texts
    pairs: Pairs

    @classmethod
    def of(cls, texts: Texts, subwords: Subwords) -> "HeldOut":
        """The sentences with their ids, white space as in the training text."""
        source, target = (
            [single_spaced(text) for text in side] for side in (texts.source, texts.target)
        )
        return cls(texts, Pairs([encode(subwords, source, target)]))

    def evenly(self, count: int, subwords: Subwords) -> "HeldOut":
        """So many of them, evenly spaced, whatever a model makes of them."""
        places = [k * len(self.texts) // count for k in range(min(count, len(self.texts)))]
        one, other = self.texts.source, self.texts.target
        return self.of(Texts([one[k] for k in places], [other[k] for k in places]), subwords)


@dataclass(frozen=True)
class PairSplits:
    """Training, validation and test pairs of one subword model; provenance: for the record."""

    train: Pairs
    valid: HeldOut
    test: HeldOut
    subwords: Subwords
    provenance: dict[str, object]


def assembled(
    about: Mapping[str, object],
    checksums: Mapping[str, str],
    found: Encoded,
    valid: Texts,
    test: Texts,
    cleaning: Cleaning,
    excerpts: Mapping[str, float],
    notes: Mapping[str, object],
) -> PairSplits:
    """The splits, with their provenance.

    Args:
        about: what the record begins with: name, kind.
        checksums: {file: checksum} of what valid and test were read from.
        excerpts: {corpus: the share of its pairs that is trained on}.
        notes: what else the record says of the split.
    """
    split: dict[str, object] = {**notes, "train": len(found.pairs)}
    split |= _subwords("train", found.pairs)
    held_out = {}
    for name, texts in {"valid": valid, "test": test}.items():
        held_out[name] = HeldOut.of(texts, found.subwords)
        pairs = held_out[name].pairs
        unknown = sum(int((pairs[row][1] == UNKNOWN).sum()) for row in range(len(pairs)))
        split |= {name: len(texts), f"{name}_omitted_empty": texts.omitted}
        split |= {**_subwords(name, pairs), f"{name}_target_unknown": unknown}
    split |= {"corpora": found.corpora, **found.counts, **cleaning.to_record()}
    if min(excerpts.values()) < 1:
        same = len(set(excerpts.values())) == 1
        shares = {"excerpt": min(excerpts.values())} if same else {"excerpts": dict(excerpts)}
        split |= {**shares, "excerpt_rule": RULE}
    split["subwords"] = found.subwords.to_record()
    return PairSplits(
        found.pairs,
        held_out["valid"],
        held_out["test"],
        found.subwords,
        {**about, "checksums": {**found.checksums, **checksums}, "split": split},
    )


def _subwords(name: str, pairs: Pairs) -> dict[str, object]:
    source, target = pairs.subwords
    return {f"{name}_source_subwords": source, f"{name}_target_subwords": target}
