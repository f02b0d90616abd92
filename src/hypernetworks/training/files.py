"""The files of a run in progress: its checkpoint and its metrics, safe against kills and damage."""

import hashlib
import io
import json
import logging
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from hypernetworks.atomic import named, write_bytes, write_text

log = logging.getLogger("hypernetworks")

# Stands behind what `torch.save` wrote, which `torch.load` reads all the same.
TRAILER = re.compile(rb"\nsha256 ([0-9a-f]{64})\n")
LENGTH = 73  # bytes of it


class CheckpointError(Exception):
    """A checkpoint that cannot be read or belongs to another configuration."""


class Checkpoint:
    """The newest checkpoint of a run, and the one before it, for when the newest is damaged.

    At any moment, that of a kill too, one of the two is whole.

    Attributes:
        path, previous: the two files.
        loaded: the one that `load` took.
    """

    def __init__(self, path: Path) -> None:
        self.path = self.loaded = path
        self.previous = path.with_name(f"{path.stem}.previous{path.suffix}")

    def exists(self) -> bool:
        return self.path.exists() or self.previous.exists()

    def save(self, value: dict[str, Any]) -> None:
        """Makes `value` the newest one.

        Raises:
            OSError: naming the file, such as on a full disk; then the old ones stay.
        """
        content = io.BytesIO()  # a full disk under `torch.save` raises what does not say so
        torch.save(value, content)
        digest = hashlib.sha256(content.getbuffer()).hexdigest()
        content.seek(0, io.SEEK_END)
        content.write(f"\nsha256 {digest}\n".encode())
        # One that is damaged must not take the place of the whole one before it.
        before = self.previous if self.loaded == self.path else None
        write_bytes(self.path, content.getbuffer(), before)
        self.loaded = self.path

    def load(self) -> dict[str, Any]:
        """The newest one that is whole: tensors and plain values only, it can run no code.

        One line in the log says if it is the one before.

        Raises:
            CheckpointError: if both are damaged, missing or hold anything else.
        """
        faults = []
        for path in (self.path, self.previous):
            try:
                value = _read(path)
            except FileNotFoundError:
                faults.append(f"{path} is missing")
            except Exception as error:  # whatever damaged bytes make torch or zipfile raise
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                faults.append(f"{path} cannot be loaded ({reason})")
            else:
                self.loaded = path
                if faults:
                    log.warning("%s: taking the one before it, %s", faults[0], path.name)
                return value
        there = " and ".join(p.name for p in (self.path, self.previous) if p.exists())
        again = "to start this run again, with force=true if it was finished"
        remedy = f"; delete {there} {again}" if there else ""
        raise CheckpointError(f"{', and '.join(faults)}{remedy}")


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `Checkpoint(path).load()` gives."""
    return Checkpoint(path).load()


def _read(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    trailer = TRAILER.fullmatch(content[-LENGTH:])
    if trailer:
        content = content[:-LENGTH]
        if hashlib.sha256(content).hexdigest() != trailer[1].decode():
            raise ValueError("damaged: its SHA-256 is another")
    else:
        _check_parts(content)
    try:
        value = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # Torch's own words advise to run the file.
        raise ValueError("more than tensors and plain values, which are not run") from None
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} instead of a run's state")
    return value


def _check_parts(content: bytes) -> None:
    """Holds a checkpoint without a SHA-256, as they were before, to its parts' CRC-32."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        damaged = parts.testzip()
    if damaged is not None:
        raise ValueError(f"damaged: {damaged}")


class MetricsFile:
    """One JSON object a line, each handed to the system before training goes on.

    To look at while a run goes on; what its curve is made of lies in the checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, metrics: dict[str, float]) -> None:
        with named(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")

    def lines(self) -> list[dict[str, float]]:
        """Those that are whole; one line in the log says if there are others."""
        if not self.path.exists():
            return []
        found = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        readings = [_reading(line) for line in found[:-1]]  # a kill leaves half a last line
        whole = [reading for reading in readings if reading is not None]
        if len(whole) < len(readings):
            log.warning("%s: %d damaged lines left out", self.path, len(readings) - len(whole))
        return whole

    def cut_after(self, step: int) -> None:
        """Drops what was written after the checkpoint that a run resumes from."""
        kept = [json.dumps(line) + "\n" for line in self.lines() if line["step"] <= step]
        write_text(self.path, "".join(kept))


def _reading(line: str) -> dict[str, float] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    numbers = isinstance(found, dict) and all(type(x) in (int, float) for x in found.values())
    return found if numbers and type(found.get("step")) is int else None
