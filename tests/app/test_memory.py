"""Memory that is not enough is one line that names what to lower."""

import pytest
import torch

from hypernetworks.app.build import models
from hypernetworks.app.build.models import build_model
from hypernetworks.app.checks import RunError
from hypernetworks.app.memory import memory_explained
from hypernetworks.app.run import run
from hypernetworks.models.registry import image_network
from hypernetworks.report.records import find
from hypernetworks.training.loop import Loop


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ("table3/lstm_1000", "model.hidden_size", 10**9),
        ("table3/lstm_1000", "dataset.symbols", 10**12),
        ("table7/hyper_cnn", "model.embedding_size", 10**12),
        ("table2/wrn_40_1", "model.widen", 10**8),
    ],
)
def test_a_model_too_large_to_build(small, tmp_path, row, key, value):
    with pytest.raises(RunError, match=f"not enough memory .*; lower one of .*{key}={value}"):
        run(small(row, f"{key}={value}"))
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("row", ["table3/lstm_1000", "table7/hyper_cnn"])
def test_a_model_larger_than_the_memory_is_refused_before_it_is_filled(
    small, tmp_path, monkeypatch, row
):
    """A system that promises any memory would kill the run for using it."""
    monkeypatch.setattr(models, "memory_of", lambda device: 10_000)
    with pytest.raises(RunError, match="not enough memory for this run; lower one of"):
        run(small(row))
    assert not (tmp_path / "results").exists()


def test_of_a_gpu_and_the_machine_the_smaller_counts(small, monkeypatch):
    exact = 4 * (16 * 49 + 16 + 16 * 16 * 49 + 16 + 7 * 7 * 16 * 10 + 10)
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    fit = {"image_shape": (1, 28, 28), "classes": 10}
    for sizes in ({cpu: exact, gpu: exact - 1}, {cpu: exact - 1, gpu: exact}):
        monkeypatch.setattr(models, "memory_of", sizes.get)
        with pytest.raises(MemoryError, match=f"^parameters of {exact:,} bytes, .* {exact - 1:,}$"):
            build_model(small("table7/cnn").model, image_network, gpu, **fit)
    monkeypatch.setattr(models, "memory_of", lambda device: exact)
    build_model(small("table7/cnn").model, image_network, cpu, **fit)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 1 bytes\nError"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"),
    ],
)
def test_a_step_too_large_fails_the_run_with_that_line(small, tmp_path, monkeypatch, error):
    def step(*_):
        raise error

    monkeypatch.setattr(Loop, "_step", step)
    told = "not enough memory for this run; lower one of trainer.batch_size=50, dataset.window="
    with pytest.raises(RunError, match=told):
        run(small("table3/lstm_1000"))
    (record,) = find(tmp_path / "results")
    assert record["status"] == "failed"
    assert record["error"].startswith(told)


def test_other_errors_stay_what_they_are(small):
    with pytest.raises(RuntimeError, match="shape"), memory_explained(small()):
        raise RuntimeError("shape")
