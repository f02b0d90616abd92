"""What the rows of a sweep, which may run in processes of their own, tell each other.

It lies in the sweep's folder: a line when a row begins and ends, the number of rows, and a signal
that asked to stop.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from hypernetworks.training import processes


@dataclass(frozen=True)
class Board:
    """What the processes of a sweep know of each other."""

    folder: Path

    def begin(self, rows: int) -> None:
        """Starts anew, also in a folder that a sweep had before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self.folder / "stop", *self.folder.glob("row*.jsonl")):
            path.unlink(missing_ok=True)
        (self.folder / "rows").write_text(f"{rows}\n", encoding="utf-8")

    def tell(self, label: str, event: str, **more: Any) -> None:
        """Adds a line: event "begins", "record", or how the row ended.

        Each row has a file: lines that several machines add to one may overwrite each other.
        """
        if not processes.leads():
            return
        job = HydraConfig.get().job.num
        line = {"job": job, "label": label, "event": event, "pid": os.getpid(), **more}
        with (self.folder / f"row{job:04}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def stop(self, signum: int) -> None:
        (self.folder / "stop").write_text(f"{signum}\n", encoding="utf-8")

    @property
    def stopped(self) -> int | None:
        """The signal that asked the sweep to stop."""
        path = self.folder / "stop"
        return int(path.read_text(encoding="utf-8")) if path.exists() else None

    @property
    def rows(self) -> int:
        path = self.folder / "rows"
        return int(path.read_text(encoding="utf-8")) if path.exists() else 1

    def lines(self) -> list[dict[str, Any]]:
        """Those of all rows, row by row."""
        texts = [p.read_text(encoding="utf-8") for p in sorted(self.folder.glob("row*.jsonl"))]
        lines = [line for text in texts for line in text.splitlines(keepends=True)]
        # A line that is being written has no end yet.
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def records(self) -> list[Path]:
        """Those of the rows so far."""
        found = [Path(line["record"]) for line in self.lines() if line["event"] == "record"]
        return [path for path in dict.fromkeys(found) if path.exists()]

    def ended(self) -> int:
        """How many rows have."""
        return sum(line["event"] not in ("begins", "record") for line in self.lines())

    def running(self) -> list[dict[str, Any]]:
        """The lines with which the rows began that have not ended."""
        found: dict[int, dict[str, Any]] = {}
        for line in self.lines():
            if line["event"] == "begins":
                found[line["job"]] = line
            elif line["event"] != "record":
                found.pop(line["job"], None)
        return list(found.values())
