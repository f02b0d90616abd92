"""Stacks against torch.nn.LSTM, and their own manners: shapes, packing, directions, state."""

import copy

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

from hypernetworks import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
from hypernetworks.recurrent.masks import Masks

D, H = 3, 5
SMALL = {"hyper_size": 4, "embedding_size": 2}
KINDS = {
    "lstm": lambda **o: LSTM(D, H, **o),
    "ln_lstm": lambda **o: LayerNormLSTM(D, H, **o),
    "hyper_rnn": lambda **o: HyperRNN(D, H, **SMALL, **o),
    "full_hyper_rnn": lambda **o: HyperRNN(D, H, **SMALL, full=True, **o),
    "hyper": lambda **o: HyperLSTM(D, H, **SMALL, **o),
    "ln_hyper": lambda **o: HyperLSTM(D, H, **SMALL, layer_norm=True, **o),
}
ALL = pytest.mark.parametrize("kind", KINDS)


def make(kind, **options):
    torch.manual_seed(0)
    stack = KINDS[kind](dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return stack


def from_torch(theirs: torch.nn.LSTM) -> LSTM:
    """Our LSTM with the weights of torch's, whose gates are in the order i, f, g, o."""
    options = {"num_layers": theirs.num_layers, "batch_first": theirs.batch_first}
    options |= {"bidirectional": theirs.bidirectional, "forget_bias": 0.0, "dtype": torch.float64}
    ours = LSTM(theirs.input_size, theirs.hidden_size, **options)
    for name, layer in ours.layers.items():
        suffix = f"l{name}"
        for mine, yours in (("weight_x", "weight_ih"), ("weight_h", "weight_hh"), ("bias", None)):
            if yours:
                value = getattr(theirs, f"{yours}_{suffix}")
            else:
                value = getattr(theirs, f"bias_ih_{suffix}") + getattr(theirs, f"bias_hh_{suffix}")
            i, f, g, o = value.detach().chunk(4)
            getattr(layer.cell, mine).data.copy_(torch.cat((i, g, f, o)))
    return ours


@pytest.mark.parametrize("backend", ["reference", "fused"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("batch_first", [False, True])
def test_lstm_is_torch_lstm(num_layers, bidirectional, batch_first, backend):
    options = {"batch_first": batch_first, "bidirectional": bidirectional, "dtype": torch.float64}
    theirs = torch.nn.LSTM(D, H, num_layers, **options)
    ours = from_torch(theirs)
    for layer in ours.layers.values():
        layer.backend = backend
    x = torch.randn(4, 6, D, dtype=torch.float64, requires_grad=True)
    batch = 4 if batch_first else 6
    shape = (num_layers * (2 if bidirectional else 1), batch, H)
    state = tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(2))
    results = [module(x, state) for module in (ours, theirs)]
    (output, final), (expected, expected_final) = results
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(tuple(final), expected_final)
    grads = [
        torch.autograd.grad(out.square().sum() + (h * c).sum(), (x, *state))
        for out, (h, c) in results
    ]
    torch.testing.assert_close(*grads)

    unbatched = tuple(part[:, 0] for part in state)
    torch.testing.assert_close(tuple(ours(x[:, 0], unbatched)[1]), theirs(x[:, 0], unbatched)[1])
    lengths = torch.tensor([2, 6, 1, 6] if batch_first else [4, 1, 2, 4, 3, 1])
    packed = pack_padded_sequence(x, lengths, batch_first, enforce_sorted=False)
    (one, one_state), (two, two_state) = ours(packed, state), theirs(packed, state)
    torch.testing.assert_close(one.data, two.data)
    torch.testing.assert_close(tuple(one_state), two_state)
    assert torch.equal(one.batch_sizes, two.batch_sizes)
    assert torch.equal(one.sorted_indices, two.sorted_indices)


def test_hyper_lstm_is_an_lstm_when_scales_are_one():
    stack, lstm = make("hyper"), make("lstm")
    cell, plain = stack.layers["0"].cell, lstm.layers["0"].cell
    with torch.no_grad():
        for name in ("weight_x", "weight_h", "bias"):
            getattr(cell, name).copy_(getattr(plain, name))
        embeddings, generator = cell.generator.embeddings, cell.generator
        for zero in (embeddings.h_weight, embeddings.x_weight, generator.weight_bz):
            zero.zero_()
        for one in (embeddings.h_bias, embeddings.x_bias):
            one.fill_(1)
        for scale in (generator.weight_hz, generator.weight_xz):
            scale.fill_(0.5)  # the sum over N_z = 2 is 1
    x = torch.randn(6, 2, D, dtype=torch.float64)
    torch.testing.assert_close(stack(x)[0], lstm(x)[0])


@ALL
@pytest.mark.parametrize("backend", ["reference", "auto"])
def test_packed_sequences_are_the_single_ones(kind, backend):
    stack = make(kind, num_layers=2, bidirectional=True, backend=backend).eval()
    sequences = [torch.randn(t, D, dtype=torch.float64) for t in (2, 5, 1, 5)]
    packed, final = stack(pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = pad_packed_sequence(packed)
    assert lengths.tolist() == [2, 5, 1, 5]
    for k, sequence in enumerate(sequences):
        output, state = stack(sequence)
        torch.testing.assert_close(padded[: len(sequence), k], output)
        for part, alone in zip(final, state, strict=True):
            torch.testing.assert_close(part[:, k], alone)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("full")])
def test_gradients_through_packing_and_layers_agree(kind):
    fused = make(kind, num_layers=2, bidirectional=True, backend="fused")
    reference = copy.deepcopy(fused)
    for layer in reference.layers.values():
        layer.backend = "reference"
    grads = []
    for stack in (fused, reference):
        x = torch.linspace(-1, 1, 4 * 3 * D, dtype=torch.float64).view(4, 3, D).requires_grad_()
        output, final = stack(pack_padded_sequence(x, torch.tensor([4, 3, 1])))
        loss = output.data.square().sum() + sum(part.sum() for part in final)
        grads.append(torch.autograd.grad(loss, (x, *stack.parameters()), allow_unused=True))
    for one, two in zip(*grads, strict=True):
        assert (one is None) == (two is None)
        if one is not None:
            torch.testing.assert_close(one, two)


@ALL
def test_the_state_carries_on(kind):
    stack = make(kind, num_layers=2)
    x = torch.randn(6, 2, D, dtype=torch.float64)
    whole, final = stack(x)
    first, state = stack(x[:2])
    second, end = stack(x[2:], state)
    torch.testing.assert_close(torch.cat((first, second)), whole)
    torch.testing.assert_close(tuple(end), tuple(final))
    assert type(state) is type(stack.zero_state(2))
    assert state._fields[0] == "h"


@ALL
def test_batch_first_symbols_and_repr(kind):
    stack = make(kind, batch_first=True)
    ids = torch.tensor([[0, 1, 2, 2], [2, 2, 0, 1]])
    keep = torch.tensor([[1.0, 0, 1, 1], [0, 1, 1, 1]], dtype=torch.float64) * 2
    output, _ = stack(ids, input_mask=keep)
    vectors = torch.nn.functional.one_hot(ids, D).double() * keep[..., None]
    torch.testing.assert_close(output, stack(vectors)[0])
    alone, state = stack(ids[1], input_mask=keep[1])
    torch.testing.assert_close(alone, output[1])
    assert state.h.shape == (1, H)
    assert "batch_first=True" in repr(stack)
    assert "3, 5" in repr(stack)


@ALL
def test_dropout_is_drawn_from_the_seed_and_off_in_evaluation(kind):
    stack = make(kind, num_layers=2, dropout=0.5)
    x = torch.randn(6, 2, D, dtype=torch.float64)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(stack(x)[0])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    stack.eval()
    assert torch.equal(stack(x)[0], stack(x)[0])


def test_recurrent_dropout_draws_the_same_masks_in_both_forms():
    options = {"recurrent_dropout": 0.4, "hyper_recurrent_dropout": 0.2, "dtype": torch.float64}
    fused = HyperLSTM(D, H, **SMALL, num_layers=2, layer_norm=True, backend="fused", **options)
    reference = copy.deepcopy(fused)
    for layer in reference.layers.values():
        layer.backend = "reference"
    x = torch.randn(6, 2, D, dtype=torch.float64)
    outputs = []
    for stack in (fused, reference):
        torch.manual_seed(3)
        outputs.append(stack(x)[0])
    torch.testing.assert_close(*outputs)
    assert not torch.equal(fused(x)[0], outputs[0])
    fused.eval()
    assert torch.equal(fused(x)[0], fused(x)[0])


def test_a_mask_keeps_the_expected_value_and_its_rate():
    stack = LSTM(D, 400, recurrent_dropout=0.25)
    mask = stack.layers["0"].cell.draw_masks((10, 8), torch.zeros(()).float()).main
    assert mask.unique().tolist() == [0, pytest.approx(1 / 0.75)]
    assert mask.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(mask[0], mask[1])


def test_given_masks_are_used():
    stack = make("ln_hyper")
    x = torch.randn(4, 2, D, dtype=torch.float64)
    ones = Masks(torch.ones(4, 2, H).double(), torch.ones(4, 2, 4).double())
    torch.testing.assert_close(stack(x, masks=[ones])[0], stack(x)[0])
    dropped = Masks(ones.main * 0, None)
    assert not torch.allclose(stack(x, masks=[dropped])[0], stack(x)[0])


@ALL
def test_state_dict_names_and_a_round_trip(kind):
    stack = make(kind, num_layers=2, bidirectional=True)
    names = list(stack.state_dict())
    assert "layers.0.cell.bias" in names or kind == "ln_lstm"
    assert all(n.startswith(("layers.0", "layers.1")) for n in names)
    other = KINDS[kind](dtype=torch.float64, num_layers=2, bidirectional=True)
    other.load_state_dict(stack.state_dict())
    x = torch.randn(2, 2, D, dtype=torch.float64)
    assert torch.equal(stack(x)[0], other(x)[0])


def test_names_explain_themselves():
    assert list(HyperLSTM(D, H, **SMALL, layer_norm=True).state_dict()) == [
        f"layers.0.cell.{name}"
        for name in (
            "weight_x",
            "weight_h",
            "bias",
            *(f"norm.{part}" for part in ("gain", "offset", "cell_gain", "cell_offset")),
            "hyper.weight_x",
            "hyper.weight_h",
            *(f"hyper.norm.{part}" for part in ("gain", "offset", "cell_gain", "cell_offset")),
            "generator.weight_hz",
            "generator.weight_xz",
            "generator.weight_bz",
            *(f"generator.embeddings.{k}_weight" for k in "hxb"),
            *(f"generator.embeddings.{k}_bias" for k in "hx"),
        )
    ]


def test_a_cell_steps_like_torch_lstm_cell():
    stack = make("ln_hyper").eval()
    cell = stack.layers["0"].cell
    x = torch.randn(4, 2, D, dtype=torch.float64)
    state = None
    for step in x:
        state = cell(step, state)
    torch.testing.assert_close(state.h, stack(x)[0][-1])
    alone = cell(x[0, 0])
    assert alone.h.shape == (H,)
    torch.testing.assert_close(alone.h, cell(x[0]).h[0])
    torch.testing.assert_close(cell(torch.tensor(1)).h, cell(torch.eye(D).double()[1]).h)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: LSTM(D, 0), ValueError, "hidden_size=0"),
        (lambda: LSTM(D, H, 0), ValueError, "num_layers=0"),
        (lambda: LSTM(D, H, recurrent_dropout=1.0), ValueError, "recurrent_dropout"),
        (lambda: HyperLSTM(D, H, embedding_size=0), ValueError, "embedding_size=0"),
        (lambda: HyperLSTM(D, H, embeddings_from="old"), ValueError, "'new' or 'previous'"),
        (lambda: LSTM(D, H, input_init="zeros"), ValueError, "'orthogonal' or 'glorot'"),
        (lambda: LSTM(D, H, backend="fast"), ValueError, "'auto', 'reference' or 'fused'"),
        (
            lambda: HyperRNN(D, H, full=True, backend="fused")(torch.ones(2, 1, D)),
            ValueError,
            "fused",
        ),
        (lambda: LSTM(D, H)(torch.ones(4, 2, D + 1)), ValueError, "vectors of 3"),
        (lambda: LSTM(D, H)(torch.ones(4, 2, 2, D)), ValueError, "shape"),
        (lambda: LSTM(D, H)(torch.ones(0, 2, D)), ValueError, "no steps"),
        (lambda: LSTM(D, H)(torch.zeros(4, 2, dtype=torch.int16)), TypeError, "int64"),
        (
            lambda: LSTM(D, H)(torch.ones(4, 2, D), (torch.ones(1, 3, H),) * 2),
            ValueError,
            r"\(1, 2, 5\)",
        ),
        (lambda: LSTM(D, H)(torch.ones(4, 2, D), masks=[]), ValueError, "0 masks"),
        (
            lambda: LSTM(D, H)(torch.zeros(4, 2, dtype=torch.int64), input_mask=torch.ones(2)),
            ValueError,
            r"input_mask must have the shape \(4, 2\)",
        ),
        (
            lambda: LSTM(D, H)(torch.ones(4, 2, D), masks=[Masks(torch.ones(4, 2, 1))]),
            ValueError,
            r"mask 'main' must have the shape \(4, 2, 5\)",
        ),
        (
            lambda: LSTM(D, H)(torch.ones(4, 2, D), masks=[Masks(None, torch.ones(4, 2, 5))]),
            ValueError,
            "mask 'hyper': this cell has no such dropout",
        ),
    ],
)
def test_mistakes_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.usefixtures("native_steps")
def test_an_empty_batch_and_parameters_that_are_not_contiguous():
    stack = make("ln_hyper")
    output, state = stack(torch.zeros(4, 0, D, dtype=torch.float64))
    assert output.shape == (4, 0, H)
    assert state.h.shape == (1, 0, H)
    name = "layers.0.cell.norm.gain"
    gain = torch.ones(1, 1, dtype=torch.float64).expand(4, H)
    x = torch.randn(4, 2, D, dtype=torch.float64)
    expected = torch.func.functional_call(stack, {name: gain.contiguous()}, x)[0]
    torch.testing.assert_close(torch.func.functional_call(stack, {name: gain}, x)[0], expected)
