"""The fused form against the step form, in float64: states and every gradient."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.checkpoint import checkpoint

from hypernetworks import HyperLSTMCell, LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.fused import blocks, native
from hypernetworks.recurrent.masks import Masks
from tests.recurrent.cells import (
    FULL,
    MAKERS,
    D,
    assert_same_form,
    random_masks,
    random_state,
    randomised,
)

pytestmark = pytest.mark.usefixtures("steps")
ALL = pytest.mark.parametrize("name", MAKERS)


def random_input(*shape, grad=True):
    generator = torch.Generator().manual_seed(4)
    return torch.randn(*shape, D, generator=generator, dtype=torch.float64).requires_grad_(grad)


@ALL
def test_states_and_gradients(name):
    cell = randomised(MAKERS[name]())
    assert_same_form(cell, random_input(7, 3), random_state(cell, 3))


@ALL
def test_with_given_masks(name):
    cell = randomised(MAKERS[name]())
    masks = random_masks(cell, 6, 2) if "rnn" not in name else Masks()
    assert_same_form(cell, random_input(6, 2), random_state(cell, 2), masks)


@ALL
def test_symbols_and_their_dropout(name):
    cell = randomised(MAKERS[name]())
    ids = torch.tensor([[0, 2], [1, 1], [2, 0], [0, 0]])
    keep = torch.tensor([[0, 2.0], [2, 2], [0, 0], [2, 0]], dtype=torch.float64)
    assert_same_form(cell, ids, random_state(cell, 2), input_mask=keep)
    one_hot = torch.nn.functional.one_hot(ids, D).double() * keep[..., None]
    state = random_state(cell, 2)
    by_id = cell.sequence(ids, state, Masks(), keep, "fused")
    by_vector = cell.sequence(one_hot, state, Masks(), None, "reference")
    torch.testing.assert_close(tuple(by_id), tuple(by_vector), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("parts", [("h",), ("c",), ("h_hat",), ("c_hat",), ("h", "c_hat")])
def test_a_loss_of_some_states_only(parts):
    cell = randomised(MAKERS["ln_hyper"]())
    assert_same_form(cell, random_input(4, 2), random_state(cell, 2), parts=parts)


@pytest.mark.parametrize("name", ["ln_lstm", "ln_hyper", "hyper_rnn"])
def test_frozen_parameters_and_an_input_without_gradient(name):
    cell = randomised(MAKERS[name]())
    state = type(random_state(cell, 2))(*(part.detach() for part in random_state(cell, 2)))
    for k, parameter in enumerate(cell.parameters()):
        parameter.requires_grad_(k % 2 == 0)
    assert_same_form(cell, random_input(5, 2, grad=False), state)
    for parameter in cell.parameters():
        parameter.requires_grad_(not parameter.requires_grad)
    assert_same_form(cell, random_input(5, 2), state)


@ALL
def test_non_contiguous_input_and_state(name):
    cell = randomised(MAKERS[name]())
    x = random_input(3, 8, grad=False).transpose(0, 1)[::2].detach().requires_grad_()
    state = random_state(cell, 6)
    apart = type(state)(*(part.detach()[::2].requires_grad_() for part in state))
    assert_same_form(cell, x, apart)


@pytest.mark.parametrize("name", ["ln_lstm", "ln_hyper", "hyper_rnn"])
def test_after_no_grad_and_inference_mode(name):
    cell = randomised(MAKERS[name]())
    x, state = random_input(3, 2), random_state(cell, 2)
    with torch.no_grad():
        quiet = cell.sequence(x, state, Masks(), None, "fused")
    with torch.inference_mode():
        cell.sequence(x, state, Masks(), None, "fused")
    assert not quiet.h.requires_grad
    assert_same_form(cell, x, state)


@pytest.mark.parametrize("name", ["ln_lstm", "ln_hyper"])
def test_backward_twice_over_one_graph(name):
    cell = randomised(MAKERS[name]())
    state = random_state(cell, 2)
    loss = cell.sequence(random_input(3, 2), state, Masks(), None, "fused").h.square().sum()
    first = torch.autograd.grad(loss, list(cell.parameters()), retain_graph=True)
    second = torch.autograd.grad(loss, list(cell.parameters()))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


SIZES = st.sampled_from([1, 2, 3, 5, 7, 11, 17])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.tuples(SIZES, SIZES, SIZES, st.sampled_from([1, 2, 3, 9])),
    steps_and_batch=st.tuples(st.integers(1, 6), SIZES),
    norms=st.tuples(st.booleans(), st.booleans()),
    source=st.sampled_from(["new", "previous"]),
)
def test_hyper_lstm_of_any_size(sizes, steps_and_batch, norms, source):
    # With one unit a normalised value is 0, and its gradient the rounding of a division by
    # sqrt(epsilon): still within the tolerance.
    options = dict(zip(("hyper_size", "embedding_size"), sizes[2:], strict=True))
    options |= dict(zip(("layer_norm", "hyper_layer_norm"), norms, strict=True))
    options |= {"embeddings_from": source, "dtype": torch.float64}
    cell = randomised(HyperLSTMCell(*sizes[:2], **options), seed=sum(sizes))
    x = torch.randn(*steps_and_batch, sizes[0], dtype=torch.float64).requires_grad_()
    assert_same_form(cell, x, random_state(cell, steps_and_batch[1]), rtol=1e-7, atol=1e-8)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.tuples(SIZES, SIZES),
    steps_and_batch=st.tuples(st.integers(1, 6), SIZES),
    kind=st.sampled_from([LSTMCell, LayerNormLSTMCell]),
)
def test_lstms_of_any_size(sizes, steps_and_batch, kind):
    cell = randomised(kind(*sizes, dtype=torch.float64), seed=sum(sizes))
    x = torch.randn(*steps_and_batch, sizes[0], dtype=torch.float64).requires_grad_()
    assert_same_form(cell, x, random_state(cell, steps_and_batch[1]), rtol=1e-7, atol=1e-8)


def test_under_activation_checkpointing():
    """The graph is built again for the backward pass, which then frees it."""
    cell = randomised(MAKERS["ln_hyper"]())
    x, state = random_input(4, 2), random_state(cell, 2)

    def run(x):
        return cell.sequence(x, state, Masks(), None, "fused").h

    found = [
        torch.autograd.grad(h.square().sum(), (x, *cell.parameters()))
        for h in (run(x), checkpoint(run, x, use_reentrant=False))
    ]
    torch.testing.assert_close(*found, rtol=0, atol=0)


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_change_nothing(threads, monkeypatch):
    """Scaling vectors of a few rows at a time, several threads a block."""
    monkeypatch.setattr(blocks, "CACHED", 2 * 12 * 5)
    monkeypatch.setattr(native, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    cell = randomised(MAKERS["ln_hyper"]())
    masks = random_masks(cell, 4, 7)
    assert_same_form(cell, random_input(4, 7), random_state(cell, 7), masks)


@pytest.mark.parametrize("name", ["lstm", "ln_lstm", "hyper", "ln_hyper", "hyper_rnn"])
def test_gradcheck(name):
    cell = randomised(MAKERS[name]())
    state = random_state(cell, 2)
    names = list(dict(cell.named_parameters()))

    def run(x, *rest):
        parts, weights = rest[: len(state)], rest[len(state) :]
        arguments = (x, type(state)(*parts), Masks(), None, "fused")
        call = Sequence(cell)
        return torch.func.functional_call(
            call, {f"cell.{n}": w for n, w in zip(names, weights, strict=True)}, arguments
        )

    inputs = (random_input(3, 2), *state, *cell.parameters())
    assert torch.autograd.gradcheck(run, inputs, fast_mode=True)


class Sequence(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, *arguments):
        return tuple(self.cell.sequence(*arguments))


def test_the_full_form_has_no_fused_backend():
    cell = randomised(FULL["full_hyper_rnn"]())
    state = random_state(cell, 2)
    with pytest.raises(ValueError, match="no fused backend"):
        cell.sequence(random_input(3, 2), state, Masks(), None, "fused")
    cell.sequence(random_input(3, 2), state, Masks(), None, "auto")


def test_the_second_derivative_is_refused_not_wrong():
    cell = LSTMCell(D, 2, dtype=torch.float64)
    state = random_state(cell, 1)
    h = cell.sequence(random_input(2, 1), state, Masks(), None, "fused").h
    (grad,) = torch.autograd.grad(h.sum(), state.h, create_graph=True)
    with pytest.raises(RuntimeError):
        grad.sum().backward()
