"""GNMT: against plain torch, sentence by sentence, step by step, and by its parameter counts."""

import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_sequence

from hypernetworks.models.gnmt import GNMT
from hypernetworks.models.registry import CORES

V, H, P, N = 11, 6, 4, 3
HYPER = {"hyper_size": P, "embedding_size": N}
LENGTHS = [(4, 3), (7, 5), (1, 6), (5, 1), (7, 5)]  # of source and target


def model(name="lstm", layers=3, **settings):
    torch.manual_seed(0)
    settings |= HYPER if "hyper" in name else {}
    built = GNMT(name, V, layers, H, dtype=torch.float64, **settings).double()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return built


def pairs():
    generator = torch.Generator().manual_seed(1)
    return [
        tuple(torch.randint(V, (length,), generator=generator) for length in lengths)
        for lengths in LENGTHS
    ]


def packed(sentences):
    return pack_sequence(sentences, enforce_sorted=False)


def batch_of(found):
    """source, read, following of pairs whose targets lie between symbols 1 and 2."""
    ends = [torch.cat([torch.tensor([1]), target, torch.tensor([2])]) for _, target in found]
    following = packed([target[1:] for target in ends]).data
    return packed([s for s, _ in found]), packed([target[:-1] for target in ends]), following


def loss_of(built, found):
    source, read, following = batch_of(found)
    return F.cross_entropy(built(source, read), following, reduction="sum")


def gradients(built, loss):
    built.zero_grad()
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in built.named_parameters()}


@pytest.mark.parametrize("name", CORES)
def test_neither_padding_nor_order_changes_loss_and_gradient(name):
    built, found = model(name), pairs()
    whole = loss_of(built, found)
    together = gradients(built, whole)
    single = [loss_of(built, [pair]) for pair in found]
    alone = gradients(built, torch.stack(single).sum())
    torch.testing.assert_close(whole, torch.stack(single).sum(), rtol=1e-12, atol=0)
    backwards = gradients(built, loss_of(built, found[::-1]))
    for key, gradient in together.items():
        torch.testing.assert_close(gradient, alone[key], rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(gradient, backwards[key], rtol=1e-9, atol=1e-10)
        assert gradient.abs().max() > 0, key


@pytest.mark.parametrize("name", CORES)
def test_steps_say_what_the_whole_sentence_says(name):
    built, found = model(name).eval(), pairs()
    source, read, _ = batch_of(found)
    logits = built(source, read)
    expected = torch.nn.utils.rnn.pad_packed_sequence(read._replace(data=logits))[0].log_softmax(-1)
    memory = built.encode(source)
    state = built.start(memory)
    ids, lengths = torch.nn.utils.rnn.pad_packed_sequence(read)
    for t, symbols in enumerate(ids):
        log_probs, weights, state = built.step(symbols, state, memory)
        left = t < lengths
        torch.testing.assert_close(log_probs[left], expected[t][left], rtol=1e-10, atol=1e-11)
        torch.testing.assert_close(weights.sum(1), torch.ones(len(found)).double())
        for row, (sentence, _) in enumerate(found):
            assert weights[row, : len(sentence)].min() > 0
            assert not weights[row, len(sentence) :].any()


def test_states_and_memory_are_reordered_by_rows():
    built, found = model("layernorm_hyperlstm").eval(), pairs()
    memory = built.encode(batch_of(found)[0])
    _, _, state = built.step(torch.arange(5), built.start(memory), memory)
    expected, _, _ = built.step(torch.tensor([3] * 5), state, memory)
    index = torch.tensor([4, 1, 1])
    found, _, _ = built.step(torch.tensor([3] * 3), state.rows(index), memory.rows(index))
    torch.testing.assert_close(found, expected[index])


def oracle(built, source, read):
    """Logits (T, V) of one pair by Wu et al., in torch.nn.LSTM, einsum and loops."""
    layers = [stack.to_torch() for stack in built.encoder]
    x = built.source.weight[source][:, None]
    second, _ = layers[1](layers[0](x)[0])
    third, _ = layers[2](second)
    m = (second + third)[:, 0]
    attention = built.attention
    decoder = [stack.to_torch() for stack in built.decoder]
    states, y, found = [None] * 3, torch.zeros(H).double(), []
    for symbol in read:
        scores = []
        for position in m:
            hidden = attention.query.weight @ y + attention.query.bias
            hidden = torch.tanh(hidden + attention.key.weight @ position)
            scores.append((attention.score * hidden).sum())
        p = torch.stack(scores).exp()
        context = sum(share * position for share, position in zip(p / p.sum(), m, strict=True))
        outputs, x = [], built.target.weight[symbol]
        for k in range(3):
            given = torch.cat([x, context])[None]
            h, states[k] = decoder[k](given, states[k])
            outputs.append(h[0])
            x = h[0] + x if k == 2 else h[0]
        y = outputs[0]
        found.append(built.readout.weight @ x + built.readout.bias)
    return torch.stack(found)


def test_against_plain_torch():
    built, found = model().eval(), pairs()
    for pair in found:
        source, read, following = batch_of([pair])
        expected = oracle(built, source.data, read.data)
        torch.testing.assert_close(built(source, read), expected, rtol=1e-11, atol=1e-12)
        ours = gradients(built, F.cross_entropy(built(source, read), following))
        parts = [*built.attention.parameters(), built.source.weight, built.target.weight]
        theirs = torch.autograd.grad(F.cross_entropy(expected, following), parts)
        names = [name for name, p in built.named_parameters() if any(p is part for part in parts)]
        assert len(names) == len(parts)
        by_part = {id(part): gradient for part, gradient in zip(parts, theirs, strict=True)}
        for name, parameter in built.named_parameters():
            if id(parameter) in by_part:
                torch.testing.assert_close(
                    ours[name], by_part[id(parameter)], rtol=1e-9, atol=1e-11
                )


def test_embeddings_may_start_in_bounds_of_their_own():
    built = GNMT("lstm", 50, 2, 24, init_range=0.1, embedding_range=1.5)
    for key, parameter in built.named_parameters():
        bound = 1.5 if key in ("source.weight", "target.weight") else 0.1
        assert 0.8 * bound < parameter.abs().max() <= bound, key
    with pytest.raises(ValueError, match="embedding_range=0"):
        GNMT("lstm", 50, 2, 24, embedding_range=0.0)


@pytest.mark.parametrize("name", CORES)
def test_weights_start_as_documented(name):
    torch.manual_seed(0)
    settings = HYPER if "hyper" in name else {}
    built = GNMT(name, 50, 3, 24, init_range=0.04, **settings)
    inside = 0
    for key, parameter in built.named_parameters():
        part = key.rpartition("cell.")[2]
        if part.startswith(("hyper.", "generator.", "norm.")):
            continue
        inside += 1
        assert parameter.abs().max() <= 0.04, key
        assert parameter.abs().max() > 0.03, key
        assert abs(parameter.mean().item()) < 0.01, key
    recurrent = 2 if name == "layernorm_lstm" else 3
    assert inside == 7 * recurrent + 8
    cell = built.decoder[2].cells()[0]
    if "hyper" in name:
        z = N
        assert torch.equal(
            cell.generator.weight_hz, torch.full_like(cell.generator.weight_hz, 0.1 / z)
        )
        assert not cell.generator.embeddings.h_weight.any()
        gate = cell.hyper.weight_h[:P]
        torch.testing.assert_close(gate @ gate.t(), torch.eye(P), atol=1e-5, rtol=0)
        assert not cell.hyper.weight_x.isnan().any()
    if "layernorm" in name:
        assert cell.norm.gain.eq(1).all()
        assert not cell.norm.offset.any()


def test_dropout_is_on_all_that_enters_a_layer():
    built = model("layernorm_lstm", dropout=0.5)
    source, read, _ = batch_of(pairs() * 20)
    seen = {}
    for side in ("encoder", "decoder"):
        for k, stack in enumerate(getattr(built, side)):

            def keep(module, args, name=f"{side}{k}"):
                given = getattr(args[0], "data", args[0])
                seen[name] = given

            if (side, k) != ("decoder", 0):
                stack.register_forward_pre_hook(keep)
    (bottom,) = built.decoder[0].cells()
    attended = bottom.attended

    def kept(x, state, masks, attention, backend):
        if built.training:
            seen["decoder0"] = torch.cat([x, attention.mask], -1)
        return attended(x, state, masks, attention, backend)

    bottom.attended = kept
    torch.manual_seed(3)
    one = built(source, read)
    assert len(seen) == 6
    for name, given in seen.items():
        zeros = given.flatten(0, -2)[:500].eq(0).double().mean(0)
        assert (zeros - 0.5).abs().max() < 0.25, name
    torch.manual_seed(3)
    assert torch.equal(built(source, read), one)
    built.eval()
    assert torch.equal(built(source, read), built(source, read))


def cell_parameters(inputs, units, hyper=None):
    """By hand: of an LSTM, or of a Layer Norm HyperLSTM with (P, N_z)."""
    weights = 4 * units * (inputs + units + 1)
    if hyper is None:
        return weights
    p, n = hyper
    hyper_cell = 4 * p * (inputs + units + p) + 10 * p
    embeddings = 4 * (3 * n * p + 2 * n)
    return weights + hyper_cell + embeddings + 3 * 4 * n * units + 10 * units


@pytest.mark.parametrize(
    ("name", "hyper", "expected"),
    [("lstm", None, 280_859_904), ("layernorm_hyperlstm", (128, 32), 312_238_848)],
)
def test_parameters_of_the_papers_size(name, hyper, expected):
    settings = {"hyper_size": 128, "embedding_size": 32} if hyper else {}
    with torch.device("meta"):
        built = GNMT(name, 32_000, **settings)
    h, v = 1024, 32_000
    encoder = 2 * cell_parameters(h, h, hyper) + cell_parameters(2 * h, h, hyper)
    encoder += 6 * cell_parameters(h, h, hyper)
    decoder = 8 * cell_parameters(2 * h, h, hyper)
    attention = h * h + h + h * h + h
    total = encoder + decoder + attention + 2 * v * h + v * h + v
    assert sum(p.numel() for p in built.parameters()) == total == expected


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 1}, "layers=1"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"symbols": 0}, "symbols"),
        ({"dropout": 1.0}, "dropout"),
        ({"core": "gru"}, "gru"),
    ],
)
def test_what_cannot_work_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        GNMT(**{"core": "lstm", "symbols": V, "layers": 2, "hidden_size": H} | wrong)


def test_sentences_without_a_partner_are_refused():
    source, _, _ = batch_of(pairs())
    _, read, _ = batch_of(pairs()[:3])
    with pytest.raises(ValueError, match="5 source and 3 target"):
        model()(source, read)


@pytest.mark.parametrize("name", ["lstm", "layernorm_hyperlstm"])
def test_float32_and_bfloat16_stay_near_float64(name):
    built = model(name)
    whole = loss_of(built, pairs())
    expected = gradients(built, whole)
    for autocast, rtol in ((False, 1e-4), (True, 0.1)):
        single = model(name).float()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = loss_of(single, pairs())
        torch.testing.assert_close(loss.double(), whole, rtol=rtol, atol=0)
        found = gradients(single, loss)
        for key, gradient in expected.items():
            assert found[key].dtype == torch.float32
            distance = (found[key] - gradient).norm() / gradient.norm()
            assert distance < 5 * rtol, key


@pytest.mark.parametrize("name", CORES)
def test_both_forms_of_the_layers_agree(name):
    built, reference = model(name), model(name, backend="reference")
    torch.testing.assert_close(loss_of(built, pairs()), loss_of(reference, pairs()))
    found, expected = (gradients(each, loss_of(each, pairs())) for each in (built, reference))
    for key, gradient in found.items():
        torch.testing.assert_close(gradient, expected[key], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ["lstm", "layernorm_hyperlstm"])
def test_no_gradient_is_copied_for_what_was_written_into_a_view(name):
    """As by torch's padding of packed sequences: all of it, once for every length."""
    source, read, following = batch_of(pairs())
    predicted = model(name, dropout=0.2)(source, read, following)  # holds the graph
    nodes = [predicted.grad_fn]
    for node in nodes:
        nodes += [before for before, _ in node.next_functions if before and before not in nodes]
    names = {node.name() for node in nodes}
    assert "torch::autograd::CopySlices" not in names
    assert "_AttendedBackward" in names
