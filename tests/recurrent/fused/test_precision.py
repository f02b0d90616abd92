"""float32, bfloat16 and whole bfloat16 modules against float64; training in each form."""

import copy

import pytest
import torch
import torch.nn.functional as F

from hypernetworks import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
from hypernetworks.recurrent.fused import hyper_sequence, sequence

STACKS = {
    "lstm": lambda: LSTM(10, 32),
    "ln_lstm": lambda: LayerNormLSTM(10, 32),
    "hyper_rnn": lambda: HyperRNN(10, 32, hyper_size=12),
    "ln_hyper": lambda: HyperLSTM(10, 32, hyper_size=12, layer_norm=True),
}


def run(stack, x, autocast=False):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        output, state = stack(x)
    loss = output.float().square().mean()
    return output, state, torch.autograd.grad(loss, list(stack.parameters()), allow_unused=True)


def relative(found, expected):
    return (found.double() - expected).norm() / expected.norm().clamp_min(1e-12)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.usefixtures("steps")
def test_float32_and_autocast_stay_near_float64(name):
    """Relative error of the output below 1e-5 in float32 and 2 % with bfloat16 products; of a
    gradient below 1e-4 and 6 %."""
    torch.manual_seed(0)
    stack = STACKS[name]()
    for layer in stack.layers.values():
        layer.backend = "fused"
    x = torch.randn(20, 4, 10)
    exact = copy.deepcopy(stack).double()
    for layer in exact.layers.values():
        layer.backend = "reference"
    expected, _, gradients = run(exact, x.double())
    for autocast, bounds in ((False, (1e-5, 1e-4)), (True, (0.02, 0.06))):
        output, state, found = run(stack, x, autocast)
        assert output.dtype == torch.float32
        assert state.h.dtype == torch.float32
        assert relative(output, expected) < bounds[0]
        for (key, _), one, two in zip(stack.named_parameters(), found, gradients, strict=True):
            if two.norm() > 1e-6:
                assert relative(one, two) < bounds[1], key


@pytest.mark.parametrize("name", STACKS)
def test_a_bfloat16_module_keeps_its_type(name):
    torch.manual_seed(0)
    stack = STACKS[name]().to(torch.bfloat16)
    x = torch.randn(6, 2, 10).bfloat16()
    output, state, gradients = run(stack, x)
    assert output.dtype == state.h.dtype == torch.bfloat16
    assert all(g is None or g.dtype == torch.bfloat16 for g in gradients)
    expected, _, _ = run(copy.deepcopy(stack).double(), x.double())
    assert relative(output, expected) < 0.05


def losses(backend, autocast, steps=200):
    """The loss curve of a small character model on a text with structure."""
    torch.manual_seed(0)
    text = "the hyper cell writes the weights of the main cell. " * 40
    symbols = sorted(set(text))
    ids = torch.tensor([symbols.index(s) for s in text])[: 16 * 128].view(16, 128).t()
    stack = HyperLSTM(
        len(symbols), 24, hyper_size=8, embedding_size=2, layer_norm=True, backend=backend
    )
    readout = torch.nn.Linear(24, len(symbols))
    parameters = [*stack.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    found = []
    for k in range(steps):
        start = (k * 8) % 112
        window = ids[start : start + 9]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            logits = readout(stack(window[:-1])[0])
        loss = F.cross_entropy(logits.float().flatten(0, 1), window[1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return torch.tensor(found).view(-1, 20).mean(1)


def test_training_goes_the_same_way_in_every_form():
    reference = losses("reference", False)
    assert reference[0] > 2.0
    assert reference[-1] < 0.6
    # Rounding grows along the way: within noise, far less than between two seeds.
    torch.testing.assert_close(losses("fused", False), reference, rtol=0.02, atol=0.02)
    torch.testing.assert_close(losses("fused", True), reference, rtol=0.15, atol=0.1)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
@pytest.mark.parametrize("kind", STACKS)
def test_inside_torch_compile_and_export(kind):
    stack = STACKS[kind]().eval()
    for layer in stack.layers.values():
        layer.backend = "fused"
    x = torch.randn(5, 2, 10)
    expected, state = stack(x)
    compiled = torch.compile(stack, fullgraph=True, backend="aot_eager")
    output, final = compiled(x)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(tuple(final), tuple(state))
    output.square().sum().backward()
    assert all(p.grad is not None for n, p in stack.named_parameters() if n.endswith("weight_h"))

    exported = torch.export.export(stack, (x,)).module()
    torch.testing.assert_close(exported(x)[0], expected)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_operators_pass_torchs_own_check(torch_steps, monkeypatch):
    # The check looks at all outputs after the backward pass, also at what that may overwrite.
    for module in (sequence, hyper_sequence):
        monkeypatch.setattr(module, "may_overwrite", lambda products: False)

    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    norm = (draw(4, 5), draw(4, 5), draw(5), draw(5))
    states = (draw(2, 5), draw(2, 5))
    arguments = (draw(3, 2, 20), *states, draw(20, 5), *norm, None, 1.0, 1e-3)
    torch.library.opcheck(sequence.lstm_sequence, arguments)

    hyper_norm = (draw(4, 3), draw(4, 3), draw(3), draw(3))
    states += (draw(2, 3), draw(2, 3))
    weights = (draw(32, 5), draw(12, 3), draw(24, 3), draw(24), draw(12, 2, 5), draw(4, 5))
    masks = (draw(3, 2, 5).detach(), None)
    arguments = (draw(3, 2, 20), draw(3, 2, 12), *states, *weights, *norm, *hyper_norm, *masks)
    torch.library.opcheck(hyper_sequence.hyper_sequence, (*arguments, 1.0, 1e-3, False))


def test_the_gradients_take_the_place_of_what_was_kept():
    """Without retain_graph a training step needs no second copy of products and inputs."""
    inputs = torch.randn(3, 2, 20, dtype=torch.float64, requires_grad=True)
    first = torch.zeros(2, 5, dtype=torch.float64)
    weight = torch.randn(20, 5, dtype=torch.float64, requires_grad=True)
    for keep in (True, False):
        made = inputs * 1
        arguments = (made, first, first, weight, None, None, None, None, None, 1.0, 0.0)
        h, _, products = sequence.lstm_sequence(*arguments)
        before = products.detach().clone()
        h.square().sum().backward(retain_graph=keep)
        assert torch.equal(products, before) is keep


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", STACKS)
def test_on_the_gpu_as_on_the_cpu(name):
    torch.manual_seed(0)
    stack = STACKS[name]()
    for layer in stack.layers.values():
        layer.backend = "fused"
    x = torch.randn(20, 4, 10)
    expected, _, gradients = run(stack, x)
    output, _, found = run(copy.deepcopy(stack).cuda(), x.cuda())
    torch.testing.assert_close(output.cpu(), expected, rtol=1e-4, atol=1e-5)
    for one, two in zip(found, gradients, strict=True):
        torch.testing.assert_close(one.cpu(), two, rtol=1e-3, atol=1e-4)
