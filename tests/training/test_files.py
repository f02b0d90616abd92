"""Checkpoints survive a kill, damage and a full disk, and can run no code; metrics a kill."""

import io
import json
import os
import random

import pytest
import torch

from hypernetworks.training.files import (
    Checkpoint,
    CheckpointError,
    MetricsFile,
    load_checkpoint,
)


@pytest.fixture
def file(tmp_path):
    return Checkpoint(tmp_path / "c.pt")


def flipped(content, bit):
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def test_round_trip(file, tmp_path):
    value = {"weights": torch.arange(3.0), "step": 7, "name": "x", "best": None}
    file.save(value)
    loaded = load_checkpoint(tmp_path / "c.pt")
    assert torch.equal(loaded.pop("weights"), value.pop("weights"))
    assert loaded == value
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


def test_torch_alone_reads_it(file):
    file.save({"step": 7})
    assert torch.load(file.path, weights_only=True) == {"step": 7}


def test_the_one_before_is_kept(file):
    for step in (1, 2, 3):
        file.save({"step": step})
    assert load_checkpoint(file.path) == {"step": 3}
    assert load_checkpoint(file.previous) == {"step": 2}
    assert file.previous.name == "c.previous.pt"


def test_no_flipped_bit_is_loaded_in_silence(file, caplog):
    for step in (1, 2):
        file.save({"step": step, "weights": torch.full((50,), float(step))})
    content, draw = file.path.read_bytes(), random.Random(0)
    for bit in draw.sample(range(8 * (len(content) - 73)), 300):
        file.path.write_bytes(flipped(content, bit))
        caplog.clear()
        assert load_checkpoint(file.path)["step"] == 1
        (line,) = caplog.messages
        assert line.startswith(f"{file.path} cannot be loaded (damaged: its SHA-256 is another)")
        assert line.endswith("taking the one before it, c.previous.pt")


def test_a_damaged_sum_behind_a_whole_checkpoint_changes_no_number(file):
    for step in (1, 2):
        file.save({"step": step})
    content = file.path.read_bytes()
    for bit in range(8 * (len(content) - 73), 8 * len(content)):
        file.path.write_bytes(flipped(content, bit))
        assert load_checkpoint(file.path)["step"] in (1, 2)


def test_one_of_before_without_a_sum_is_held_to_its_parts(file):
    buffer, value = io.BytesIO(), {"step": 7, "weights": torch.ones(50)}
    torch.save(value, buffer)
    content, draw, refused = buffer.getvalue(), random.Random(0), 0
    file.path.write_bytes(content)
    assert load_checkpoint(file.path)["step"] == 7
    for bit in draw.sample(range(8 * len(content)), 300):
        file.path.write_bytes(flipped(content, bit))
        try:
            found = load_checkpoint(file.path)
        except CheckpointError:
            refused += 1
        else:
            assert found["step"] == 7
            assert torch.equal(found["weights"], value["weights"])
    assert refused > 100


def test_where_both_are_damaged_one_line_says_so(file):
    for step in (1, 2):
        file.save({"step": step})
        file.path.write_bytes(b"half")
        file.loaded = file.path
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(file.path)
    message = str(caught.value)
    assert f"{file.path} cannot be loaded" in message
    assert f", and {file.previous} cannot be loaded" in message
    assert "; delete c.pt and c.previous.pt to start this run again, with force=true" in message
    assert "\n" not in message


def test_a_damaged_one_does_not_take_the_place_of_the_whole_one_before(file):
    for step in (1, 2):
        file.save({"step": step})
    file.path.write_bytes(b"half")
    again = Checkpoint(file.path)
    assert again.load() == {"step": 1}
    again.save({"step": 3})
    assert load_checkpoint(file.previous) == {"step": 1}
    again.save({"step": 4})
    assert load_checkpoint(file.previous) == {"step": 3}


class Killed(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("moment", [1, 2])
def test_at_every_moment_one_is_whole(file, moment, monkeypatch, caplog):
    """Killed at the first and at the second of the two renames."""
    for step in (1, 2):
        file.save({"step": step})
    renames, replace = iter((1, 2)), type(file.path).replace

    def killed(self, target):
        if next(renames) == moment:
            raise Killed
        return replace(self, target)

    monkeypatch.setattr(type(file.path), "replace", killed)
    with pytest.raises(Killed):
        file.save({"step": 3})
    monkeypatch.undo()
    again = Checkpoint(file.path)
    assert again.exists()
    assert again.load() == {"step": 2}
    assert bool(caplog.messages) == (moment == 2)
    again.save({"step": 3})
    assert load_checkpoint(file.path) == {"step": 3}
    assert load_checkpoint(file.previous)["step"] in (1, 2)


def test_a_failed_save_leaves_the_old_checkpoint(file, tmp_path, monkeypatch):
    file.save({"step": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*c\.pt'"):
        file.save({"step": 2})
    assert load_checkpoint(file.path) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_a_checkpoint_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"step": Evil()}, "c.pt")
    with pytest.raises(CheckpointError, match="more than tensors and plain values") as caught:
        load_checkpoint(tmp_path / "c.pt")
    assert "weights_only" not in str(caught.value)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", [[1], torch.ones(2), "text"])
def test_what_is_no_state_is_one_line(content, tmp_path):
    torch.save(content, tmp_path / "c.pt")
    with pytest.raises(CheckpointError, match=f"a {type(content).__name__} instead of a run's"):
        load_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("share", [0, 0.5, 0.9])
def test_a_cut_checkpoint_is_one_clear_line(file, share):
    file.save({"w": torch.zeros(1000)})
    content = file.path.read_bytes()
    file.path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        CheckpointError, match=r"cannot be loaded .*; delete c.pt to start"
    ) as found:
        load_checkpoint(file.path)
    assert "\n" not in str(found.value)


def test_metrics_are_cut_to_the_checkpoint_and_half_lines_dropped(tmp_path, caplog):
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
    assert not caplog.messages


def test_odd_lines_among_the_metrics_are_one_line(tmp_path, caplog):
    file = MetricsFile(tmp_path / "m.jsonl")
    odd = ["[1]", '"x"', "{}", '{"step": "2"}', '{"step": true}', '{"step": 1, "loss": []}', "\x80"]
    odd += ["[" * 100_000, '{"step": 1, "loss"']
    file.append(1, {"loss": 0.5})
    with file.path.open("ab") as raw:
        raw.write("".join(f"{line}\n" for line in odd).encode("latin-1"))
    file.append(2, {"loss": 0.25})
    file.cut_after(5)
    assert caplog.messages == [f"{file.path}: 9 damaged lines left out"]
    assert file.lines() == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
