"""What can be known of the CUDA form without a GPU: recording, replaying, no host synchronisation.

A fake recording keeps what a CUDA graph keeps: the memory that went in and the memory that came
out. Replaying runs the function on the former and fills the latter.
"""

import logging
import shutil
import warnings

import pytest
import torch

from hypernetworks import HyperLSTM, LayerNormLSTM
from hypernetworks.recurrent.fused import compiling, graphs, native, passes
from hypernetworks.recurrent.fused.graphs import KEPT, RUNS_BEFORE_RECORDING, replayed
from hypernetworks.recurrent.fused.rows import Rows
from hypernetworks.recurrent.fused.step import step_backward, step_forward
from hypernetworks.recurrent.masks import Masks
from tests.recurrent.cells import MAKERS, D, random_masks, random_state, randomised


class FakeGraphs:
    def __init__(self):
        self.recorded = self.replayed = 0

    def record(self, function, device):
        self.recorded += 1
        outputs = function()

        def replay():
            self.replayed += 1
            for place, value in zip(outputs, function(), strict=True):
                place.copy_(value)

        return replay, outputs


def test_a_function_is_recorded_after_some_runs_and_replayed_with_new_numbers():
    fake, calls = FakeGraphs(), []

    def double(x, factor, nothing):
        calls.append(x.data_ptr())
        return x * factor, x + 1

    call = replayed(applies=lambda *_: True, record=fake.record)(double)
    for k in range(RUNS_BEFORE_RECORDING + 4):
        x = torch.full((3,), float(k))
        twice, more = call(x, 2, None)
        assert twice.tolist() == [2.0 * k] * 3
        assert more.tolist() == [k + 1.0] * 3
    assert (fake.recorded, fake.replayed) == (1, 4)
    assert len(set(calls[RUNS_BEFORE_RECORDING:])) == 1, "not the same memory every time"


def test_recorded_in_inference_mode_and_replayed_outside_of_it():
    call = replayed(applies=lambda *_: True, record=FakeGraphs().record)(lambda x: (x * 2,))
    with torch.inference_mode():
        for _ in range(RUNS_BEFORE_RECORDING + 2):
            call(torch.ones(2))
    assert call(torch.full((2,), 3.0))[0].tolist() == [6, 6]


def test_outputs_of_two_replays_do_not_share_memory():
    call = replayed(applies=lambda *_: True, record=FakeGraphs().record)(lambda x: (x + 0,))
    for _ in range(RUNS_BEFORE_RECORDING):
        call(torch.zeros(2))
    (first,), (second,) = call(torch.zeros(2)), call(torch.ones(2))
    assert first.tolist() == [0, 0]
    assert second.tolist() == [1, 1]


def test_few_graphs_are_kept_and_other_shapes_have_their_own():
    fake = FakeGraphs()
    call = replayed(applies=lambda *_: True, record=fake.record)(lambda x: (x * 2,))
    for size in [*range(1, KEPT + 2), 1]:
        for _ in range(RUNS_BEFORE_RECORDING + 1):
            assert call(torch.ones(size))[0].shape == (size,)
    assert fake.recorded == KEPT + 2, "the first was dropped and recorded again"


def test_a_device_that_is_no_gpu_is_not_recorded():
    assert not graphs.on_cuda(None, torch.zeros(1))


@pytest.mark.parametrize("name", ["ln_lstm", "ln_hyper", "hyper_rnn", "previous"])
def test_sequences_replayed_are_sequences_run(name, monkeypatch, torch_steps):
    """Training with every forward and backward pass through a recording, all numbers the same."""
    fake = FakeGraphs()
    cell = randomised(MAKERS[name]())
    state = random_state(cell, 2)
    masks = random_masks(cell, 3, 2) if name != "hyper_rnn" else Masks()

    def gradients(k):
        x = torch.linspace(-1, k, 3 * 2 * D, dtype=torch.float64).view(3, 2, D).requires_grad_()
        h = cell.sequence(x, state, masks, None, "fused").h
        return [h.detach(), *torch.autograd.grad(h.square().sum(), [x, *cell.parameters()])]

    expected = [gradients(k) for k in range(6)]
    monkeypatch.setattr(graphs, "on_cuda", lambda *_: True)
    monkeypatch.setattr(graphs.Recordings, "_record", recording_with(fake))
    for k, values in enumerate(expected):
        torch.testing.assert_close(gradients(k), values, rtol=0, atol=0)
    assert fake.recorded == 2
    assert fake.replayed == 2 * (6 - RUNS_BEFORE_RECORDING)


def recording_with(fake):
    original = graphs.Recordings._record

    def record(self, key, arguments):
        self.record = fake.record
        original(self, key, arguments)

    return record


@pytest.mark.parametrize("name", ["ln_lstm", "ln_hyper", "hyper_rnn"])
def test_gradients_of_parameters_are_added_up_by_sequence(name, monkeypatch, torch_steps):
    """As on a GPU, to one sum over the batch at the end."""
    cell = randomised(MAKERS[name]())
    state = random_state(cell, 5)
    masks = random_masks(cell, 3, 5) if name != "hyper_rnn" else Masks()
    x = torch.randn(3, 5, D, dtype=torch.float64)

    def gradients():
        h = cell.sequence(x, state, masks, None, "fused").h
        return torch.autograd.grad(h.square().sum(), list(cell.parameters()))

    expected, made = gradients(), []

    def by_sequence(states, parts):
        made.append(states.new_zeros(parts, *states.shape[1:]).transpose(0, 1))
        return made[-1]

    monkeypatch.setattr(passes, "_sums", by_sequence)
    torch.testing.assert_close(gradients(), expected)
    assert made
    assert all(sums.flatten(1).any(1).all() for sums in made if sums.shape[1] == 14)


@pytest.mark.parametrize("kind", [LayerNormLSTM, HyperLSTM])
def test_nothing_is_read_back_to_the_host(kind):
    """On the meta device there is nothing to read: forward and backward run all the same."""
    stack = kind(3, 5, device="meta")
    x = torch.empty(4, 2, 3, device="meta", requires_grad=True)
    output, _ = stack(x)
    output.sum().backward()
    assert x.grad.shape == x.shape
    assert all(p.grad is not None for p in stack.parameters())


def test_the_steps_are_traced_whole(monkeypatch):
    """torch.compile takes a step as one graph, so that its kernels can be fused."""
    forms = [
        torch.compile(f, fullgraph=True, backend="eager") for f in (step_forward, step_backward)
    ]

    def traced(rows):
        rows.forward_form, rows.backward_form = forms
        return rows

    for module in ("sequence", "hyper_sequence", "hyper_backward"):
        monkeypatch.setattr(f"hypernetworks.recurrent.fused.{module}.native", traced)
    cell = randomised(MAKERS["ln_hyper"]())
    state = random_state(cell, 2)
    x = torch.randn(3, 2, D, dtype=torch.float64)
    h = cell.sequence(x, state, Masks(), None, "fused").h
    found = torch.autograd.grad(h.square().sum(), list(cell.parameters()))
    monkeypatch.undo()
    expected = cell.sequence(x, state, Masks(), None, "reference").h
    torch.testing.assert_close(h, expected)
    grads = torch.autograd.grad(expected.square().sum(), list(cell.parameters()))
    torch.testing.assert_close(found, grads)


def test_a_deprecation_within_torchs_compiler_is_no_error_of_the_callers(monkeypatch):
    def compiling(function):
        about = {"category": DeprecationWarning, "filename": "_script.py", "lineno": 1}
        told = "`torch.jit.script_method` is deprecated"
        warnings.warn_explicit(told, module="torch.jit", **about)
        return function

    monkeypatch.setattr(torch, "compile", compiling)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert graphs.compiled_forms.__wrapped__() == (step_forward, step_backward)


def test_without_a_compiler_the_torch_steps_run(monkeypatch, caplog, tmp_path):
    fresh = {"_library": None, "_tried": False}
    for name, value in fresh.items():
        monkeypatch.setattr(native, name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", "/nonexistent/compiler")
    assert native.load() is None
    assert "torch operations instead" in caplog.text
    caplog.clear()
    assert native.load() is None
    assert not caplog.records, "said twice"


@pytest.mark.parametrize("error", [PermissionError("no entry"), RuntimeError("no home")])
def test_a_cache_that_cannot_be_used_is_no_reason_to_fail(monkeypatch, caplog, error):
    def unusable():
        raise error

    for name, value in {"_library": None, "_tried": False}.items():
        monkeypatch.setattr(native, name, value)
    monkeypatch.setattr(compiling, "cache_folder", unusable)
    assert native.load(build=False) is None
    assert str(error) in caplog.text


def test_compiling_waits_for_enough_work_and_is_announced(monkeypatch, caplog, tmp_path):
    if native.load() is None:
        pytest.skip("no C++ compiler")
    for name, value in {"_library": None, "_tried": False, "_work": 0}.items():
        monkeypatch.setattr(native, name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    caplog.set_level(logging.WARNING)
    assert native._worth_it(1000) is None
    assert not list(tmp_path.iterdir())
    assert native._worth_it(native.WORTH_COMPILING) is not None
    assert "compiling the pointwise steps" in caplog.text
    assert len(list(tmp_path.rglob("*.so"))) == 1


def test_compiling_can_be_forbidden(monkeypatch, tmp_path):
    for name, value in {"_library": None, "_tried": False}.items():
        monkeypatch.setattr(native, name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HYPERNETWORKS_COMPILE", "0")
    assert native.load() is None
    assert not graphs.wanted()
    assert not list(tmp_path.iterdir())


def test_a_damaged_library_is_compiled_anew(monkeypatch, tmp_path, caplog):
    if native.load() is None:
        pytest.skip("no C++ compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        for name, value in {"_library": None, "_tried": False}.items():
            monkeypatch.setattr(native, name, value)
        caplog.clear()
        assert native.load() is not None
        assert "compiling the pointwise steps" in caplog.text
        made = tmp_path.rglob("*.so")
        (whole,) = [path for path in made if compiling.digest(path) in path.name]
        damaged = bytearray(whole.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        whole.unlink()
        whole.write_bytes(damaged)


@pytest.mark.parametrize(("compiler", "works"), [("env {}", True), ("'{}", False)])
def test_the_compiler_is_read_as_a_shell_would(compiler, works, monkeypatch, caplog, tmp_path):
    """CXX="ccache g++": a program and its arguments; an open quote is no compiler."""
    found = shutil.which("g++") or shutil.which("clang++")
    if found is None:
        pytest.skip("no C++ compiler")
    for name, value in {"_library": None, "_tried": False}.items():
        monkeypatch.setattr(native, name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", compiler.format(found))
    assert (native.load() is not None) is works
    assert ("torch operations instead" in caplog.text) is not works


@pytest.mark.parametrize("name", ["inputs", "c", "mask"])
@pytest.mark.usefixtures("native_steps")
def test_memory_of_another_type_is_not_read_as_numbers(name):
    memory = {
        "products": torch.zeros(1, 2, 12),
        "inputs": torch.zeros(1, 2, 12),
        "h": torch.zeros(2, 2, 3),
        "c": torch.zeros(2, 2, 3),
        "mask": torch.ones(1, 2, 3),
    }
    nothing = dict.fromkeys(("scales", "bias", "norm", "h_product"))
    options = {"forget_bias": 1.0, "epsilon": 0.0}
    native.Native(Rows(**memory, **nothing, **options), native.loaded())
    memory[name] = memory[name].to(torch.int32)
    with pytest.raises(TypeError, match=rf"^{name} is torch\.int32 on cpu, not torch\.float32"):
        native.Native(Rows(**memory, **nothing, **options), native.loaded())
