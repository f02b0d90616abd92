import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from hypernetworks.data.errors import DataError
from hypernetworks.data.line_batches import POOL, LineBatches
from hypernetworks.data.lines import Lines, moments


def made(count: int = 100) -> Lines:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(3, 60, (count,), generator=generator).tolist()
    lines = []
    for number, length in enumerate(lengths):
        line = torch.randn(length, 3, generator=generator)
        line[:, 2] = (line[:, 2] > 0.5).float()
        line[:, 0] += number  # tells the lines apart
        line[0] = 0
        lines.append(line)
    return Lines.of(lines, [0] * count, [-1] * count)


LINES = made()
PLAIN = torch.zeros(2), torch.ones(2)


def unpacked(batch: tuple[PackedSequence, Tensor, float]) -> list[Tensor]:
    """The lines of a batch, each (T, 3): what is read, then the last point that follows."""
    read, following, _ = batch
    padded, lengths = pad_packed_sequence(read)
    follow, _ = pad_packed_sequence(read._replace(data=following))
    found = []
    for k, length in enumerate(lengths.tolist()):
        assert torch.equal(padded[1:length, k], follow[: length - 1, k])
        found.append(torch.cat([padded[:length, k], follow[length - 1 : length, k]]))
    return found


def key(line: Tensor) -> tuple[float, ...]:
    return tuple(line.flatten().tolist())


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_line_is_there_once_an_epoch(shuffle: bool) -> None:
    batches = LineBatches(LINES, PLAIN, 8, shuffle=shuffle)
    found = [line for batch in batches.epoch(3) for line in unpacked(batch)]
    assert sorted(map(key, found)) == sorted(key(LINES.line(row)) for row in range(len(LINES)))
    assert len(batches) == len(list(batches.epoch(0))) == 13
    assert batches.predictions == sum(len(line) - 1 for line in found)


def test_an_epoch_goes_on_where_it_was_left() -> None:
    batches = LineBatches(LINES, PLAIN, 8, seed=5, scaling=0.1)
    whole, rest = list(batches.epoch(2)), list(batches.epoch(2, start=9))
    assert len(rest) == 4
    for one, two in zip(whole[9:], rest, strict=True):
        assert torch.equal(one[0].data, two[0].data)
        assert torch.equal(one[1], two[1])
    other = next(iter(batches.epoch(3)))
    assert other[0].data.shape != whole[0][0].data.shape


def test_lines_of_a_batch_are_of_about_one_length() -> None:
    lines = made(POOL * 8 * 4)
    batches = LineBatches(lines, PLAIN, 8)
    padded = taken = 0
    for read, *_ in batches.epoch(0):
        padded += len(read.batch_sizes) * int(read.batch_sizes[0])
        taken += len(read.data)
    assert padded < 1.1 * taken


def test_normalised_by_the_moments() -> None:
    mean, std = moments(LINES)
    batches = LineBatches(LINES, (mean, std), 8, shuffle=False)
    following = torch.cat([batch[1] for batch in batches.epoch(0)])
    torch.testing.assert_close(following[:, :2].mean(0), torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(
        following[:, :2].std(0, correction=0), torch.ones(2), atol=1e-4, rtol=0
    )
    assert set(following[:, 2].tolist()) == {0.0, 1.0}


def test_a_line_is_scaled_by_two_factors_before_it_is_normalised() -> None:
    mean, std = moments(LINES)
    still = LineBatches(LINES, (mean, std), 8, seed=1)
    moving = LineBatches(LINES, (mean, std), 8, seed=1, scaling=0.1)
    factors = []
    for one, two in zip(still.epoch(0), moving.epoch(0), strict=True):
        for before, after in zip(unpacked(one), unpacked(two), strict=True):
            assert torch.equal(before[:, 2], after[:, 2])
            raw, scaled = (line[1:, :2] * std + mean for line in (before, after))
            ratio = (scaled * raw).sum(0) / raw.square().sum(0)
            torch.testing.assert_close(scaled, raw * ratio, rtol=1e-3, atol=1e-3)
            factors.append(ratio)
    drawn = torch.stack(factors)
    assert (drawn - 1).abs().max() <= 0.1001
    assert drawn.std(0) == pytest.approx(0.2 / 12**0.5, rel=0.2)
    assert abs(float(torch.corrcoef(drawn.T)[0, 1])) < 0.3


def test_what_is_predicted_is_what_follows_in_an_epoch() -> None:
    batches = LineBatches(LINES, moments(LINES), 8)
    following = torch.cat([follow for _, follow, _ in batches.epoch(0)])
    found = batches.predicted()
    assert len(found) == batches.predictions
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, following.tolist()))


def test_shards_together_are_the_batch() -> None:
    lines = made(95)  # the last batch does not divide
    whole = LineBatches(lines, PLAIN, 8, seed=2, scaling=0.1)
    parts = [LineBatches(lines, PLAIN, 8, seed=2, scaling=0.1, shard=(r, 2)) for r in range(2)]
    for batch, one, two in zip(whole.epoch(1), *(part.epoch(1) for part in parts), strict=True):
        together = sorted(map(key, unpacked(one) + unpacked(two)))
        assert together == sorted(map(key, unpacked(batch)))


def test_what_cannot_work() -> None:
    with pytest.raises(DataError, match=r"dataset\.scaling=1\.5"):
        LineBatches(LINES, PLAIN, 8, scaling=1.5)
    with pytest.raises(DataError, match="batch of 1 of 100 lines is too small for 2 processes"):
        LineBatches(LINES, PLAIN, 9, shard=(0, 2))
    with pytest.raises(DataError, match=r"trainer\.batch_size=0"):
        LineBatches(LINES, PLAIN, 0)
    dot = Lines.of([torch.ones(5, 3), torch.ones(1, 3)], [0, 1], [-1, -1])
    with pytest.raises(DataError, match=r"one point.*dataset\.min_points must be 2"):
        LineBatches(dot, PLAIN, 2)
