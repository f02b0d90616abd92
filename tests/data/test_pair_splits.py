from hypernetworks.data.generated.translations import draw
from hypernetworks.data.pair_splits import HeldOut
from hypernetworks.data.parallel import Texts
from hypernetworks.data.subwords import Subwords

PAIRS = draw(300, 0)
SUBWORDS = Subwords.train([side for pair in PAIRS for side in pair], 150)


def ids(held_out: HeldOut) -> list[list[list[int]]]:
    pairs = held_out.pairs
    return [[side.tolist() for side in pairs[row]] for row in range(len(pairs))]


def test_white_space_of_held_out_text_is_that_of_the_training_text() -> None:
    # Of these sentencepiece takes some for nothing, which joins words, some for unknown.
    for space in ("\x0b", "\x1c", "\x1f", "\x85", " \x85 ", "\u2028", "\u00a0", "  "):
        odd = [[side.replace(" ", space) for side in pair] for pair in PAIRS[:3]]
        texts = Texts([a for a, _ in odd], [b for _, b in odd])
        found = HeldOut.of(texts, SUBWORDS)
        assert found.texts == texts
        known = [[SUBWORDS.encode([side])[0] for side in pair] for pair in PAIRS[:3]]
        assert ids(found) == known
        assert ids(found.evenly(1, SUBWORDS)) == known[:1]
