"""Single steps of a stack, held to its forward over sequences of one step."""

import pytest
import torch

from tests.recurrent.test_stack import ALL, D, H, make

LAYERS = pytest.mark.parametrize("num_layers", [1, 3])


def same(one, two, exact):
    tolerance = {"rtol": 0, "atol": 0} if exact else {}
    torch.testing.assert_close(tuple(one), tuple(two), **tolerance)


@ALL
@LAYERS
@pytest.mark.parametrize("backend", ["reference", "auto"])
def test_steps_are_the_sequence(kind, num_layers, backend):
    """Of vectors and of symbols, from zeros and from a given state: to the last bit in the
    reference form, to float64's precision in the fused one."""
    stack = make(kind, num_layers=num_layers, backend=backend).eval()
    for x in (torch.randn(5, 4, D, dtype=torch.float64), torch.randint(D, (5, 4))):
        state = carried = None
        for now in x:
            h, state = stack.step(now, state)
            output, carried = stack(now[None], carried)
            same((h, *state), (output[0], *carried), exact=backend == "reference")
        whole, end = stack(x)
        same((h, *state), (whole[-1], *end), exact=False)
        assert type(state) is type(stack.zero_state(4))
        assert state.h.shape == (num_layers, 4, H)


@ALL
def test_a_plain_tuple_is_a_state_and_zeros_are_the_default(kind):
    stack = make(kind, num_layers=2).eval()
    x = torch.randn(4, D, dtype=torch.float64)
    same(stack.step(x)[1], stack.step(x, tuple(stack.zero_state(4)))[1], exact=True)


@ALL
@LAYERS
def test_without_a_batch(kind, num_layers):
    stack = make(kind, num_layers=num_layers).eval()
    for x in (torch.randn(2, D, dtype=torch.float64), torch.tensor([2, 0])):
        state, batched = None, None
        for now in x:
            h, state = stack.step(now, state)
            expected, batched = stack.step(now[None], batched)
            assert h.shape == (H,)
            assert state.h.shape == (num_layers, H)
            same((h, *state), (expected[0], *(part[:, 0] for part in batched)), exact=True)


@ALL
def test_dropout_is_that_of_the_sequence(kind):
    """The same numbers are drawn in the same order, so that a seed gives the same step."""
    options = {} if "rnn" in kind else {"recurrent_dropout": 0.4}
    stack = make(kind, num_layers=3, dropout=0.5, backend="reference", **options)
    x = torch.randn(4, D, dtype=torch.float64)
    found = []
    for step in (stack.step, lambda x: stack(x[None])):
        torch.manual_seed(5)
        h, state = step(x)
        found.append((h.view(4, H), *state))
    same(*found, exact=True)
    assert not torch.equal(stack.step(x)[0], found[0][0])
    stack.eval()
    assert torch.equal(stack.step(x)[0], stack.step(x)[0])


@ALL
def test_gradients_go_through_steps(kind):
    stack = make(kind, num_layers=2, backend="reference")
    x = torch.randn(3, 2, D, dtype=torch.float64)
    state, outputs = None, []
    for now in x:
        h, state = stack.step(now, state)
        outputs.append(h)
    weights = list(stack.parameters())
    options = {"allow_unused": True, "materialize_grads": True}
    found = torch.autograd.grad(torch.stack(outputs).square().sum(), weights, **options)
    expected = torch.autograd.grad(stack(x)[0].square().sum(), weights, **options)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.step(torch.zeros(2, 1, D)), r"input of shape \(2, 1, 3\)"),
        (lambda s: s.step(torch.zeros(2, 1, dtype=torch.long)), r"input of shape \(2, 1\)"),
        (lambda s: s.step(torch.zeros(2, D + 1).double()), "vectors of 3"),
        (lambda s: s.step(torch.zeros(2, D).double(), s.zero_state(3)), r"\(2, 2, 5\)"),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call(make("lstm", num_layers=2))


def test_a_bidirectional_stack_is_refused():
    with pytest.raises(ValueError, match="a bidirectional stack has no single steps"):
        make("lstm", bidirectional=True).step(torch.zeros(2, D).double())
