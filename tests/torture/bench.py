"""What cases share: small runs of every task, and what an undisturbed one of each ends with."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from hypernetworks.report.records import find
from hypernetworks.training.files import load_checkpoint
from tests import little
from tests.torture.processes import finish

COMMON = (
    *("profile=demo", "logger=none", "quiet=true", "threads=1", "results_dir=results"),
    *("trainer.batch_size=20", "trainer.max_steps=12", "trainer.eval_every=3"),
    *("trainer.log_every=1", "trainer.checkpoint_every=0"),
)
TASKS = {
    "images": ("experiment=table7/hyper_cnn", "trainer.ema_decay=0.9"),
    "characters": ("experiment=table3/ln_hyperlstm_1000", "model.recurrent_dropout=0.1"),
}
CLOCK = ("seconds", "evaluating")


@dataclass(frozen=True)
class Undisturbed:
    """bits: all that a run ends with but its times. seconds: what it takes. half: results of a run
    that was stopped on its way and has two checkpoints."""

    bits: str
    seconds: float
    half: Path


class Bench:
    """A folder to work in, data, and the undisturbed runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.known: dict[str, Undisturbed] = {}
        little.write(self.data)

    def words(self, task: str) -> list[str]:
        return [*TASKS[task], *COMMON, f"data_dir={self.data}"]

    @contextmanager
    def place(self) -> Iterator[Path]:
        """An empty folder for a case."""
        with TemporaryDirectory(dir=self.folder) as place:
            yield Path(place)

    def undisturbed(self, task: str) -> Undisturbed:
        """The task's, which is run when it is first asked for."""
        if task not in self.known:
            half = self.folder / f"half-{task}"
            half.mkdir()
            with self.place() as place:
                finish(self.words(task), place)  # builds kernels
            with self.place() as place:
                began = time.monotonic()
                ended = finish(self.words(task), place)
                seconds = time.monotonic() - began
                found = bits(place / "results")
            for _ in range(4):
                ended = finish([*self.words(task), "trainer.max_time=1e-4"], half)
            assert found is not None, ended.text
            self.known[task] = Undisturbed(found, seconds, half)
        return self.known[task]

    def half_done(self, task: str, place: Path) -> Path:
        """Puts the results of a run that was stopped on its way into a place; its own folder."""
        shutil.copytree(self.undisturbed(task).half / "results", place / "results")
        (record,) = find(place / "results")
        return record.path.parent / str(record["id"])

    def same(self, task: str, place: Path) -> str | None:
        """What is wrong with a run that should have ended as the undisturbed one."""
        try:
            found = bits(place / "results")
        except Exception as error:
            return f"its results cannot be read: {error}"
        if found is None:
            return "not finished"
        return None if found == self.undisturbed(task).bits else "other numbers"


def bits(results: Path) -> str | None:
    """A hash of what the one finished run of a folder ended with; None without one."""
    finished = [record for record in find(results) if record["status"] == "finished"]
    if len(finished) != 1:
        return None
    (record,) = finished
    digest = hashlib.sha256(json.dumps([record["metrics"], record["selection"]]).encode())
    for name in (record["curve"], record["arrays"]):
        digest.update(record.content(name) if name else b"none")
    _add(load_checkpoint(record.path.parent / record["id"] / "checkpoint.pt"), digest)
    return digest.hexdigest()


def _add(value: Any, digest: Any) -> None:
    if isinstance(value, torch.Tensor):
        digest.update(value.contiguous().view(-1).numpy().tobytes())
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in CLOCK:
                digest.update(repr(key).encode())
                _add(inner, digest)
    elif isinstance(value, list | tuple):
        for inner in value:
            _add(inner, digest)
    else:
        digest.update(repr(value).encode())
