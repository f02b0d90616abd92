"""The translation benchmarks measure what they say; their figures are not judged here."""

import math
from collections import Counter

import pytest
from benchmarks.translation_model import CELLS, Size, Training, build, some_pairs
from benchmarks.translation_products import products
from torch.profiler import ProfilerActivity, profile

from benchmarks import encoding, translation, translation_gpu, translation_model
from hypernetworks.data.pair_batches import PairBatches
from tests.recurrent.conftest import torch_steps  # noqa: F401

TINY = Size(layers=3, hidden=40, symbols=90, hyper=12, embedding=5, batch=6)
# Arguments before the factors. mv calls addmv, which is counted.
PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "addmm_": 1, "addmv_": 1, "baddbmm_": 1}


def batches():
    return PairBatches(some_pairs(20, TINY.symbols), TINY.batch)


def shapes_of(act):
    """How often it computes products of which shapes; a product's transpose is the same."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as found:
        act()
    counted = Counter()
    for event in found.events():
        name = event.name.removeprefix("aten::")
        if name in PRODUCTS and event.name.startswith("aten::"):
            first = PRODUCTS[name]
            one, other = (tuple(shape) for shape in event.input_shapes[first : first + 2])
            turned = (*other[:-2], *other[-2:][::-1]), (*one[:-2], *one[-2:][::-1])
            counted[max((one, other), turned)] += 1
    return counted


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.usefixtures("torch_steps")
def test_the_products_are_those_of_a_training_step(cell, monkeypatch):
    """In torch operations: in C++ those of each step's attention are no calls of a product."""
    monkeypatch.setattr(translation_model, "LONGEST", 12)  # the profiler takes its time
    training = Training(build(cell, TINY, translation.CPU.device), batches(), translation.CPU)
    step = shapes_of(training)
    alone = shapes_of(products(cell, TINY, training.batch))
    assert alone == step
    assert sum(step.values()) > 150


def test_translation_measures_both_models(capsys):
    translation.measure(TINY, steps=2, symbols=5, late=9)
    out = capsys.readouterr().out
    for name in CELLS.values():
        assert f"{name}, a training step / its matrix products: " in out
        assert f"{name}, beam search, a symbol after 9 / after 9" in out
    assert "beam 4, sentences/s" in out


def test_every_symbol_of_a_translation_is_timed():
    model = build("lstm", TINY, translation.CPU.device).eval()
    translation.endless(model)
    source = next(batches().epoch(0))[0]
    timed = translation.Timed(model)
    translation.beam_search(timed, source, longest=7)
    assert len(timed.began) == 7
    assert 0 < translation.growth("x", model, source, early=3, late=20) < math.inf


def test_encoding_encodes_generated_pairs(capsys):
    found = encoding.measure(pairs=300, subwords=200)
    assert len(found.pairs) > 250
    assert "encoding 300 pairs" in (out := capsys.readouterr().out)
    assert "opened again in" in out


@pytest.mark.parametrize("cell", CELLS)
def test_translation_gpu_measures_a_model_on_any_device(cell, capsys):
    translation_gpu.measure(cell, TINY, "cpu", seconds=0)
    out = capsys.readouterr().out
    assert out.count("target tokens/s") == 3
    assert out.count("6 sentences of 30 symbols") == 2
    assert "failed" not in out


def test_what_fails_in_translation_gpu_is_a_line(capsys, monkeypatch):
    monkeypatch.setattr(translation_gpu.Measurement, "one_batch", lambda *_: 1 / 0)
    translation_gpu.measure("lstm", TINY, "cpu", seconds=0)
    out = capsys.readouterr().out
    assert "one batch: failed, ZeroDivisionError: division by zero\n" in out
    assert out.count("target tokens/s") == 2
