"""The files of a run in progress: its checkpoint and its metrics, safe against a kill."""

import json
import os
from pathlib import Path
from typing import Any

import torch


class CheckpointError(Exception):
    """A checkpoint that cannot be read or belongs to another configuration."""


def save_atomically(value: dict[str, Any], path: Path) -> None:
    """Saves with `torch.save`, so that `path` is always the old file or the new one, whole."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Loads tensors and plain values only: a checkpoint can run no code.

    Raises:
        CheckpointError: if the file is damaged or holds anything else.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{path} cannot be loaded ({reason}); delete it to start this run again"
        ) from error


class MetricsFile:
    """One JSON object a line, each handed to the system before training goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, metrics: dict[str, float]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")

    def lines(self) -> list[dict[str, float]]:
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break  # a kill in mid-write leaves half a last line, which is written again
        return found

    def cut_after(self, step: int) -> None:
        """Drops what was written after the checkpoint that a run resumes from."""
        kept = [json.dumps(line) + "\n" for line in self.lines() if line["step"] <= step]
        part = self.path.with_name(self.path.name + ".part")
        part.write_text("".join(kept), encoding="utf-8")
        part.replace(self.path)
