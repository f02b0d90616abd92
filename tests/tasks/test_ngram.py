"""The n-gram baseline against counts by hand and against a slow reading of the formula."""

import math
from collections import Counter

import pytest
import torch

from hypernetworks.data.text import Streams
from hypernetworks.tasks.characters import CharacterLanguageModel
from hypernetworks.tasks.ngram import NGram


def witten_bell(text, context, symbol, symbols):
    """p(symbol | context), counted anew from the whole text."""
    lower = witten_bell(text, context[1:], symbol, symbols) if context else 1 / symbols
    n = len(context)
    followers = Counter(text[i + n] for i in range(len(text) - n) if text[i : i + n] == context)
    if not followers:
        return lower
    total, kinds = sum(followers.values()), len(followers)
    return (followers[symbol] + kinds * lower) / (total + kinds)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_agrees_with_the_formula(order):
    generator = torch.Generator().manual_seed(order)
    train = torch.randint(4, (60,), generator=generator, dtype=torch.uint8)
    text = torch.randint(5, (30,), generator=generator)
    found, _ = NGram(train, 5, order)(text[:, None])
    known = tuple(train.tolist())
    for t in range(30):
        context = tuple(text[max(0, t - order + 2) : t + 1].tolist()) if order > 1 else ()
        for symbol in range(5):
            expected = witten_bell(known, context, symbol, 5)
            assert float(found[t, 0, symbol].exp()) == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(30, 1, dtype=torch.float64))


def test_by_hand():
    """After "0 1 0 1 1": p(1) = (3 + 2 / 2) / (5 + 2), p(1 | 0) = (2 + p(1)) / (2 + 1)."""
    model = NGram(torch.tensor([0, 1, 0, 1, 1], dtype=torch.uint8), 2, 2)
    log_p, _ = model(torch.tensor([[0]]))
    assert float(log_p[0, 0, 1].exp()) == pytest.approx((2 + 4 / 7) / 3)


def test_windows_and_streams_do_not_change_it():
    ids = torch.randint(4, (200,), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    model, task = NGram(ids, 4, 4), CharacterLanguageModel(b"abcde", newline=0)
    whole = task.evaluate(model, Streams(ids, 1, 199))["bpc"]
    for window in (1, 2, 7):
        assert task.evaluate(model, Streams(ids, 1, window))["bpc"] == pytest.approx(whole)
    both, _ = model(ids.long().view(2, 100).t())
    one, _ = model(ids.long()[100:, None])
    torch.testing.assert_close(both[:, 1:], one)


def test_the_unigram_is_the_entropy_of_the_text():
    ids = torch.tensor([0] * 600 + [1] * 200 + [2] * 200, dtype=torch.uint8)
    streams = Streams(ids[torch.randperm(1000)], 1, 100)
    entropy = -(0.6 * math.log2(0.6) + 0.4 * math.log2(0.2))
    found = CharacterLanguageModel(b"abcde", newline=0).evaluate(NGram(ids, 3, 1), streams)["bpc"]
    assert found == pytest.approx(entropy, abs=0.01)
