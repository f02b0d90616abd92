"""Bits per character against hand counts; the carried state."""

import math

import pytest
import torch

from hypernetworks import LSTM, HyperLSTM
from hypernetworks.data.text import Streams
from hypernetworks.recurrent.character_model import CharacterModel
from hypernetworks.tasks.char_lm import BINS, SAMPLE, CharacterLanguageModel


class Table(torch.nn.Module):
    """Probabilities that depend on how many symbols came before: the state is a counter."""

    def forward(self, symbols, state=None):
        seen = (state[0] if state else torch.zeros(1, symbols.shape[1])) + 0
        logits = []
        for _ in symbols:
            p = 0.5 + 0.4 * (seen[0] >= 2)  # the first two predictions are coins
            logits.append(torch.stack((p, 1 - p), -1).log())
            seen = seen + 1
        return torch.stack(logits), (seen,)


def test_bits_per_character_by_hand():
    """Symbols 0 0 1 0 0: predictions 0, 1 with p = 1/2 each, then 0, 0 with p = 0.9."""
    ids = torch.tensor([0, 0, 1, 0, 0], dtype=torch.uint8)
    expected = (1 + 1 - 2 * math.log2(0.9)) / 4
    for window in (1, 2, 3, 10):
        found = CharacterLanguageModel(b"abcde").evaluate(Table(), Streams(ids, 1, window))
        assert found["bpc"] == pytest.approx(expected)


def test_from_the_zero_state_in_every_window_it_would_be_another_number():
    """What a public reproduction reports: windows that each begin anew, and nats for bits."""
    ids = torch.tensor([0, 0, 1, 0, 0], dtype=torch.uint8)
    honest = CharacterLanguageModel(b"abcde").evaluate(Table(), Streams(ids, 1, 2))["bpc"]
    anew = Streams(ids, 2, 2)  # two streams of two: the counter never gets to 2
    assert CharacterLanguageModel(b"abcde").evaluate(Table(), anew)["bpc"] == pytest.approx(1.0)
    assert honest != pytest.approx(1.0)
    assert honest != pytest.approx(honest * math.log(2))


def test_windows_do_not_change_what_a_model_computes():
    torch.manual_seed(0)
    model = CharacterModel(HyperLSTM(5, 7, 4, 2, layer_norm=True).double()).double().eval()
    ids = torch.randint(5, (60,), dtype=torch.uint8)
    task = CharacterLanguageModel(b"abcde")
    with torch.inference_mode():
        whole = task.evaluate(model, Streams(ids, 1, 59))["bpc"]
        parts = task.evaluate(model, Streams(ids, 1, 7))["bpc"]
    assert parts == pytest.approx(whole, rel=1e-6)
    assert whole == pytest.approx(math.log2(5), rel=0.3)


def test_training_carries_the_state_and_begins_anew_with_the_epoch():
    torch.manual_seed(0)
    model = CharacterModel(LSTM(5, 7))
    streams = Streams(torch.randint(5, (41,), dtype=torch.uint8), 2, 5)
    task = CharacterLanguageModel(b"abcde")
    windows = list(streams.epoch(0))
    first = task.loss(model, windows[0])
    state = task.state
    assert not state.h.requires_grad
    second = task.loss(model, windows[1])
    expected = torch.nn.functional.cross_entropy(
        model(windows[1][0], state)[0].flatten(0, 1), windows[1][1].flatten()
    )
    torch.testing.assert_close(second, expected)
    torch.testing.assert_close(task.loss(model, windows[0]), first)

    resumed = CharacterLanguageModel(b"abcde")
    resumed.load_state_dict({"state": list(state)})
    torch.testing.assert_close(resumed.loss(model, windows[1]), second)


def test_evaluation_leaves_the_training_state_alone():
    model = CharacterModel(LSTM(5, 7))
    streams = Streams(torch.randint(5, (41,), dtype=torch.uint8), 2, 5)
    task = CharacterLanguageModel(b"abcde")
    task.loss(model, next(streams.epoch(0)))
    before = task.state
    with torch.inference_mode():
        task.evaluate(model, streams)
    assert task.state is before


def test_dropout_of_the_input_drops_whole_symbols():
    """With everything else off, two runs differ by the mask alone; in evaluation not at all."""
    torch.manual_seed(0)
    model = CharacterModel(LSTM(5, 7), input_dropout=0.5, output_dropout=0.2)
    ids = torch.randint(5, (6, 2))
    assert not torch.equal(model(ids)[0], model(ids)[0])
    model.eval()
    assert torch.equal(model(ids)[0], model(ids)[0])


def test_the_arrays_of_the_figures():
    """The sample in bytes, shares of phi(c) that sum to 1, a change of four gates a symbol."""
    torch.manual_seed(0)
    task = CharacterLanguageModel(b"\n ab")
    hyper = CharacterModel(HyperLSTM(5, 7, 4, 2, num_layers=2))
    arrays = task.arrays(hyper)
    assert arrays["sample"].shape == (SAMPLE,)
    assert arrays["sample"][0] == ord("\n")
    assert set(arrays["sample"].tolist()) <= set(b"\n ab")
    assert arrays["phi_c"].shape == (BINS,)
    assert float(arrays["phi_c"].sum()) == pytest.approx(1)
    assert arrays["weight_change"].shape == (SAMPLE - 2, 4)
    again = task.arrays(hyper)
    assert all(torch.equal(arrays[name], again[name]) for name in arrays)
    assert task.arrays(CharacterModel(LSTM(5, 7))).keys() == {"sample", "phi_c"}
