"""Times a few steps of a row on this device: what its whole training would take, evaluations not
counted.

A process of its own trains on the row's real data, as the run itself would, and leaves nothing but
a line in the results' `probes.json`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf

from hypernetworks.app.checks import check_config
from hypernetworks.app.identity import RunFiles
from hypernetworks.app.params import compose_words
from hypernetworks.app.run import FORESEEN, loop_of, prepare
from hypernetworks.app.threads import threads_of
from hypernetworks.atomic import write_text
from hypernetworks.data import kept
from hypernetworks.report.records import RecordError
from hypernetworks.training.devices import placement
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

STEPS_FOR = 5.0  # seconds
PATIENCE = 600.0  # seconds, with the imports and the data
FILE = "probes.json"


def read_probes(results: Path) -> dict[str, float]:
    """Seconds of a whole run, by row, profile, protocol and device; {} before the first probe.

    Raises:
        RecordError: if the file is damaged.
    """
    path = results / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {str(key): float(seconds) for key, seconds in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise RecordError(f"{path}: damaged ({error}); delete it, and PROBE=1 makes it") from error


def probe(words: list[str], key: str, results: Path) -> float | None:
    """Runs the steps and notes what they tell; None if they fail, or take longer than PATIENCE."""
    command = [sys.executable, "-m", "hypernetworks.app.probe", *words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        print(f"{key}: no probe within {PATIENCE:g} seconds", file=sys.stderr)
        return None
    if done.returncode:
        return None
    seconds = float(done.stdout.splitlines()[-1])
    with kept.alone(results / FILE):  # another process may note one of its own
        noted = {**read_probes(results), key: seconds}
        write_text(results / FILE, json.dumps(noted, indent=1, sort_keys=True) + "\n")
    return seconds


def seconds_of_all(cfg: DictConfig) -> float:
    """What all steps would take at the pace of some; the first one, which makes what later ones
    find, is none of them."""
    check_config(cfg)
    settings = OmegaConf.to_object(cfg.trainer)
    assert isinstance(settings, TrainerSettings)
    if cfg.threads is not None:
        torch.set_num_threads(cfg.threads)
    results = Path(cfg.results_dir)
    results.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory(dir=results, prefix=".probe-")
    with scratch as folder, placement(cfg.device) as place:
        run = prepare(cfg, settings, place, RunFiles(Path(folder), "probe"))
        torch.set_num_threads(threads_of(run, None))
        loop = loop_of(run)
        settings.max_time = 1e-9
        if loop.run(StopFlag()):
            return loop.progress.seconds
        step, seconds = loop.progress.step, loop.progress.seconds
        settings.max_time = STEPS_FOR
        loop.run(StopFlag())
        pace = (loop.progress.seconds - seconds) / (loop.progress.step - step)
        return pace * run.steps


def main(words: list[str]) -> int:
    """Prints the seconds; foreseen errors are one line on stderr."""
    try:
        print(seconds_of_all(compose_words(*words)))
    except FORESEEN as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
