"""What a layer is called with: taken if it means what it says, else refused in one line."""

import io

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

import hypernetworks
from hypernetworks import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM, Masks

D, H, P, T, B = 5, 6, 4, 3, 2
STACKS = {
    "lstm": lambda **o: LSTM(D, H, **o),
    "ln_lstm": lambda **o: LayerNormLSTM(D, H, **o),
    "hyper_rnn": lambda **o: HyperRNN(D, H, hyper_size=P, **o),
    "full_hyper_rnn": lambda **o: HyperRNN(D, H, hyper_size=P, full=True, **o),
    "hyper": lambda **o: HyperLSTM(D, H, hyper_size=P, **o),
}
ALL = pytest.mark.parametrize("name", STACKS)
BACKENDS = pytest.mark.parametrize("backend", ["auto", "reference"])
OTHERS = [torch.int64, torch.bool, torch.bfloat16, torch.float16, torch.float64]


def calls(model):
    """(x, shape of a state's leading dimensions, the call) for every way to run a model."""
    cell, x = model.cells()[0], torch.randn(T, B, D)
    packed = pack_sequence([x[:, 0], x[:2, 1]])
    yield x, (1, B), model
    yield packed, (1, B), model
    yield x[:, 0], (1,), model
    yield x[0], (1, B), model.step
    yield x[0, 0], (1,), model.step
    yield x[0], (B,), cell
    yield x[0, 0], (), cell


def state(model, *leading):
    return [torch.zeros(*leading, size) for size in model.cells()[0].state_sizes()]


@ALL
@BACKENDS
@pytest.mark.parametrize("dtype", OTHERS)
def test_states_of_another_type(name, backend, dtype):
    model = STACKS[name](backend=backend)
    for x, leading, call in calls(model):
        call(x, tuple(state(model, *leading)))
        for part in range(len(model.cells()[0].state_sizes())):
            given = state(model, *leading)
            given[part] = given[part].to(dtype)
            with pytest.raises(ValueError, match=f"is {dtype}, the weights are torch.float32"):
                call(x, tuple(given))


@ALL
@BACKENDS
def test_states_and_masks_on_another_device(name, backend):
    model = STACKS[name](backend=backend)
    for x, leading, call in calls(model):
        for part in range(len(model.cells()[0].state_sizes())):
            given = state(model, *leading)
            given[part] = given[part].to("meta")
            with pytest.raises(ValueError, match="is on meta, the weights are on cpu"):
                call(x, tuple(given))
    x = torch.randn(T, B, D)
    for part, width in zip(("main", "hyper"), model.cells()[0].mask_sizes(), strict=False):
        masks = [Masks(**{part: torch.ones(T, B, width, device="meta")})]
        with pytest.raises(ValueError, match=f"mask '{part}' is on meta"):
            model(x, masks=masks)
    with pytest.raises(ValueError, match="input_mask is on meta"):
        model(x, input_mask=torch.ones(T, B, device="meta"))


@ALL
def test_inputs_that_are_something_else(name):
    model = STACKS[name]()
    cell, x = model.cells()[0], torch.randn(T, B, D)
    for call in (model, lambda x: model.step(x[0]), lambda x: cell(x[0])):
        with pytest.raises(ValueError, match=r"one-hot vectors must be floating point, x\.float"):
            call(torch.ones(T, B, D, dtype=torch.long))
        with pytest.raises(ValueError, match=r"input is torch\.float64, the weights are"):
            call(x.double())
        with pytest.raises(ValueError, match="expected vectors of 5 or integer symbols"):
            call(torch.randn(T, B, D + 1))
    for call in (model, model.step, cell):
        with pytest.raises(TypeError, match="must be a tensor, not a list"):
            call([x])


@ALL
@BACKENDS
def test_inputs_on_another_device(name, backend):
    model = STACKS[name](backend=backend)
    cell = model.cells()[0]
    for x in (torch.zeros(T, B, D, device="meta"), torch.zeros(T, B, device="meta").long()):
        for call in (model, lambda x: model.step(x[0]), lambda x: cell(x[0])):
            with pytest.raises(ValueError, match="the input is on meta, the weights are on cpu"):
                call(x)


@ALL
def test_states_that_are_something_else(name):
    model = STACKS[name]()
    x = torch.randn(T, B, D)
    fields = ", ".join(model.cells()[0].state_type._fields)
    alone = r" or \(h, c\) alone" if name == "hyper" else ""
    with pytest.raises(TypeError, match=rf"must be a tuple \({fields}\){alone}, not a Tensor"):
        model(x, torch.zeros(1, B, H))
    with pytest.raises(ValueError, match=r"must have the shapes \[\(1, 6\).*not \[\(1, 2, 6\)"):
        model(x[:, 0], tuple(state(model, 1, B)))
    with pytest.raises(ValueError, match=r"must have the shapes \[\(1, 2, 6\).*not \[\(1, 6\)"):
        model(x, tuple(state(model, 1)))
    with pytest.raises(ValueError, match=r"must have the shapes \[\(6,\).*not \[\(2, 6\)"):
        model.cells()[0](x[0, 0], tuple(state(model, B)))


@BACKENDS
def test_h_and_c_alone_are_the_main_cells_state(backend):
    model = HyperLSTM(D, H, hyper_size=P, num_layers=2, bidirectional=True, backend=backend)
    x = torch.randn(T, B, D)
    fresh = model.zero_state(B)
    output, (h, c, *rest) = model(x, (fresh.h, fresh.c))
    torch.testing.assert_close(output, model(x)[0])
    assert len(rest) == 2
    again, _ = model(x, (h, c))
    whole, _ = model(x, fresh._replace(h=h, c=c))
    torch.testing.assert_close(again, whole)
    torch.testing.assert_close(model(x[:, 0], (h[:, 0], c[:, 0]))[0], whole[:, 0])
    cell = model.cells()[0]
    torch.testing.assert_close(
        cell(x[0], (h[0], c[0])), cell(x[0], cell.zero_state(B)._replace(h=h[0], c=c[0]))
    )


@ALL
def test_under_autocast_a_state_goes_from_call_to_call(name):
    model = STACKS[name]()
    x = torch.randn(T, B, D)
    with torch.autocast("cpu", torch.bfloat16):
        output, after = model(x)
        model(x.bfloat16(), after)
    assert output.dtype == torch.float32
    assert all(part.dtype == torch.float32 for part in after)


@ALL
def test_states_go_through_files(name):
    _, after = STACKS[name]()(torch.randn(T, B, D))
    file = io.BytesIO()
    torch.save(after, file)
    file.seek(0)
    found = torch.load(file, weights_only=True)
    assert type(found) is type(after)
    torch.testing.assert_close(tuple(found), tuple(after))


@ALL
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_made_in_a_half_type(name, dtype):
    torch.manual_seed(0)
    made = STACKS[name](dtype=dtype)
    torch.manual_seed(0)
    single = STACKS[name]()
    converted = STACKS[name]().to(dtype)
    converted.reset_parameters()
    for one, two, again in zip(
        made.parameters(), single.parameters(), converted.parameters(), strict=True
    ):
        assert one.dtype == again.dtype == dtype
        if one.ndim > 1 and "b_weight" not in name:
            assert again.float().isfinite().all()
            torch.testing.assert_close(one.float().norm(), two.norm(), rtol=0.02, atol=0.2)
    for part, square in (("weight_h", H), ("hyper.weight_h", P)):
        for key, weight in made.named_parameters():
            if key.endswith("cell." + part):
                block = weight[:square].float()
                eye = torch.eye(square)
                torch.testing.assert_close(block.t() @ block, eye, rtol=0, atol=0.02)


def replicated(module):
    """What DataParallel hands to a device: modules whose parameters are attributes alone."""
    replica = module._replicate_for_data_parallel()
    for name, child in module._modules.items():
        replica._modules[name] = None if child is None else replicated(child)
        if child is not None:
            setattr(replica, name, replica._modules[name])
    for name, parameter in module._parameters.items():
        replica._parameters.pop(name, None)
        setattr(replica, name, None if parameter is None else parameter * 1)
    return replica


@ALL
def test_a_replica_of_data_parallel(name):
    model, x = STACKS[name](), torch.randn(T, B, D)
    replica = replicated(model)
    assert not list(replica.parameters())
    torch.testing.assert_close(replica(x)[0], model(x)[0])
    torch.testing.assert_close(replica.step(x[0])[0], model.step(x[0])[0])


@ALL
def test_on_the_cpu_where_another_device_is_the_default(name):
    model, x = STACKS[name](num_layers=2, bidirectional=True), torch.randn(T, B, D)
    packed = pack_sequence([x[:, 0], x[:2, 1]])
    expected = model(x)[0], model(packed)[0].data
    torch.manual_seed(3)
    with torch.device("meta"):
        found = model(x)[0], model(packed)[0].data
    torch.testing.assert_close(found, expected)
    if name in ("lstm", "hyper"):
        dropping = STACKS[name](recurrent_dropout=0.5)
        with torch.device("meta"):
            assert dropping(x)[0].device.type == "cpu"


def test_lstm_habits_that_do_nothing_or_one_thing():
    model = LSTM(D, H, num_layers=2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert model.flatten_parameters() is None
    torch.testing.assert_close(dict(model.state_dict()), before)


@pytest.mark.parametrize("name", ["lstm", "ln_lstm", "hyper"])
def test_the_forget_bias_can_be_set(name):
    model = STACKS[name](num_layers=2)
    other = STACKS[name](num_layers=2, forget_bias=0.25)
    other.load_state_dict(model.state_dict())
    model.set_forget_bias(0.25)
    x = torch.randn(T, B, D)
    torch.testing.assert_close(model(x)[0], other(x)[0])
    assert model(x)[0].isfinite().all()


def test_without_forget_gates_there_is_none_to_set():
    with pytest.raises(TypeError, match="HyperRNNCell has no forget gate"):
        HyperRNN(D, H).set_forget_bias(1.0)


@ALL
def test_a_wrong_keyword_names_the_class_that_was_called(name):
    kind = type(STACKS[name]())
    with pytest.raises(TypeError, match=f"^{kind.__name__}.*proj_size"):
        kind(D, H, proj_size=3)
    assert getattr(hypernetworks, kind.__name__) is kind
