import pytest
import torch

from hypernetworks.data.errors import DataError
from hypernetworks.data.text import Alphabet, Streams, encode


def test_symbols_are_numbered_by_their_values():
    found, symbols = encode({"train": b"cab", "test": b"bb"})
    assert symbols == Alphabet("abc")
    assert found["train"].tolist() == [2, 0, 1]
    assert found["test"].tolist() == [1, 1]
    given, _ = encode({"train": b"ab"}, Alphabet("zba"))
    assert given["train"].tolist() == [2, 1]


def test_streams_are_parallel_and_windows_follow_each_other():
    """By hand: 11 symbols, 10 predictions, two streams of 5, windows of 2."""
    streams = Streams(torch.arange(11, dtype=torch.uint8), 2, 2)
    windows = list(streams.epoch(0))
    assert len(windows) == len(streams) == 3
    assert [w[0].t().tolist() for w in windows] == [
        [[0, 1], [5, 6]],
        [[2, 3], [7, 8]],
        [[4], [9]],
    ]
    assert [w[1].t().tolist() for w in windows] == [
        [[1, 2], [6, 7]],
        [[3, 4], [8, 9]],
        [[5], [10]],
    ]
    assert [w[2] for w in windows] == [True, False, False]


def test_any_window_can_be_the_first_and_epochs_are_alike():
    streams = Streams(torch.arange(50, dtype=torch.uint8), 3, 4)
    whole = list(streams.epoch(0))
    later = list(streams.epoch(7, 2))
    for one, two in zip(whole[2:], later, strict=True):
        assert torch.equal(one[0], two[0])
        assert one[2] == two[2]


def test_one_stream_predicts_everything_but_the_first_symbol():
    ids = torch.arange(10, dtype=torch.uint8)
    targets = torch.cat([w[1] for w in Streams(ids, 1, 4).epoch(0)])
    assert targets.flatten().tolist() == list(range(1, 10))


def test_shards_are_the_streams_of_one_process():
    ids = torch.arange(41, dtype=torch.uint8)
    whole = next(Streams(ids, 4, 3).epoch(0))[0]
    parts = [next(Streams(ids, 4, 3, shard=(rank, 2)).epoch(0))[0] for rank in (0, 1)]
    assert torch.equal(torch.cat(parts, dim=1), whole)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((100, 5), "has not that many streams"),
        ((2, 0), r"dataset.window=0"),
        ((3, 5, "cpu", (0, 2)), "does not divide over 2"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments, words):
    with pytest.raises(DataError, match=words):
        Streams(torch.arange(50, dtype=torch.uint8), *arguments)


@pytest.mark.parametrize("streams", [0, -3, 500])
def test_streams_that_cannot_be_are_named_by_their_setting(streams):
    ids = torch.zeros(100, dtype=torch.uint8)
    with pytest.raises(DataError, match=f"^dataset.valid_streams={streams}: "):
        Streams(ids, streams, 10, key="dataset.valid_streams")
