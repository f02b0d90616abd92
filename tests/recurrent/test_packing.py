"""Padding packed sequences: against torch's own."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from hypernetworks.recurrent.packing import padded


@pytest.mark.parametrize("lengths", [[1], [3, 3], [5, 4, 4, 1]])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_it_is_what_torch_makes_of_it(lengths, shape):
    packed = pack_sequence([torch.randn(n, *shape) for n in lengths])
    found, theirs = padded(packed.data, packed.batch_sizes), pad_packed_sequence(packed)
    assert torch.equal(found[0], theirs[0])
    assert torch.equal(found[1], theirs[1])


def test_symbols_stay_whole_numbers():
    packed = pack_sequence([torch.tensor([4, 5]), torch.tensor([6])])
    x, _ = padded(packed.data, packed.batch_sizes)
    assert x.tolist() == [[4, 6], [5, 0]]


def test_its_gradient():
    packed = pack_sequence([torch.randn(n, 2, dtype=torch.float64) for n in (3, 2, 2)])
    data = packed.data.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: padded(x, packed.batch_sizes)[0], data)
    names, found = [], [padded(data, packed.batch_sizes)[0].grad_fn]
    for node in found:
        names.append(node.name())
        found += [before for before, _ in node.next_functions if before is not None]
    assert "torch::autograd::CopySlices" not in names
