import hashlib
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_packed_sequence

from hypernetworks.data.errors import DataError
from hypernetworks.data.pair_batches import POOL, PairBatch, PairBatches
from hypernetworks.data.pairs import Pairs, Shard
from hypernetworks.data.subwords import BEGIN, END

Listed = tuple[tuple[int, ...], tuple[int, ...]]


def made(count: int, longest: int = 30) -> Pairs:
    """Pairs that differ, in three shards."""
    random = np.random.default_rng(0)
    pairs = []
    for number in range(count):
        a, b = random.integers(1, longest, 2).tolist()
        pairs.append(([number + 3, *random.integers(3, 50, a)], random.integers(3, 50, b).tolist()))
    cuts = [0, count // 5, count // 2, count]
    return Pairs([Shard.of(pairs[a:b]) for a, b in pairwise(cuts)])


PAIRS = made(500)


def unpacked(batch: PairBatch) -> list[Listed]:
    """The pairs of a batch, without marks."""
    source, read, following, _ = batch
    sides = []
    for packed in (source, read, read._replace(data=following)):
        padded, lengths = pad_packed_sequence(packed, batch_first=True)
        sides.append([row[:n].tolist() for row, n in zip(padded, lengths.tolist(), strict=True)])
    found = []
    for one, other, follow in zip(*sides, strict=True):
        assert one[-1] == follow[-1] == END
        assert other == [BEGIN, *follow[:-1]]
        found.append((tuple(one[:-1]), tuple(follow[:-1])))
    return found


def everything(pairs: Pairs) -> list[Listed]:
    listed = ((a.tolist(), b.tolist()) for a, b in map(pairs.__getitem__, range(len(pairs))))
    return [(tuple(a), tuple(b)) for a, b in listed]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("tokens", [None, 200])
def test_every_pair_is_there_once_an_epoch(shuffle: bool, tokens: int | None) -> None:
    batches = PairBatches(PAIRS, 8, tokens, shuffle=shuffle)
    found = list(batches.epoch(3))
    assert sorted(p for batch in found for p in unpacked(batch)) == sorted(everything(PAIRS))
    assert len(found) == len(batches)
    assert batches.predictions == sum(len(batch[2]) for batch in found)
    assert sum(batch[3] for batch in found) == len(PAIRS)
    assert all(b[0].data.dtype == b[1].data.dtype == b[2].dtype == torch.int64 for b in found)


@pytest.mark.parametrize("tokens", [None, 200])
def test_an_epoch_goes_on_where_it_was_left(tokens: int | None) -> None:
    batches = PairBatches(PAIRS, 8, tokens, seed=5)
    whole = [unpacked(batch) for batch in batches.epoch(2)]
    for start in (0, 9, POOL, POOL + 1, len(batches) - 1):
        assert [unpacked(batch) for batch in batches.epoch(2, start)] == whole[start:]
    assert [unpacked(batch) for batch in batches.epoch(3)] != whole
    other = PairBatches(PAIRS, 8, tokens, seed=6)
    assert [unpacked(batch) for batch in other.epoch(2)] != whole


def test_rows_are_those_of_the_batches_in_order() -> None:
    batches = PairBatches(PAIRS, 8, shuffle=False)
    known = everything(PAIRS)
    for rows, batch in zip(batches.rows(0), batches.epoch(0), strict=True):
        assert [known[row] for row in rows.tolist()] == unpacked(batch)


def test_pairs_of_a_batch_are_of_about_one_length() -> None:
    batches = PairBatches(made(POOL * 8 * 4), 8)
    padded = taken = 0
    for _, read, *_ in batches.epoch(0):
        padded += len(read.batch_sizes) * int(read.batch_sizes[0])
        taken += len(read.data)
    assert padded < 1.1 * taken


def test_batches_by_tokens_have_about_as_many() -> None:
    pairs = made(4000)
    batches = PairBatches(pairs, 1, tokens=600)
    spans = [int((pairs.lengths(rows).max(1) + 1).sum()) for rows in batches.rows(1)]
    assert len(spans) == len(batches)
    assert np.mean(spans) == pytest.approx(600, rel=0.05)
    assert max(spans) < 1.25 * 600
    counts = [len(rows) for rows in batches.rows(1)]
    assert max(counts) > 2 * min(counts)


@pytest.mark.parametrize(
    ("shuffle", "known"),
    [
        (True, "4f767abe4b0ec24a024288ed348146da0c8821e4339c372b451089a826ab4365"),
        (False, "3875c3525713c3c0a67371ba81c0ed6c27db13c410cf2041f12c616c64c6ae85"),
    ],
)
def test_batches_by_pairs_are_the_same_as_ever(shuffle: bool, known: str) -> None:
    rows = list(PairBatches(PAIRS, 8, seed=5, shuffle=shuffle).rows(2))
    assert sorted(map(len, rows)) == [4] + [8] * 62
    assert hashlib.sha256(np.concatenate(rows).astype("<i8").tobytes()).hexdigest() == known


def test_a_pair_of_more_tokens_than_a_batch_is_one_of_its_own() -> None:
    pairs = made(3000, longest=110)
    batches = PairBatches(pairs, 1, tokens=100)
    rows = list(batches.rows(1))
    assert len(rows) == len(batches)
    assert min(map(len, rows)) == 1
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(pairs)))
    for start in (1, POOL, POOL + 3, len(batches) - 1):
        assert all(map(np.array_equal, batches.rows(1, start), rows[start:]))


@pytest.mark.parametrize("world", [1, 4])
def test_whatever_pairs_are_left_over_no_batch_by_tokens_is_below_its_processes(world: int) -> None:
    size = 4
    for count in range(world, 3 * POOL * size):
        pairs = Pairs([Shard.of([([7] * (n % 9), [8] * (n % 5)) for n in range(count)])])
        tokens = -(-size * pairs.spans // count)
        parts = [PairBatches(pairs, 1, tokens, shard=(rank, world)) for rank in range(world)]
        rows = list(parts[0].rows(0))
        assert len(rows) == len(parts[0])
        assert min(map(len, rows)) >= world
        assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(count))
        for start in (1, POOL, len(rows) - 1):
            assert all(map(np.array_equal, parts[-1].rows(0, start), rows[start:]))


def test_all_processes_have_a_part_of_the_last_batches() -> None:
    pairs = Pairs([Shard.of([([3 + n % 40] * 20, [4] * 23) for n in range(2 * POOL * 10 + 1)])])
    whole = list(PairBatches(pairs, 1, tokens=240).rows(0))
    parts = [PairBatches(pairs, 1, tokens=240, shard=(rank, 4)) for rank in range(4)]
    epochs = [[unpacked(batch) for batch in part.epoch(0)] for part in parts]
    known = everything(pairs)
    for rows, *shards in zip(whole, *epochs, strict=True):
        found = [pair for shard in shards for pair in shard]
        assert sorted(found) == sorted(known[row] for row in rows.tolist())


@pytest.mark.parametrize("tokens", [None, 300])
def test_shards_together_are_the_batch(tokens: int | None) -> None:
    pairs = made(499)  # the last batch does not divide
    whole = PairBatches(pairs, 8, tokens, seed=2)
    parts = [PairBatches(pairs, 8, tokens, seed=2, shard=(rank, 2)) for rank in range(2)]
    for batch, *shards in zip(whole.epoch(1), *(part.epoch(1) for part in parts), strict=True):
        assert sorted(p for s in shards for p in unpacked(s)) == sorted(unpacked(batch))
        assert [shard[3] for shard in shards] == [batch[3] / 2] * 2
        # The mean over the shards of what is divided by `pairs` is the whole batch's mean.
        mean = sum(len(shard[2]) / shard[3] for shard in shards) / 2
        assert mean == pytest.approx(len(batch[2]) / batch[3])


def test_what_cannot_work() -> None:
    with pytest.raises(DataError, match=r"trainer\.batch_size=0"):
        PairBatches(PAIRS, 0)
    with pytest.raises(DataError, match=r"dataset\.tokens=0"):
        PairBatches(PAIRS, 8, tokens=0)
    with pytest.raises(DataError, match="batch of 1 of 500 pairs is too small for 2 processes"):
        PairBatches(PAIRS, 499, shard=(0, 2))
    with pytest.raises(DataError, match=r"dataset\.tokens=40: a batch of 2 of 500 pairs is too"):
        PairBatches(PAIRS, 8, tokens=40, shard=(0, 8))
    with pytest.raises(DataError, match=r"dataset\.tokens=4000: a batch of 3 of 3 pairs is too"):
        PairBatches(made(3), 8, tokens=4000, shard=(0, 4))
    with pytest.raises(DataError, match="no sentence pair"):
        PairBatches(Pairs([]), 8)
