"""Bits per character against hand counts; the carried state."""

import math

import numpy as np
import pytest
import torch

from hypernetworks import LSTM, HyperLSTM
from hypernetworks.data.text import Streams
from hypernetworks.models.character import PART, CharacterModel
from hypernetworks.recurrent.masks import draw_mask
from hypernetworks.tasks.characters import BINS, SAMPLE, CharacterLanguageModel
from hypernetworks.tasks.protocols import Evaluation


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
        found = CharacterLanguageModel(b"abcde", newline=0).evaluate(
            Table(), Streams(ids, 1, window)
        )
        assert found["bpc"] == pytest.approx(expected)


def test_from_the_zero_state_in_every_window_it_would_be_another_number():
    """What a public reproduction reports: windows that each begin anew, and nats for bits."""
    ids = torch.tensor([0, 0, 1, 0, 0], dtype=torch.uint8)
    honest = CharacterLanguageModel(b"abcde", newline=0).evaluate(Table(), Streams(ids, 1, 2))[
        "bpc"
    ]
    nats = -(2 * math.log(0.5) + 2 * math.log(0.9)) / 4
    assert honest == pytest.approx(nats / math.log(2))

    class Windows:
        """The same windows, each from the zero state."""

        def epoch(self, epoch):
            return ((*window[:2], True) for window in Streams(ids, 1, 2).epoch(epoch))

    # The counter never gets to 2: all coins.
    assert CharacterLanguageModel(b"abcde", newline=0).evaluate(Table(), Windows())[
        "bpc"
    ] == pytest.approx(1)


def test_windows_do_not_change_what_a_model_computes():
    torch.manual_seed(0)
    model = (
        CharacterModel(HyperLSTM(5, 7, hyper_size=4, embedding_size=2, layer_norm=True).double())
        .double()
        .eval()
    )
    ids = torch.randint(5, (60,), dtype=torch.uint8)
    task = CharacterLanguageModel(b"abcde", newline=0)
    with torch.inference_mode():
        whole = task.evaluate(model, Streams(ids, 1, 59))["bpc"]
        parts = task.evaluate(model, Streams(ids, 1, 7))["bpc"]
    assert parts == pytest.approx(whole, rel=1e-6)
    assert whole == pytest.approx(math.log2(5), rel=0.3)


def test_training_carries_the_state_and_begins_anew_with_the_epoch():
    torch.manual_seed(0)
    model = CharacterModel(LSTM(5, 7))
    streams = Streams(torch.randint(5, (41,), dtype=torch.uint8), 2, 5)
    task = CharacterLanguageModel(b"abcde", newline=0)
    windows = list(streams.epoch(0))
    first = task.loss(model, windows[0])
    state = task.state
    assert not state[0].requires_grad
    second = task.loss(model, windows[1])
    expected = torch.nn.functional.cross_entropy(
        model(windows[1][0], state)[0].flatten(0, 1), windows[1][1].flatten()
    )
    torch.testing.assert_close(second, expected)
    torch.testing.assert_close(task.loss(model, windows[0]), first)

    resumed = CharacterLanguageModel(b"abcde", newline=0)
    resumed.load_state_dict({"state": list(state)})
    torch.testing.assert_close(resumed.loss(model, windows[1]), second)


@pytest.mark.parametrize("layer", [LSTM(5, 7), HyperLSTM(5, 7, hyper_size=4, embedding_size=2)])
def test_the_state_of_some_streams_begins_anew(layer):
    torch.manual_seed(0)
    model = CharacterModel(layer)
    first, second, *_ = Streams(torch.randint(5, (901,), dtype=torch.uint8), 30, 5).epoch(0)
    task = CharacterLanguageModel(b"abcde", newline=0, reset=0.5)
    task.loss(model, first)
    carried = task.state
    task.loss(model, second)
    _, kept = model(second[0], carried)
    _, anew = model(second[0])
    begun = (task.state[0] == anew[0]).all(-1).squeeze(0)
    assert 5 < begun.sum() < 25
    for part, old, new in zip(task.state, kept, anew, strict=True):
        torch.testing.assert_close(part, new.where(begun[:, None], old))


def test_evaluation_leaves_the_training_state_alone():
    model = CharacterModel(LSTM(5, 7))
    streams = Streams(torch.randint(5, (41,), dtype=torch.uint8), 2, 5)
    task = CharacterLanguageModel(b"abcde", newline=0)
    task.loss(model, next(streams.epoch(0)))
    before = task.state
    with torch.inference_mode():
        task.evaluate(model, streams)
    assert task.state is before


def test_dropout_of_the_input_drops_whole_symbols():
    """The model draws what the layer is given by hand: a position's one-hot vector or nothing."""
    torch.manual_seed(0)
    model = CharacterModel(LSTM(5, 7), input_dropout=0.5)
    ids = torch.randint(5, (6, 2))
    torch.manual_seed(1)
    found, _ = model(ids)
    torch.manual_seed(1)
    mask = draw_mask(0.5, (6, 2), ids.float())
    assert set(mask.unique().tolist()) == {0.0, 2.0}
    one_hot = torch.nn.functional.one_hot(ids, 5) * mask[:, :, None]
    expected = model.readout(model.core(one_hot)[0])
    torch.testing.assert_close(found, expected)
    model.eval()
    torch.testing.assert_close(model(ids)[0], model.readout(model.core(ids)[0]))


def test_dropout_of_the_output_is_before_the_read_out():
    torch.manual_seed(0)
    model = CharacterModel(LSTM(5, 7), output_dropout=0.5)
    with torch.no_grad():
        model.readout.weight.copy_(torch.eye(7)[:5])
        model.readout.bias.zero_()
    ids = torch.randint(5, (2 * PART + 3, 2))  # more than the parts that it is read out in
    h = model.core(ids)[0][..., :5]
    ratio = model(ids)[0] / h
    assert (ratio.isclose(torch.tensor(0.0)) | ratio.isclose(torch.tensor(2.0))).all()
    assert 0 < (ratio > 1).sum() < ratio.numel()


def test_the_arrays_of_the_figures():
    """The sample's bytes, shares of phi(c) that sum to 1, a change of four gates a symbol."""
    torch.manual_seed(0)
    task = CharacterLanguageModel(b"\n ab", newline=0)
    hyper = CharacterModel(HyperLSTM(5, 7, hyper_size=4, embedding_size=2, num_layers=2))
    arrays = task.arrays(hyper)
    assert arrays["sample"].shape == (SAMPLE,)
    assert arrays["sample"][0] == ord("\n")
    assert set(arrays["sample"].tolist()) <= set(b"\n ab")
    assert arrays["sample"].dtype == torch.int64
    assert arrays["phi_c"].shape == (BINS,)
    assert arrays["phi_c"].is_floating_point()
    assert float(arrays["phi_c"].sum()) == pytest.approx(1)
    assert arrays["weight_change"].shape == (SAMPLE - 2, 4)
    again = task.arrays(hyper)
    assert all(torch.equal(arrays[name], again[name]) for name in arrays)
    assert task.arrays(CharacterModel(LSTM(5, 7))).keys() == {"sample", "phi_c"}


def test_the_arrays_are_those_of_single_steps():
    """Stepping through the sample: the norms of (d_h - d_h before) W_h, the shares of tanh(c)."""
    torch.manual_seed(0)
    cell_of = HyperLSTM(4, 7, hyper_size=4, embedding_size=2)
    with torch.no_grad():
        for parameter in cell_of.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    model = CharacterModel(cell_of)
    arrays = CharacterLanguageModel(b"\n ab", newline=0).arrays(model)
    text = torch.tensor([b"\n ab".index(byte) for byte in arrays["sample"].tolist()])
    (cell,) = model.core.cells()
    state, before, changes, cells = None, None, [], []
    with torch.no_grad():
        for symbol in text[:-1]:
            state = cell(symbol[None], state)
            # The states of a run: the first is the initial one and is not scaled with.
            d_h = cell.scales(state.h_hat.expand(2, -1, -1)).d_h[0, 0]  # (G, H)
            weights = d_h[:, :, None] * cell.weight_h.view(4, 7, 7)
            if before is not None:
                changes.append((weights - before).flatten(1).norm(dim=1))
            before = weights
            cells.append(state.c[0])
    torch.testing.assert_close(arrays["weight_change"], torch.stack(changes), rtol=1e-3, atol=1e-5)
    phi = np.tanh(torch.cat(cells).double().numpy())
    counts, _ = np.histogram(phi, BINS, (-1, 1))
    found = arrays["phi_c"].numpy() * len(phi)
    assert np.abs(np.cumsum(found) - np.cumsum(counts)).max() <= 3  # at borders, by rounding


def test_a_sample_of_characters_beyond_bytes_and_after_another_symbol():
    """Code points stay whole numbers, however large; the text begins with the given symbol."""
    torch.manual_seed(0)
    values = [ord(symbol) for symbol in "ab\n\u20ac\U0001f600"]
    sample = CharacterLanguageModel(values, newline=2).arrays(CharacterModel(LSTM(5, 7)))["sample"]
    assert sample[0] == ord("\n")
    assert set(sample.tolist()) == set(values)


@pytest.mark.parametrize("newline", [-1, 5])
def test_a_newline_that_is_no_symbol(newline):
    with pytest.raises(ValueError, match=f"newline={newline}: it must be one of the 5 symbols"):
        CharacterLanguageModel(b"abcde", newline)


def test_metrics_that_are_asked_for():
    streams = Streams(torch.tensor([0, 0, 1, 0, 0], dtype=torch.uint8), 1, 2)
    task = CharacterLanguageModel(b"abcde", newline=0)
    assert task.evaluate(Table(), streams, ["bpc"]) == task.evaluate(Table(), streams)
    assert task.evaluate(Table(), streams, ()) == {}
    assert task.selection in Evaluation("valid", streams, "always").measures(task)


def test_a_reset_that_is_no_probability():
    with pytest.raises(ValueError, match=r"reset=1\.5: it must be between 0 and 1"):
        CharacterLanguageModel(b"abcde", 0, reset=1.5)
