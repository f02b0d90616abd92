"""Offline wandb runs, read back."""

import json
import subprocess
import sys
import time


def read_back(folder):
    """All records of all offline runs below a folder: {kind: [values]}, by wandb's own reader.

    wandb's service may still be writing when the run has ended.
    """
    deadline = time.monotonic() + 20
    while "run" not in (found := _records(folder)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _records(folder):
    found = {}
    for path in sorted(folder.rglob("run-*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            for kind, value in json.loads(line).items():
                found.setdefault(kind, []).append(value)
    return found


def summary_of(found):
    return {k: v for entry in found["summary"] for k, v in entry["update"].items()}
