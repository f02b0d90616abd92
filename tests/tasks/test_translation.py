"""The translation task: its loss, its metrics and the samples that it leaves."""

import math

import pytest
import torch
import torch.nn.functional as F

from hypernetworks.data.generated.translations import draw
from hypernetworks.data.pair_batches import PairBatches, TextBatches
from hypernetworks.data.pair_splits import HeldOut
from hypernetworks.data.parallel import Texts
from hypernetworks.data.subwords import BEGIN, END, Subwords
from hypernetworks.models.beam import beam_search
from hypernetworks.models.gnmt import GNMT
from hypernetworks.tasks.bleu import sacre_bleu, tokenised_bleu
from hypernetworks.tasks.translation import Baseline, Search, Translation

PAIRS = draw(50, 0)
TEXTS = Texts([english for english, _ in PAIRS], [french for _, french in PAIRS])
SUBWORDS = Subwords.train([side for pair in draw(500, 1) for side in pair], 150)
HELD_OUT = HeldOut.of(TEXTS, SUBWORDS)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return GNMT("lstm", len(SUBWORDS), layers=2, hidden_size=8, init_range=0.5).double().eval()


def task(**settings):
    (shown,) = TextBatches(HELD_OUT.evenly(6, SUBWORDS), 6, "cpu").epoch(0)
    search = Search(**settings)
    return Translation(SUBWORDS.decode, "fr", search, 11.0, SUBWORDS.model, shown)


def nats_of(model, pair):
    """Of one pair alone, in plain torch: (sum, predictions)."""
    source, target = (torch.tensor(ids.astype(int)) for ids in pair)
    follow = torch.cat([target, torch.tensor([END])])
    read = torch.cat([torch.tensor([BEGIN]), target])
    source = torch.cat([source, torch.tensor([END])])
    one, other = (torch.nn.utils.rnn.pack_sequence([x]) for x in (source, read))
    with torch.no_grad():
        return float(F.cross_entropy(model(one, other), follow, reduction="sum")), len(follow)


def test_log_perplexity_is_nats_a_subword_whatever_the_batches(model):
    nats, count = map(
        sum, zip(*(nats_of(model, HELD_OUT.pairs[k]) for k in range(50)), strict=True)
    )
    for size in (7, 50):
        with torch.no_grad():
            batches = TextBatches(HELD_OUT, size, "cpu")
            found = task().evaluate(model, batches, ["log_perplexity"])
        assert found == {"log_perplexity": pytest.approx(nats / count, rel=1e-5)}


def test_the_loss_is_the_mean_over_pairs_and_over_shards(model):
    whole = PairBatches(HELD_OUT.pairs, 50)
    ours = task().loss(model, next(whole.epoch(0))).detach()
    nats = sum(nats_of(model, HELD_OUT.pairs[k])[0] for k in range(50))
    assert float(ours) == pytest.approx(nats / (50 * 11.0), rel=1e-5)
    shards = [PairBatches(HELD_OUT.pairs, 50, shard=(rank, 2)) for rank in range(2)]
    parts = [task().loss(model, next(shard.epoch(0))).detach() for shard in shards]
    assert float(sum(parts) / 2) == pytest.approx(float(ours), rel=1e-6)


def test_bleu_is_of_the_searched_translations_in_whatever_batches(model):
    found = {}
    for source in (HELD_OUT.pairs[k][0] for k in range(50)):
        ids = torch.tensor([*map(int, source), END])
        packed = torch.nn.utils.rnn.pack_sequence([ids])
        (one,) = beam_search(model, packed, beam=3, alpha=1.0, beta=0.1)
        found[tuple(ids.tolist())] = SUBWORDS.decode(one.symbols)
    translations = list(found.values())
    assert len(translations) == 50
    with torch.no_grad():
        ours = task(beam=3, alpha=1.0, beta=0.1).evaluate(model, TextBatches(HELD_OUT, 16, "cpu"))
    # The batches are sorted by length; a corpus's BLEU does not depend on the order.
    assert ours["bleu"] == pytest.approx(tokenised_bleu(translations, TEXTS.target, "fr"))
    assert ours["bleu_13a"] == pytest.approx(sacre_bleu(translations, TEXTS.target))
    assert set(ours) == set(Translation.metrics)


def test_nothing_is_searched_where_bleu_is_not_asked_for(model, monkeypatch):
    def never(*_):
        raise AssertionError("searched")

    monkeypatch.setattr(Translation, "translations", never)
    with torch.no_grad():
        task().evaluate(model, TextBatches(HELD_OUT, 16, "cpu"), ["log_perplexity"])


def test_the_baseline_is_the_shares_of_the_targets_and_the_source():
    counts = torch.from_numpy(HELD_OUT.pairs.target_counts(len(SUBWORDS)))
    targets = [int(i) for k in range(50) for i in HELD_OUT.pairs[k][1]]
    assert counts.tolist() == torch.bincount(torch.tensor(targets), minlength=150).tolist()
    counts[END] += 50
    found = task().evaluate(Baseline(counts), TextBatches(HELD_OUT, 16, "cpu"))
    total = len(targets) + 50 + 150
    nats = -sum(math.log((counts[i].item() + 1) / total) for i in [*targets, *[END] * 50])
    assert found["log_perplexity"] == pytest.approx(nats / (len(targets) + 50), rel=1e-5)
    assert found["bleu"] == pytest.approx(tokenised_bleu(TEXTS.source, TEXTS.target, "fr"))


def test_the_samples_are_six_sentences_evenly_spaced_beside_their_translations(model):
    found = task(beam=2).arrays(model)["translations"]
    lines = bytes(found.tolist()).decode().splitlines()
    rows = [line.split("\t") for line in lines]
    assert {(a, b) for a, b, _ in rows} == {PAIRS[k] for k in (0, 8, 16, 25, 33, 41)}
    assert all(translation for *_, translation in rows)


def test_the_subword_model_stays_with_the_run():
    state = task().state_dict()
    assert bytes(state["subwords"].tolist()) == SUBWORDS.model
    task().load_state_dict(state)
    state["subwords"][-1] += 1
    with pytest.raises(ValueError, match="subword model is not the one"):
        task().load_state_dict(state)
