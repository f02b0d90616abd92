"""The log-loss of a read-out in parts: against torch's cross entropy of all logits at once."""

import pytest
import torch
import torch.nn.functional as F

from hypernetworks.models import log_loss
from hypernetworks.models.gnmt import GNMT

P, H, V = 23, 5, 17


def given(dtype=torch.float64):
    torch.manual_seed(0)
    parts = torch.randn(P, H, dtype=dtype), 9 * torch.randn(V, H, dtype=dtype), torch.randn(V)
    return [*(part.to(dtype).requires_grad_() for part in parts), torch.randint(V, (P,))]


def plain(x, weight, bias, following):
    return F.cross_entropy(F.linear(x, weight, bias), following, reduction="sum")


def gradients(loss, parts):
    return torch.autograd.grad(3 * loss, parts)


@pytest.mark.parametrize("at_once", [1, 5 * V, 1000 * V])
def test_loss_and_gradients_are_those_of_cross_entropy(at_once, monkeypatch):
    monkeypatch.setitem(log_loss.AT_ONCE, "cpu", at_once)
    *parts, following = given()
    loss, expected = log_loss.log_loss(*parts, following), plain(*parts, following)
    torch.testing.assert_close(loss, expected, rtol=1e-13, atol=0)
    for ours, theirs in zip(gradients(loss, parts), gradients(expected, parts), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


def test_bfloat16_products_leave_gradients_in_their_parameters_types():
    *parts, following = given(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss = log_loss.log_loss(*parts, following)
    expected = plain(*parts, following)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=0.01, atol=0)
    for ours, theirs in zip(gradients(loss, parts), gradients(expected, parts), strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 0.02 * theirs.norm()


def test_without_gradients_none_are_computed(monkeypatch):
    monkeypatch.setattr(log_loss, "_Gradients", None)
    *parts, following = given()
    with torch.no_grad():
        loss = log_loss.log_loss(*parts, following)
    torch.testing.assert_close(loss, plain(*parts, following).detach())


def test_gnmts_loss_is_that_of_its_logits():
    torch.manual_seed(0)
    model = GNMT("lstm", V, 2, H)
    source = torch.nn.utils.rnn.pack_sequence([torch.tensor([3, 4, 2]), torch.tensor([5, 2])])
    read = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 7]), torch.tensor([1])])
    following = torch.tensor([7, 2, 2])
    found = []
    for loss in (
        model(source, read, following),
        F.cross_entropy(model(source, read), following, reduction="sum"),
    ):
        model.zero_grad()
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in model.parameters())])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)
