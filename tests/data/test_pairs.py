from pathlib import Path

import numpy as np
import pytest

from hypernetworks.data.pairs import Pairs, Shard

MODEL, OTHER = "ab" * 32, "cd" * 32
PAIRS = [([5, 6, 7], [8]), ([], [9, 10]), ([65535], [3])]


def listed(pairs: Pairs) -> list[tuple[list[int], list[int]]]:
    return [(a.tolist(), b.tolist()) for a, b in map(pairs.__getitem__, range(len(pairs)))]


def test_a_shard_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.pairs"
    Shard.of(PAIRS).write(path, MODEL)
    shard = Shard.open(path, MODEL)
    assert shard is not None
    assert len(shard) == 3
    assert listed(Pairs([shard])) == PAIRS
    assert shard.lengths.tolist() == [[3, 1], [0, 2], [1, 1]]
    assert not shard.ids.flags.owndata  # it lies in the file


def test_parts_are_joined() -> None:
    joined = Shard.joined([Shard.of(PAIRS[:2]), Shard.of([]), Shard.of(PAIRS[2:])])
    assert listed(Pairs([joined])) == PAIRS
    assert len(Shard.joined([])) == 0


@pytest.mark.parametrize("damage", ["gone", "empty", "short", "bit", "other model", "one byte"])
def test_nothing_damaged_is_trusted(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.pairs"
    Shard.of(PAIRS).write(path, MODEL)
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "one byte":
        path.write_bytes(b"p")
    elif damage == "short":
        path.write_bytes(content[:-1])
    elif damage == "bit":
        path.write_bytes(content[:90] + bytes([content[90] ^ 1]) + content[91:])
    assert Shard.open(path, OTHER if damage == "other model" else MODEL) is None


def test_pairs_of_several_shards_are_numbered_through() -> None:
    pairs = Pairs([Shard.of(PAIRS[:2]), Shard.of([]), Shard.of(PAIRS[2:])])
    assert listed(pairs) == PAIRS
    assert pairs.lengths(np.array([2, 0, 1])).tolist() == [[1, 1], [3, 1], [0, 2]]
    assert pairs.subwords == (4, 4)
    assert pairs.spans == 4 + 3 + 2
