"""torch.nn.LSTM's weights in our LSTM and back: the same function."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from hypernetworks import LSTM

OPTIONS = {
    "plain": {},
    "deep": {"num_layers": 3, "dropout": 0.2},
    "both": {"num_layers": 2, "bidirectional": True, "batch_first": True},
    "no_bias": {"bias": False, "bidirectional": True},
}
ALL = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def theirs(options):
    torch.manual_seed(0)
    return torch.nn.LSTM(4, 6, dtype=torch.float64, **options).eval()


def assert_same(one, two):
    x = torch.randn(3, 3, 4, dtype=torch.float64)
    for given in (x, pack_sequence([x[0], x[1, :2]])):
        outputs, finals = zip(one(given), two(given), strict=True)
        plain = [out if torch.is_tensor(out) else out.data for out in outputs]
        torch.testing.assert_close(*plain)
        torch.testing.assert_close(tuple(finals[0]), tuple(finals[1]))


@ALL
def test_from_torch_and_back(options):
    lstm = theirs(options)
    ours = LSTM.from_torch(lstm)
    assert_same(ours, lstm)
    assert_same(ours.to_torch(), lstm)
    assert not ours.training
    assert ours.train().to_torch().training
    if not options.get("bias", True):
        assert not any(p.requires_grad for n, p in ours.named_parameters() if n.endswith("bias"))


@ALL
def test_its_own_forget_bias_goes_along(options):
    ours = LSTM.from_torch(theirs(options))
    ours.set_forget_bias(0.7)
    assert_same(ours, ours.to_torch())


def test_the_weights_are_copies_on_its_device_and_of_its_type():
    lstm = torch.nn.LSTM(4, 6, dtype=torch.bfloat16)
    ours = LSTM.from_torch(lstm)
    assert all(p.dtype == torch.bfloat16 for p in ours.parameters())
    with torch.no_grad():
        lstm.weight_hh_l0.zero_()
    assert ours.layers["0"].cell.weight_h.abs().sum() > 0
    assert LSTM.from_torch(torch.nn.LSTM(4, 6, device="meta")).cells()[0].weight_x.is_meta


def test_weights_that_are_frozen_stay_so_and_its_state_dict_has_no_forget_bias():
    lstm = theirs({"bidirectional": True})
    lstm.weight_hh_l0_reverse.requires_grad_(False)
    ours = LSTM.from_torch(lstm)
    frozen = {name for name, p in ours.named_parameters() if not p.requires_grad}
    assert frozen == {"layers.0_reverse.cell.weight_h"}
    fresh = LSTM(4, 6, bidirectional=True, forget_bias=0.0, dtype=torch.float64)
    fresh.load_state_dict(ours.state_dict())
    assert_same(fresh, lstm)


def test_what_has_no_counterpart_is_refused():
    with pytest.raises(ValueError, match="proj_size=3"):
        LSTM.from_torch(torch.nn.LSTM(4, 6, proj_size=3))
    with pytest.raises(TypeError, match=r"torch\.nn\.LSTM is wanted, not a GRU"):
        LSTM.from_torch(torch.nn.GRU(4, 6))
    with pytest.raises(ValueError, match=r"recurrent_dropout=0\.1"):
        LSTM(4, 6, recurrent_dropout=0.1).to_torch()
