"""The log-loss of a read-out in parts: against torch's cross entropy of all logits at once."""

import pytest
import torch
import torch.nn.functional as F

from hypernetworks.models import log_loss
from hypernetworks.models.gnmt import GNMT
from tests.recurrent.conftest import native_steps, steps, torch_steps  # noqa: F401

pytestmark = pytest.mark.usefixtures("steps")
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


def test_logits_of_every_magnitude():
    """Also such as leave no other symbol a share of its own."""
    *parts, following = given(torch.float32)
    with torch.no_grad():
        parts[2] += torch.tensor([1e4, -1e4] + [0.0] * (V - 2))
    loss, expected = log_loss.log_loss(*parts, following), plain(*parts, following)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
    for ours, theirs in zip(gradients(loss, parts), gradients(expected, parts), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_what_is_not_finite_is_seen_in_the_loss(value):
    *parts, following = given(torch.float32)
    with torch.no_grad():
        parts[2][3] = value
    assert not log_loss.log_loss(*parts, following).isfinite()


@pytest.mark.parametrize("symbol", [V, -V - 1])
def test_a_symbol_that_is_none_is_refused(symbol):
    *parts, following = given()
    following[4] = symbol
    with pytest.raises(IndexError):
        log_loss.log_loss(*parts, following)


def test_threads_share_the_predictions(monkeypatch):
    *parts, following = given()
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(log_loss, "threads", lambda rows, units, count=count: min(count, rows))
        loss = log_loss.log_loss(*parts, following)
        found.append([loss.detach(), *gradients(loss, parts)])
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found[2], found[0], rtol=1e-12, atol=1e-13)


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
