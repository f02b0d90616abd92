"""Memory that is not enough is one line that names what to lower."""

import pytest
import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.memory import memory_explained
from hypernetworks.app.run import run
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
