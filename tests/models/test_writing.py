"""Lines drawn from a handwriting model: reproducible, in pen units, as the model's own densities
say, and refusing what cannot work."""

import pytest
import torch

from hypernetworks import LSTM, HandwritingModel, HyperLSTM, observe
from hypernetworks.models.writing import BIAS, LINES, POINTS, pens, weight_change, write

MOMENTS = (torch.tensor([8.0, 0.5]), torch.tensor([20.0, 15.0]))


@pytest.fixture
def model():
    torch.manual_seed(0)
    core = HyperLSTM(3, 8, hyper_size=4, embedding_size=3, num_layers=2)
    with torch.no_grad():
        for parameter in core.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return HandwritingModel(core, mixtures=4).eval()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_lines_begin_where_the_pen_comes_down(model):
    lines = write(model, MOMENTS, 3, 50, generator=seeded(0))
    assert lines.shape == (3, 50, 3)
    assert lines.dtype == torch.float32
    assert not lines.is_inference()
    assert torch.equal(lines[:, 0], torch.zeros(3, 3))
    assert set(lines[..., 2].unique().tolist()) == {0.0, 1.0}
    assert len({tuple(line.flatten().tolist()) for line in lines}) == 3


def test_the_same_seed_draws_the_same_lines(model):
    one, two = (write(model, MOMENTS, 2, 50, generator=seeded(1)) for _ in range(2))
    assert torch.equal(one, two)
    assert not torch.equal(one, write(model, MOMENTS, 2, 50, generator=seeded(2)))


def test_a_line_is_the_same_with_others_beside_it_and_longer(model):
    many = write(model, MOMENTS, 5, 60, bias=0.5, generator=seeded(3))
    few = write(model, MOMENTS, 2, 40, bias=0.5, generator=seeded(3))
    torch.testing.assert_close(many[:2, :40], few)


def test_points_follow_the_densities_of_the_points_before_them():
    """A model whose sigma is small and whose end is sure: each point is the mean that the whole
    sequence form, given those before it, says."""
    torch.manual_seed(0)
    model = HandwritingModel(LSTM(3, 8), mixtures=1).eval()
    with torch.no_grad():
        model.readout.weight[3:].zero_()
        model.readout.weight[:3].mul_(5)
        model.readout.bias.copy_(torch.tensor([0.0, 0, 0, -9, -9, 0, 30]))
    mean, std = MOMENTS
    line = write(model, MOMENTS, 1, 30, generator=seeded(0))[0]
    points = torch.cat([(line[:, :2] - mean) / std, line[:, 2:]], -1)
    expected, _ = model(points[:-1, None])
    found = points[1:, :2] - expected.mean[:, 0, 0]
    assert expected.mean.std() > 0.1
    assert found.abs().max() < 1e-3
    assert line[1:, 2].eq(1).all()


def test_offsets_have_the_training_sets_moments():
    """With a silent core the read-out's bias alone decides: normal offsets, one end in four."""
    model = HandwritingModel(LSTM(3, 2), mixtures=1).eval()
    with torch.no_grad():
        model.readout.weight.zero_()
        model.readout.bias[-1] = torch.tensor(1 / 3).log()
    points = write(model, MOMENTS, 20, 301, generator=seeded(0))[:, 1:].flatten(0, 1)
    torch.testing.assert_close(points[:, :2].mean(0), MOMENTS[0], atol=1.0, rtol=0)
    torch.testing.assert_close(points[:, :2].std(0), MOMENTS[1], atol=0, rtol=0.05)
    assert float(points[:, 2].mean()) == pytest.approx(0.25, abs=0.03)
    neat = write(model, MOMENTS, 20, 301, 1.0, seeded(0))[:, 1:].flatten(0, 1)
    torch.testing.assert_close(
        neat[:, :2].std(0), MOMENTS[1] / torch.tensor(1.0).exp(), atol=0, rtol=0.05
    )


def test_the_arrays_of_the_figures(model):
    arrays = pens(model.train(), MOMENTS)
    assert not model.training
    assert arrays["strokes"].shape == (LINES, POINTS, 3)
    again = write(model, MOMENTS, LINES, POINTS, BIAS, seeded(0))
    assert torch.equal(arrays["strokes"], again)
    mean, std = MOMENTS
    line = arrays["strokes"][0]
    points = torch.cat([(line[:, :2] - mean) / std, line[:, 2:]], -1)
    with torch.no_grad(), observe(model) as runs:
        state = None
        for point in points:
            _, state = model.core.step(point[None], state)
    d_h = torch.cat([run.scales().d_h for run in runs["core.layers.0"]])[:, 0]  # (N, G, H)
    weight = model.core.cells()[0].weight_h.detach().view(4, 8, 8)
    expected = (d_h.diff(dim=0)[..., None] * weight).flatten(2).norm(dim=-1)
    torch.testing.assert_close(arrays["weight_change"], expected)
    assert arrays["weight_change"].shape == (POINTS - 1, 4)


def test_a_model_without_scaling_vectors_has_no_changes():
    model = HandwritingModel(LSTM(3, 4), mixtures=2).eval()
    line = write(model, MOMENTS, 1, 5)[0]
    assert weight_change(model, MOMENTS, line) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "count=0"),
        ((1, 1), "length=1"),
        ((1, 5, -1.0), "bias=-1"),
        ((1, 5, float("nan")), "bias=nan"),
        ((1, 5, float("inf")), "bias=inf"),
    ],
)
def test_what_cannot_work_is_named(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        write(model, MOMENTS, *arguments)


def test_a_bidirectional_model_is_refused():
    model = HandwritingModel(LSTM(3, 2, bidirectional=True)).eval()
    with pytest.raises(ValueError, match="bidirectional"):
        write(model, MOMENTS, 1, 5)


def test_models_of_other_types(model):
    lines = write(model.double(), MOMENTS, 2, 10, generator=seeded(0))
    assert lines.dtype == torch.float32
    assert write(model.bfloat16(), MOMENTS, 2, 10).isfinite().all()
