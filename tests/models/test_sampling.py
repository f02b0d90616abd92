"""Sampling: reproducible, as the model's own probabilities say, and refusing what cannot work."""

import pytest
import torch

from hypernetworks import LSTM, HyperLSTM
from hypernetworks.models.character import CharacterModel
from hypernetworks.models.sampling import sample, stream


@pytest.fixture
def model():
    torch.manual_seed(0)
    return CharacterModel(
        HyperLSTM(5, 8, hyper_size=4, embedding_size=3, num_layers=2, layer_norm=True)
    ).eval()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_the_same_seed_draws_the_same_text(model):
    prime = torch.tensor([3, 1])
    one, two = (sample(model, prime, 50, generator=seeded(1)) for _ in range(2))
    assert torch.equal(one, two)
    assert one[:2].tolist() == [3, 1]
    assert len(one) == 52
    assert not torch.equal(one, sample(model, prime, 50, generator=seeded(2)))


def test_temperature_zero_takes_the_most_probable_of_the_whole_sequence_form(model):
    with torch.no_grad():
        model.readout.weight *= 5
    text = sample(model, torch.tensor([2]), 40, temperature=0)
    logits, _ = model(text[:-1, None])
    assert torch.equal(logits[:, 0].argmax(-1), text[1:])
    for small in (1e-6, 1e-310):
        cold = sample(model, torch.tensor([2]), 40, temperature=small, generator=seeded(0))
        assert torch.equal(cold, text)


def test_frequencies_are_the_models_probabilities():
    """With a silent core the read-out's bias alone decides; temperature 2 takes square roots."""
    model = CharacterModel(LSTM(3, 2)).eval()
    with torch.no_grad():
        model.readout.weight.zero_()
        model.readout.bias.copy_(torch.tensor([0.7, 0.2, 0.1]).log())
    for temperature in (1.0, 2.0):
        text = sample(model, torch.tensor([0]), 4000, temperature, seeded(0))
        found = torch.bincount(text[1:], minlength=3) / 4000
        expected = torch.tensor([0.7, 0.2, 0.1]) ** (1 / temperature)
        torch.testing.assert_close(found, expected / expected.sum(), atol=0.03, rtol=0)


def test_symbols_that_the_text_does_not_have_are_never_drawn(model):
    text = sample(model, torch.tensor([0]), 100, generator=seeded(0), symbols=2)
    assert set(text.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.tensor([], dtype=torch.long), 5), r"prime of shape \(0,\)"),
        ((torch.zeros(2, 1, dtype=torch.long), 5), r"prime of shape \(2, 1\)"),
        ((torch.tensor([0]), 0), "length=0"),
        ((torch.tensor([0]), 5, -1.0), "temperature=-1"),
        ((torch.tensor([0]), 5, float("nan")), "temperature=nan"),
        ((torch.tensor([0]), 5, float("inf")), "temperature=inf"),
    ],
)
def test_what_cannot_work_is_named(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(model, *arguments)


def test_a_bidirectional_model_is_refused():
    model = CharacterModel(LSTM(3, 2, bidirectional=True)).eval()
    with pytest.raises(ValueError, match="bidirectional"):
        sample(model, torch.tensor([0]), 5)


def test_a_stream_is_the_same_text_without_an_end(model):
    prime = torch.tensor([3, 1])
    drawn = stream(model, prime, generator=seeded(1))
    found = [next(drawn) for _ in range(20)]
    assert found == sample(model, prime, 20, generator=seeded(1))[2:].tolist()
    assert not torch.is_inference_mode_enabled()


def test_on_the_cpu_where_another_device_is_the_default(model):
    prime = torch.tensor([3, 1])
    expected = sample(model, prime, 20, generator=seeded(1))
    with torch.device("meta"):
        found = sample(model, prime, 20, generator=seeded(1))
    assert torch.equal(found, expected)
