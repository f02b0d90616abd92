"""A cell with attention: the fused form against the step form, states, contexts, every gradient."""

import pytest
import torch

from hypernetworks.recurrent.fused import native
from hypernetworks.recurrent.fused.attention import Attention
from hypernetworks.recurrent.masks import Masks
from tests.recurrent.cells import FULL, MAKERS, D, H, random_masks, random_state, randomised

pytestmark = pytest.mark.usefixtures("steps")
T, B, S, M, A = 6, 3, 4, 2, 5
ALL = pytest.mark.parametrize("name", MAKERS)


def attention(mask=None):
    """Of three sequences whose memories have 4, 2 and 1 positions."""
    generator = torch.Generator().manual_seed(5)

    def draw(*shape):
        made = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return made.requires_grad_()

    penalty = torch.zeros(B, S, dtype=torch.float64)
    penalty[1, 2:] = penalty[2, 1:] = -torch.inf
    return Attention(draw(B, S, A), draw(B, S, M), penalty, draw(A, H), draw(A), draw(A), mask)


def inputs():
    generator = torch.Generator().manual_seed(4)
    made = torch.randn(T, B, D - M, generator=generator, dtype=torch.float64)
    return made.requires_grad_()


def context_mask():
    generator = torch.Generator().manual_seed(6)
    return 2.0 * (torch.rand(T, B, M, generator=generator) < 0.5).double()


def run(cell, backend, masks=Masks(), mask=None, parts=None):  # noqa: B008
    """States and contexts, and the gradients of a loss that weighs them (or `parts`) at random."""
    x, state, given = inputs(), random_state(cell, B), attention(mask)
    states, contexts = cell.attended(x, state, masks, given, backend)
    found = {**states._asdict(), "contexts": contexts}
    generator = torch.Generator().manual_seed(3)
    loss = sum(
        (part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum()
        for name, part in found.items()
        if parts is None or name in parts
    )
    wanted = [t for t in (x, *state, *given, *cell.parameters()) if t is not None]
    wanted = [t for t in wanted if t.requires_grad]
    options = {"allow_unused": True, "materialize_grads": True}
    return found, loss, torch.autograd.grad(loss, wanted, retain_graph=True, **options), wanted


def assert_same_form(cell, **options):
    found, _, gradients, _ = run(cell, "fused", **options)
    expected, _, theirs, _ = run(cell, "reference", **options)
    tolerance = {"rtol": 1e-9, "atol": 1e-10}
    torch.testing.assert_close(found, expected, **tolerance)
    for one, two in zip(gradients, theirs, strict=True):
        torch.testing.assert_close(one, two, **tolerance)


@ALL
def test_states_contexts_and_gradients(name):
    assert_same_form(randomised(MAKERS[name]()))


@ALL
def test_with_recurrent_dropout_and_that_of_contexts(name):
    cell = randomised(MAKERS[name]())
    masks = random_masks(cell, T, B) if "rnn" not in name else Masks()
    assert_same_form(cell, masks=masks, mask=context_mask())


def test_threads_share_the_sequences(monkeypatch):
    monkeypatch.setattr(native, "WORTH_A_THREAD", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert_same_form(randomised(MAKERS["lstm"]()))


@pytest.mark.parametrize("parts", [("h",), ("contexts",), ("c", "h_hat"), ("h", "contexts")])
def test_a_loss_of_some_of_it_only(parts):
    assert_same_form(randomised(MAKERS["ln_hyper"]()), parts=parts)
    if "h_hat" not in parts:
        assert_same_form(randomised(MAKERS["lstm"]()), parts=parts)


@pytest.mark.parametrize("name", ["lstm", "ln_hyper"])
def test_a_graph_that_is_kept_can_be_used_again(name):
    _, loss, first, wanted = run(randomised(MAKERS[name]()), "fused")
    for keep in (True, False):
        again = torch.autograd.grad(
            loss, wanted, retain_graph=keep, allow_unused=True, materialize_grads=True
        )
        torch.testing.assert_close(again, first)


def test_there_are_no_second_derivatives():
    _, loss, _, wanted = run(randomised(MAKERS["lstm"]()), "fused")
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(loss, wanted[:1], create_graph=True)


@pytest.mark.parametrize("name", ["lstm", "ln_hyper", "hyper_rnn"])
def test_a_step_reads_what_the_h_before_it_found(name):
    """The contexts are those of the states that come out, the states those of the contexts."""
    cell, given = randomised(MAKERS[name]()), attention()
    x, state = inputs(), random_state(cell, B)
    states, contexts = cell.attended(x, state, Masks(), given)
    for t in range(T):
        scores = torch.tanh(
            given.keys + (states.h[t] @ given.query_weight.t())[:, None] + given.query_bias
        )
        for row, positions in enumerate([4, 2, 1]):
            weights = (scores[row, :positions] @ given.score).softmax(0)
            torch.testing.assert_close(contexts[t, row], weights @ given.values[row, :positions])
    plain = cell.sequence(torch.cat([x, contexts], -1), state, Masks(), None, "reference")
    torch.testing.assert_close(tuple(states), tuple(plain))


def test_a_cell_without_a_fused_form_steps():
    cell = randomised(FULL["full_hyper_rnn"]())
    arguments = inputs(), random_state(cell, B), Masks(), attention()
    states, contexts = cell.attended(*arguments)
    assert states.h.shape == (T + 1, B, H)
    assert contexts.shape == (T, B, M)
    with pytest.raises(ValueError, match="no fused backend"):
        cell.attended(*arguments, "fused")


@pytest.mark.parametrize("name", ["lstm", "ln_hyper"])
def test_weights_that_a_hook_makes_are_made_first(name):
    cell = randomised(MAKERS[name]())
    expected, _ = cell.attended(inputs(), random_state(cell, B), Masks(), attention())
    weight = cell.weight_h.detach().clone()
    del cell.weight_h

    def make(module, args):
        module.weight_h = weight

    cell.register_forward_pre_hook(make)
    for backend in ("fused", "reference"):
        cell.weight_h = torch.zeros_like(weight)
        found, _ = cell.attended(inputs(), random_state(cell, B), Masks(), attention(), backend)
        torch.testing.assert_close(found.h, expected.h)
