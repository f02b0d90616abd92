import pytest
import torch
from torch import Tensor

from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Lines, Selection, moments, split_by_group

ONE = torch.tensor([[0.0, 0, 0], [1, 2, 1]])
TWO = torch.tensor([[0.0, 0, 1], [3, -2, 0], [5, 6, 1]])
THREE = torch.tensor([[0.0, 0, 1]])


@pytest.fixture
def lines() -> Lines:
    return Lines.of([ONE, TWO, THREE], [0, 1, 1], [4, -1, 1])


def test_lengths_strokes_and_lines(lines: Lines) -> None:
    assert lines.lengths.tolist() == [2, 3, 1]
    assert lines.strokes.tolist() == [1, 2, 1]
    assert torch.equal(lines.line(1), TWO)


@pytest.mark.parametrize("chosen", [torch.tensor([2, 1]), torch.tensor([False, True, True])])
def test_a_part_has_the_points_of_its_lines(lines: Lines, chosen: Tensor) -> None:
    part = lines[chosen]
    rows = chosen.nonzero()[:, 0] if chosen.dtype == torch.bool else chosen
    assert len(part) == len(rows)
    for new, old in enumerate(rows.tolist()):
        assert torch.equal(part.line(new), lines.line(old))
    assert torch.equal(part.groups, lines.groups[rows])
    assert torch.equal(part.characters, lines.characters[rows])


def test_no_lines_at_all() -> None:
    empty = Lines.of([], [], [])
    assert len(empty) == 0
    assert empty.points.shape == (0, 3)


def test_selection_by_hand(lines: Lines) -> None:
    assert Selection(min_points=2).of(lines).tolist() == [True, True, False]
    assert Selection(1, max_points=2).of(lines).tolist() == [True, False, True]
    assert Selection(1, min_strokes=2).of(lines).tolist() == [False, True, False]
    assert Selection(1, min_characters=2).of(lines).tolist() == [True, False, False]
    with pytest.raises(DataError, match="none of the 3 lines"):
        Selection().of(lines)


def test_moments_are_of_all_points_but_each_lines_first(lines: Lines) -> None:
    mean, std = moments(lines)
    x, y = torch.tensor([1.0, 3, 5]), torch.tensor([2.0, -2, 6])
    torch.testing.assert_close(mean, torch.stack([x.mean(), y.mean()]))
    torch.testing.assert_close(std, torch.stack([x.std(correction=0), y.std(correction=0)]))
    with pytest.raises(DataError, match="nothing to normalise by"):
        moments(lines[torch.tensor([0])])


def test_no_group_is_in_both_parts() -> None:
    groups = torch.arange(300) % 40
    lines = Lines.of([ONE] * 300, groups.tolist(), [-1] * 300)
    rest, part = split_by_group(lines, 0.1, seed=3)
    assert len(rest) + len(part) == 300
    assert len(part.groups.unique()) == 4
    assert not set(rest.groups.tolist()) & set(part.groups.tolist())
    again = split_by_group(lines, 0.1, seed=3)[1]
    assert torch.equal(again.groups, part.groups)
    assert not torch.equal(split_by_group(lines, 0.1, seed=4)[1].groups, part.groups)
    assert len(split_by_group(lines, 0.001, 0)[1].groups.unique()) == 1
    assert len(split_by_group(lines, 0.999, 0)[0].groups.unique()) == 1
    with pytest.raises(DataError, match="a split needs two"):
        split_by_group(Lines.of([ONE] * 3, [0] * 3, [-1] * 3), 0.1, 0)
