import math

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from hypernetworks import LSTM, HandwritingModel, HyperLSTM, LayerNormLSTM, Mixture
from hypernetworks.data.line_batches import LineBatches
from hypernetworks.data.lines import Lines
from hypernetworks.tasks.constant_mixture import ConstantMixture
from hypernetworks.tasks.handwriting import Handwriting

CORES = {
    "lstm": lambda: LSTM(3, 8, num_layers=2),
    "layernorm_lstm": lambda: LayerNormLSTM(3, 8),
    "hyperlstm": lambda: HyperLSTM(3, 8, hyper_size=4, embedding_size=2),
    "layernorm_hyperlstm": lambda: HyperLSTM(3, 8, hyper_size=4, embedding_size=2, layer_norm=True),
}
PLAIN = torch.zeros(2), torch.ones(2)


def lines() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    made = []
    for length in (5, 31, 17, 9):
        line = torch.randn(length, 3, generator=generator).double()
        line[:, 2] = (line[:, 2] > 0).double()
        made.append(line)
    return made


def batch_of(part: list[Tensor]) -> tuple[PackedSequence, Tensor, float]:
    read, follow = (
        pack_sequence([line[s] for line in part], enforce_sorted=False)
        for s in (slice(None, -1), slice(1, None))
    )
    return read, follow.data, float(len(part))


@pytest.mark.parametrize("name", CORES)
def test_a_batch_of_mixed_lengths_is_its_lines_one_by_one(name: str) -> None:
    torch.manual_seed(0)
    model = HandwritingModel(CORES[name](), mixtures=3).double()
    task = Handwriting(*PLAIN, predictions=10)
    whole = task.loss(model, batch_of(lines()))
    whole.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    alone = sum(task.loss(model, batch_of([line])) / 4 for line in lines())
    assert isinstance(alone, Tensor)
    alone.backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(whole, alone, rtol=1e-12, atol=1e-12)
    for one, parameter in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=1e-9, atol=1e-12)
    _, state = model(batch_of(lines())[0])
    for k, line in enumerate(lines()):
        _, own = model(line[:-1, None])
        for part, single in zip(state, own, strict=True):
            torch.testing.assert_close(part[:, k], single[:, 0], rtol=1e-10, atol=1e-12)


def test_the_log_loss_is_nats_summed_over_a_line() -> None:
    """A standard normal that ends strokes half of the time, over two lines, by hand."""

    class Standard(torch.nn.Module):
        def forward(self, points: PackedSequence) -> tuple[Mixture, None]:
            return Mixture.of(torch.zeros(len(points.data), 7)), None

    one = torch.tensor([[0.0, 0, 0], [1, 2, 0], [3, 4, 1]])
    two = torch.tensor([[0.0, 0, 1], [2, 0, 1]])
    made = Lines.of([one, two], [0, 0], [-1, -1])
    batches = LineBatches(made, PLAIN, 64, shuffle=False)
    each = math.log(2 * math.pi) + math.log(2)
    by_hand = (2 * each + (1 + 4 + 9 + 16) / 2 + each + 4 / 2) / 2
    found = Handwriting(*PLAIN, predictions=1.5).evaluate(Standard(), batches)
    assert found == {"log_loss": pytest.approx(by_hand, rel=1e-6)}
    loss = Handwriting(*PLAIN, predictions=1.5).loss(Standard(), next(batches.epoch(0)))
    assert float(loss) == pytest.approx(by_hand / 1.5, rel=1e-6)


def test_the_constant_mixture_finds_the_likelihood_of_a_known_one() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor([0.7, -0.7, -2, 3, 1, 0, -1, 0.3, 0, -0.5, 0.8, -0.4, -1.5])
    points = Mixture.of(truth.expand(20_000, -1)).sample(generator=generator)
    entropy = -float(Mixture.of(truth).log_likelihood(points).mean())
    fitted = ConstantMixture(points, 2)
    mixture, _ = fitted(points)
    assert -float(mixture.log_likelihood(points).mean()) == pytest.approx(entropy, abs=0.02)
    assert fitted.name == "constant mixture of 2 Gaussians"


def test_the_mean_loss_of_shards_is_that_of_the_whole_batch() -> None:
    """Also of a batch that does not divide: 5 lines over 2 processes."""
    torch.manual_seed(0)
    model = HandwritingModel(LSTM(3, 8), 3)
    made = Lines.of([line.float() for line in [*lines(), lines()[2]]], [0] * 5, [-1] * 5)
    task = Handwriting(*PLAIN, predictions=10)
    (whole,) = LineBatches(made, PLAIN, 8).epoch(0)
    shards = [next(LineBatches(made, PLAIN, 8, shard=(rank, 2)).epoch(0)) for rank in (0, 1)]
    losses = [task.loss(model, shard) for shard in shards]
    torch.testing.assert_close(sum(losses) / 2, task.loss(model, whole))


def test_the_moments_are_in_the_checkpoint_and_have_to_be_the_runs() -> None:
    task = Handwriting(torch.tensor([1.0, 2]), torch.tensor([3.0, 4]), 10)
    state = task.state_dict()
    assert state == {"mean": [1.0, 2.0], "std": [3.0, 4.0]}
    task.load_state_dict(state)
    with pytest.raises(ValueError, match="not normalised"):
        Handwriting(torch.tensor([1.0, 2]), torch.tensor([3.0, 5]), 10).load_state_dict(state)


def test_output_dropout_in_training_alone() -> None:
    torch.manual_seed(0)
    model = HandwritingModel(LSTM(3, 8), 3, input_dropout=0.3, output_dropout=0.5)
    read, *_ = batch_of([line.float() for line in lines()])
    one, two = model(read)[0], model(read)[0]
    assert not torch.equal(one.mean, two.mean)
    model.eval()
    assert torch.equal(model(read)[0].mean, model(read)[0].mean)


def test_the_arrays_are_lines_of_the_model() -> None:
    task = Handwriting(torch.tensor([0.1, 0.0]), torch.tensor([2.0, 3.0]), 10)
    model = HandwritingModel(HyperLSTM(3, 8, hyper_size=4, embedding_size=2), 3)
    found = task.arrays(model)
    assert found["strokes"].shape == (13, 700, 3)
    assert found["weight_change"].shape == (699, 4)
    assert set(task.arrays(HandwritingModel(LSTM(3, 8), 3))) == {"strokes"}
    assert task.arrays(torch.nn.Linear(3, 3)) == {}
