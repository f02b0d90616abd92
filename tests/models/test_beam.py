"""Beam search: against exhaustive search where there are few translations, greedy search, and
itself with other sentences beside it."""

import math
from typing import NamedTuple

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from hypernetworks.models.attention import Memory
from hypernetworks.models.beam import BOS, EOS, Translation, beam_search
from hypernetworks.models.gnmt import GNMT

V = 5


def model(name="lstm", symbols=V, seed=0):
    torch.manual_seed(seed)
    settings = {"hyper_size": 4, "embedding_size": 3} if "hyper" in name else {}
    built = GNMT(name, symbols, 3, 6, dtype=torch.float64, **settings).double().eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(torch.randn_like(parameter))
    return built


def sentences(count=4, symbols=V, seed=0):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (count,), generator=generator).tolist()
    return [torch.randint(symbols, (length,), generator=generator) for length in lengths]


def packed(found):
    return pack_sequence(found, enforce_sorted=False)


def score_of(log_p, weights, alpha, beta):
    """By the formulas, of the weights (Y, S)."""
    lp = ((5 + len(weights)) / 6) ** alpha
    cp = sum(math.log(min(float(column.sum()), 1.0)) for column in weights.t())
    return log_p / lp + beta * cp


@torch.no_grad()
def every(built, sentence, longest, alpha, beta):
    """All translations of a sentence of at most `longest` symbols with their end."""
    memory = built.encode(packed([sentence]))
    found = []

    def extend(prefix, state, log_p, weights):
        log_probs, row, state = built.step(torch.tensor([(BOS, *prefix)[-1]]), state, memory)
        weights = torch.cat([weights, row])
        total = log_p + float(log_probs[0, EOS])
        found.append(Translation(list(prefix), total, score_of(total, weights, alpha, beta)))
        if len(prefix) + 1 < longest:
            for symbol in set(range(V)) - {EOS}:
                extend((*prefix, symbol), state, log_p + float(log_probs[0, symbol]), weights)

    extend((), built.start(memory), 0.0, torch.zeros(0, len(sentence), dtype=torch.float64))
    return found


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.6, 0.2), (1.0, 1.0)])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_best_of_all_translations(alpha, beta, seed):
    longest, built, found = 4, model(seed=seed), sentences(seed=seed)
    translations = beam_search(built, packed(found), 4**3 * 5, alpha, beta, longest)
    for sentence, translation in zip(found, translations, strict=True):
        everything = every(built, sentence, longest, alpha, beta)
        assert len(everything) == 1 + 4 + 16 + 64
        best = max(everything, key=lambda each: each.score)
        assert translation.symbols == best.symbols
        assert translation.log_p == pytest.approx(best.log_p, abs=1e-10)
        assert translation.score == pytest.approx(best.score, abs=1e-10)


def test_the_penalties_choose_other_translations():
    built, found = model(), packed(sentences(20))
    plain = beam_search(built, found, 8, 0.0, 0.0, 6)
    longer = beam_search(built, found, 8, 2.0, 0.0, 6)
    covering = beam_search(built, found, 8, 0.0, 5.0, 6)
    assert sum(len(t.symbols) for t in longer) > sum(len(t.symbols) for t in plain)
    assert covering != plain
    assert all(one.log_p >= other.log_p - 1e-12 for one, other in zip(plain, covering, strict=True))


@torch.no_grad()
def greedy(built, sentence, longest):
    memory = built.encode(packed([sentence]))
    state, symbols, log_p = built.start(memory), [BOS], 0.0
    while symbols[-1] != EOS:
        log_probs, _, state = built.step(torch.tensor(symbols[-1:]), state, memory)
        symbol = EOS if len(symbols) == longest else int(log_probs[0].argmax())
        log_p += float(log_probs[0, symbol])
        symbols.append(symbol)
    return symbols[1:-1], log_p


@pytest.mark.parametrize("name", ["lstm", "layernorm_hyperlstm", "hyperrnn"])
def test_a_beam_of_one_is_greedy_search(name):
    built, found = model(name), sentences(12)
    for sentence, translation in zip(found, beam_search(built, packed(found), 1), strict=True):
        symbols, log_p = greedy(built, sentence, 2 * len(sentence) + 10)
        assert translation.symbols == symbols
        # With weights as large as these a HyperRNN is chaotic: rounding grows from step to step.
        assert translation.log_p == pytest.approx(log_p, abs=1e-6 if name == "hyperrnn" else 1e-10)


@pytest.mark.parametrize("name", ["lstm", "layernorm_hyperlstm"])
def test_a_translation_does_not_depend_on_its_neighbours(name):
    built, found = model(name, 30), sentences(9, 30)
    together = beam_search(built, packed(found))
    assert together == beam_search(built, packed(found))
    assert len({len(t.symbols) for t in together}) > 2  # they end at different steps
    for sentence, translation in zip(found, together, strict=True):
        (alone,) = beam_search(built, packed([sentence]))
        assert alone.symbols == translation.symbols
        assert alone.score == pytest.approx(translation.score, abs=1e-10)


@pytest.mark.parametrize("beam", [1, 3])
def test_the_score_is_that_of_the_translation(beam):
    built, found = model(symbols=30), sentences(6, 30)
    for sentence, translation in zip(found, beam_search(built, packed(found), beam), strict=True):
        whole = [BOS, *translation.symbols, EOS]
        read = packed([torch.tensor(whole[:-1])])
        log_probs = built(packed([sentence]), read).log_softmax(-1)
        log_p = log_probs[range(len(whole) - 1), whole[1:]].sum().item()
        assert translation.log_p == pytest.approx(log_p, abs=1e-9)
        memory = built.encode(packed([sentence]))
        state, weights = built.start(memory), []
        for symbol in whole[:-1]:
            _, row, state = built.step(torch.tensor([symbol]), state, memory)
            weights.append(row)
        with torch.no_grad():
            expected = score_of(log_p, torch.cat(weights), 0.6, 0.2)
        assert translation.score == pytest.approx(expected, abs=1e-9)


def test_the_end_is_forced_at_the_longest():
    built, found = model(), packed(sentences(10))
    with torch.no_grad():
        built.readout.bias[EOS] = -50
    assert {len(t.symbols) for t in beam_search(built, found, 2, longest=7)} == {6}
    limits = [2 * len(sentence) + 9 for sentence in sentences(10)]
    assert [len(t.symbols) for t in beam_search(built, found, 2)] == limits


class Prefix(NamedTuple):
    """A state that knows how many symbols each sentence has read."""

    read: torch.Tensor

    def rows(self, index):
        return Prefix(self.read[index])


class Counting:
    """Always the same distribution; counts the symbols that it is asked to read."""

    def __init__(self, log_probs):
        self.log_probs, self.asked = log_probs, []

    def encode(self, source: PackedSequence) -> Memory:
        batch = int(source.batch_sizes[0])
        return Memory(torch.zeros(batch, 1, 1), torch.zeros(batch, 1, 1), torch.zeros(batch, 1))

    def start(self, memory):
        return Prefix(torch.zeros(len(memory.values)))

    def step(self, symbols, state, memory):
        self.asked.append(len(symbols))
        count = len(symbols)
        return self.log_probs.expand(count, -1), torch.ones(count, 1), Prefix(state.read + 1)


def test_the_search_stops_when_nothing_can_win():
    probabilities = torch.tensor([0.03, 0.03, 0.9, 0.04])
    counting = Counting(probabilities.log())
    found = beam_search(counting, packed(sentences(3)), 4, 0.6, 0.2, 30)
    assert (
        found == [Translation([], pytest.approx(math.log(0.9)), pytest.approx(math.log(0.9)))] * 3
    )
    assert counting.asked == [12]


def test_every_step_reads_one_symbol_of_each_hypothesis_of_the_sentences_that_are_left(monkeypatch):
    counting = Counting(torch.tensor([0.5, 0.25, 1e-9, 0.25]).log())
    beam_search(counting, packed(sentences(2)), 4, longest=5)
    assert counting.asked == [8] * 5
    built, found, asked = model(symbols=30), packed(sentences(9, 30)), []
    step = built.step

    def counted(symbols, state, memory):
        asked.append(len(symbols))
        return step(symbols, state, memory)

    monkeypatch.setattr(built, "step", counted)
    beam_search(built, found)
    assert asked[0] == 36
    assert asked == sorted(asked, reverse=True)
    assert 0 < asked[-1] < 36


def test_the_largest_penalties_can_be_computed():
    found = beam_search(model(), packed(sentences()), alpha=10.0, beta=10.0, longest=200)
    assert all(math.isfinite(translation.score) for translation in found)


def test_no_probabilities_no_translation():
    with pytest.raises(ValueError, match="not finite"):
        beam_search(Counting(torch.full((4,), torch.nan)), packed(sentences(2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"beam": 0},
        {"alpha": -1.0},
        {"alpha": 11.0},
        {"beta": math.inf},
        {"beta": 1e300},
        {"longest": 0},
    ],
)
def test_what_cannot_work_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        beam_search(model(), packed(sentences()), **wrong)
