"""Checkpoints and metrics survive a kill, and a checkpoint can run no code."""

import json
import os

import pytest
import torch

from hypernetworks.training.files import (
    CheckpointError,
    MetricsFile,
    load_checkpoint,
    save_atomically,
)


def test_round_trip(tmp_path):
    value = {"weights": torch.arange(3.0), "step": 7, "name": "x", "best": None}
    save_atomically(value, tmp_path / "c.pt")
    loaded = load_checkpoint(tmp_path / "c.pt")
    assert torch.equal(loaded.pop("weights"), value.pop("weights"))
    assert loaded == value
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    save_atomically({"step": 1}, tmp_path / "c.pt")

    def half_a_save(value, file):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half_a_save)
    with pytest.raises(OSError, match="disk full"):
        save_atomically({"step": 2}, tmp_path / "c.pt")
    assert load_checkpoint(tmp_path / "c.pt") == {"step": 1}


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_a_checkpoint_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"step": Evil()}, "c.pt")
    with pytest.raises(CheckpointError, match="delete it"):
        load_checkpoint(tmp_path / "c.pt")
    assert not (tmp_path / "evil").exists()


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path):
    save_atomically({"w": torch.zeros(1000)}, tmp_path / "c.pt")
    content = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "c.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "c.pt")
    assert "\n" not in str(caught.value)


def test_metrics_are_cut_to_the_checkpoint_and_half_lines_dropped(tmp_path):
    file = MetricsFile(tmp_path / "m.jsonl")
    assert file.lines() == []
    for step in (1, 2, 3):
        file.append(step, {"loss": step / 2})
    with file.path.open("a") as raw:
        raw.write('{"step": 4, "lo')
    file.cut_after(2)
    file.append(3, {"loss": 9.0})
    lines = [json.loads(line) for line in file.path.read_text().splitlines()]
    assert lines == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 1.0},
        {"step": 3, "loss": 9.0},
    ]
