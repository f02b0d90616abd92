"""The recurrent benchmarks run, at a size at which their figures mean nothing."""

import pytest
import torch
from benchmarks.recurrent import Size
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import autograd_loop, generation, gpu, memory, recurrent, scaling, steps

TINY = Size("tiny", 3, 6, 4, 2, floor_target=2.0, loop_floor=4.0, repeats=1, inputs=5)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (recurrent.core, ["ours / product floor", "ours / the autograd loop"]),
        (recurrent.bfloat16, ["ours / our float32", "the bare products"]),
        (recurrent.torch_lstm, ["LSTM at tiny", "LayerNormLSTM at tiny"]),
        (recurrent.labml, ["labml"]),
        (steps.forms, ["in C++ / in torch operations"]),
        (steps.alone, ["steps"]),
    ],
)
def test_it_runs_and_names_its_ratios(measure, words, capsys, monkeypatch):
    monkeypatch.setattr(recurrent, "has_bfloat16_units", lambda device: True)
    with recurrent.one_thread():
        measure(TINY)
    output = capsys.readouterr().out
    assert all(word in output for word in words), output


def test_without_units_bfloat16_is_not_measured(capsys, monkeypatch):
    monkeypatch.setattr(recurrent, "has_bfloat16_units", lambda device: False)
    recurrent.bfloat16(TINY)
    assert capsys.readouterr().out.endswith("not measured, this processor has no units for it\n")


def test_the_autograd_loop_is_a_hyper_lstm():
    """The frozen baseline computes what our layer computes with the same weights."""
    torch.manual_seed(0)
    loop = autograd_loop.AutogradLoop(5, 6, 4, 2)
    ours = recurrent.HyperLSTM(5, 6, hyper_size=4, embedding_size=2, layer_norm=True)
    cell = ours.layers["0"].cell
    with torch.no_grad():
        cell.weight_x.copy_(loop.w_x.t())
        w_h, to_h = loop.w_h.split((24, 16), dim=1)
        cell.weight_h.copy_(w_h.t())
        cell.hyper.weight_x.copy_(torch.cat((to_h, loop.w_xhat)).t())
        cell.hyper.weight_h.copy_(loop.w_hhat.t())
        embeddings, generator = cell.generator.embeddings, cell.generator
        weight, bias = loop.w_embed.t().view(12, 2, 4), loop.b_embed.view(12, 2)
        bias[8:] = 0
        loop.b_scale[:8] = 0
        for k, part in enumerate("hxb"):
            getattr(embeddings, f"{part}_weight").copy_(weight[4 * k : 4 * k + 4])
            scale = loop.w_scale[4 * k : 4 * k + 4]
            getattr(generator, f"weight_{part}z").copy_(scale)
        embeddings.h_bias.copy_(bias[:4])
        embeddings.x_bias.copy_(bias[4:8])
        cell.bias.copy_(loop.b_scale[8:].flatten())
    x = torch.randn(7, 3, 5)
    torch.testing.assert_close(ours(x)[0], loop(x)[0], rtol=1e-4, atol=1e-5)


def test_the_floor_is_three_products_for_each_weight():
    """Forward, state gradient, weight gradient; of the input's weights no state gradient."""
    size = Size("small", 4, 32, 8, 5, floor_target=0, loop_floor=0, repeats=1)
    with FlopCounterMode(display=False) as counter:
        recurrent.floor(size)()
    h, p, n, d = size.hidden, size.hyper, size.embedding, size.inputs
    recurrent_weights = (4 * h + 4 * p) * h + 4 * p * p + 12 * n * p + 12 * n * h
    numbers = 3 * recurrent_weights + 2 * (4 * h + 4 * p) * d
    assert counter.get_total_flops() == 2 * size.steps * size.batch * numbers


def test_memory_and_generation_are_positive():
    assert memory.step("fused") > 0
    rate, size = generation.steps_per_second()
    assert rate > 0
    assert size == 4 * 4_872_592


def test_scaling_varies_one_size(monkeypatch):
    monkeypatch.setattr(scaling, "S", TINY)
    assert scaling.milliseconds("steps", 3) > 0


def test_without_a_gpu_it_says_so(capsys):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    gpu.main()
    assert "no CUDA device" in capsys.readouterr().out


def test_the_breakdown_names_what_takes_longest_and_sums_all():
    weight = torch.randn(200, 200)
    table = gpu.breakdown(lambda: [weight @ weight for _ in range(3)], gpu.ProfilerActivity.CPU)
    lines = table.splitlines()
    (product,) = (line for line in lines if line.endswith("aten::mm"))
    assert product.split()[1] == "3"
    assert len(lines) <= 2 + gpu.SHOWN + 1
    assert lines[-1].endswith("all")
