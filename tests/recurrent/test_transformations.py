"""torch.func, forward mode and second derivatives against central differences and loops."""

import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, linearize, vmap

from hypernetworks import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
from tests.recurrent.cells import randomised

# torch's own, of linearize.
pytestmark = pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node")
D, H = 3, 4
STACKS = {
    "lstm": lambda **o: LSTM(D, H, **o),
    "ln_lstm": lambda **o: LayerNormLSTM(D, H, **o),
    "hyper_rnn": lambda **o: HyperRNN(D, H, hyper_size=5, **o),
    "full_hyper_rnn": lambda **o: HyperRNN(D, H, hyper_size=5, full=True, **o),
    "ln_hyper": lambda **o: HyperLSTM(D, H, hyper_size=5, layer_norm=True, **o),
    "deep": lambda **o: HyperLSTM(D, H, hyper_size=5, num_layers=2, bidirectional=True, **o),
}
ALL = pytest.mark.parametrize("name", STACKS)


def stack(name, **options):
    return randomised(STACKS[name](dtype=torch.float64, **options))


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def difference(function, x, along, step=1e-6):
    return (function(x + step * along) - function(x - step * along)) / (2 * step)


@ALL
def test_forward_mode(name):
    model, x, along = stack(name), draw(5, 2, D), draw(5, 2, D).flip(0)

    def output(x):
        return model(x)[0]

    expected = difference(output, x, along)
    assert expected.norm() > 0.1
    close = {"rtol": 1e-6, "atol": 1e-8}
    torch.testing.assert_close(jvp(output, (x,), (along,))[1], expected, **close)
    jacobian = jacfwd(output)(x)
    torch.testing.assert_close((jacobian * along).sum((-1, -2, -3)), expected, **close)
    torch.testing.assert_close(jacrev(output)(x), jacobian)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with forward_ad.dual_level(), torch.no_grad():
        dual = model(forward_ad.make_dual(x, along))[0]
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, expected, **close)


@pytest.mark.parametrize("name", ["lstm", "hyper_rnn"])
def test_linearize(name):
    model, x, along = stack(name), draw(2, 1, D), draw(2, 1, D).flip(0)
    found = linearize(lambda x: model(x)[0], x)[1](along)
    expected = difference(lambda x: model(x)[0], x, along)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


@ALL
def test_forward_mode_of_the_state_the_weights_and_in_a_larger_model(name):
    model, x = stack(name), draw(4, 2, D)
    after = torch.nn.Linear(H * model.directions, 2, dtype=torch.float64)
    weights = {key: value.detach() for key, value in model.named_parameters()}
    first = [0.1 * torch.ones_like(part) for part in model.zero_state(2)]

    def output(s):
        moved = {key: value * (1 + s) for key, value in weights.items()}
        state = tuple(part + s for part in first)
        h, _ = functional_call(model, moved, (x * s, state))
        return after(h)

    s, one = torch.tensor(0.5, dtype=torch.float64), torch.ones((), dtype=torch.float64)
    expected = difference(output, s, one)
    torch.testing.assert_close(jvp(output, (s,), (one,))[1], expected, rtol=1e-6, atol=1e-7)


@ALL
def test_an_ensemble_by_vmap_forward_and_backward(name):
    models, x = [stack(name) for _ in range(3)], draw(4, 2, D)
    for k, model in enumerate(models):
        randomised(model, seed=k)
    together, _ = torch.func.stack_module_state(models)

    def loss(weights):
        return functional_call(models[0], weights, (x,))[0].square().sum()

    by_grad = vmap(grad(loss))(together)
    vmap(loss)(together).sum().backward()
    for k, model in enumerate(models):
        model(x)[0].square().sum().backward()
        for key, parameter in model.named_parameters():
            expected = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(by_grad[key][k], expected)
            torch.testing.assert_close(together[key].grad[k], expected)


def test_the_hessian():
    model, x = stack("ln_hyper"), draw(3, 1, D)

    def loss(x):
        return model(x)[0].square().sum()

    found = hessian(loss)(x).flatten(3).flatten(0, 2)
    directions = torch.eye(x.numel(), dtype=torch.float64).unflatten(1, x.shape)
    expected = torch.stack([difference(grad(loss), x, along).flatten() for along in directions])
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in STACKS if "full" not in name])
def test_what_the_fused_form_cannot_do_names_the_form_that_can(name):
    x, along = draw(3, 2, D), draw(3, 2, D)
    fused = stack(name, backend="fused")
    for call in (
        lambda: jvp(lambda x: fused(x)[0], (x,), (along,)),
        lambda: grad(lambda x: fused(x)[0].sum())(x),
        lambda: vmap(lambda x: fused(x)[0])(x[None]),
    ):
        with pytest.raises(RuntimeError, match='backend="reference"'):
            call()
    for backend in ("auto", "fused"):
        model, given = stack(name, backend=backend), x.clone().requires_grad_()
        (first,) = torch.autograd.grad(model(given)[0].square().sum(), given, create_graph=True)
        with pytest.raises(RuntimeError, match=r'second derivatives.*backend="reference"'):
            first.sum().backward()


@pytest.mark.parametrize("name", [name for name in STACKS if "full" not in name])
def test_a_batch_of_gradients_names_the_form_that_can(name):
    x, along = draw(3, 2, D).requires_grad_(), draw(4, 3, 2, H)
    model = stack(name)
    along = torch.cat([along] * model.directions, -1)
    output, _ = model(x)
    with pytest.raises(RuntimeError, match=r'batch of gradients.*backend="reference"'):
        torch.autograd.grad(output, x, along, is_grads_batched=True)
    output, _ = stack(name, backend="reference")(x)
    (found,) = torch.autograd.grad(output, x, along, is_grads_batched=True, retain_graph=True)
    for one, direction in zip(found, along, strict=True):
        expected = torch.autograd.grad(output, x, direction, retain_graph=True)[0]
        torch.testing.assert_close(one, expected)


@ALL
def test_outside_of_them_auto_stays_fused(name):
    model, x = stack(name), draw(3, 2, D).requires_grad_()
    jvp(lambda x: model(x)[0], (x.detach(),), (x.detach(),))
    output, _ = model(x)
    nodes, names = [output.grad_fn], set()
    while nodes:
        node = nodes.pop()
        names.add(type(node).__name__)
        nodes += [following for following, _ in node.next_functions if following is not None]
    assert any("_sequence" in found for found in names) == ("full" not in name)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_compiled_forward_mode():
    model, x, along = stack("ln_hyper"), draw(3, 2, D), draw(3, 2, D).flip(0)

    def output(x):
        return model(x)[0]

    found = torch.compile(lambda x: jvp(output, (x,), (along,))[1], backend="eager")(x)
    torch.testing.assert_close(found, difference(output, x, along), rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_compiled_outside_and_then_called_within():
    """What was compiled for a plain call is not what forward mode or torch.func gets."""
    model, x, along = stack("lstm"), draw(3, 2, D), draw(3, 2, D).flip(0)
    compiled = torch.compile(lambda x: model(x)[0], backend="eager")
    close = {"rtol": 1e-6, "atol": 1e-8}
    with torch.no_grad():
        expected = difference(lambda x: model(x)[0], x, along)
        plain = compiled(x)
        with forward_ad.dual_level():
            tangent = forward_ad.unpack_dual(compiled(forward_ad.make_dual(x, along))).tangent
    torch.testing.assert_close(tangent, expected, **close)
    torch.testing.assert_close(jvp(compiled, (x,), (along,))[1], expected, **close)
    torch.testing.assert_close(compiled(x), plain)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_compiled_gradients(backend):
    model, x = stack("lstm", backend=backend), draw(2, 1, D)

    def loss(x):
        return model(x)[0].square().sum()

    torch.testing.assert_close(torch.compile(grad(loss), backend="eager")(x), grad(loss)(x))
