"""Start-up: `--cfg job` and `--help` against those of a bare Hydra application, in turns, as whole
processes; with as many row files as there will be, and with ten times as many."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from hypernetworks.locations import experiments_dir

BARE = """\
import hydra

@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg):
    pass

main()
"""
# The command line over another folder of rows.
OURS = """\
import pathlib, sys
import hypernetworks.locations as locations
locations.experiments_dir = lambda: pathlib.Path({folder!r})
from hypernetworks.app.main import main
main()
"""
ROW = "experiment=table7/cnn"
TARGETS = {"--cfg job": 0.5, "--help": 1.0}  # seconds over the bare application
FEW, MANY = 34, 340


def measure(runs: int = 9) -> dict[str, float]:
    """Prints medians and returns {option: seconds over the bare application, with FEW rows}."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bare.py").write_text(BARE)
        Path(folder, "config.yaml").write_text("lr: 0.1\n")
        for rows in (FEW, MANY):
            _with_rows(Path(folder, f"rows{rows}"), rows)
            code = OURS.format(folder=str(Path(folder, f"rows{rows}")))
            Path(folder, f"ours{rows}.py").write_text(code)
        programs = {"bare": "bare.py", FEW: f"ours{FEW}.py", MANY: f"ours{MANY}.py"}
        seconds: dict[tuple[object, str], list[float]] = {}
        for _ in range(runs + 1):
            for name, program in programs.items():
                for option in TARGETS:
                    words = [] if name == "bare" else [ROW]
                    command = [sys.executable, program, *words, *option.split()]
                    seconds.setdefault((name, option), []).append(_seconds(command, folder))
    found = {key: median(values[1:]) for key, values in seconds.items()}
    more = {}
    for option, target in TARGETS.items():
        bare, few, many = (found[name, option] for name in programs)
        more[option] = few - bare
        verdict = "met" if few - bare <= target else "MISSED"
        print(
            f"{option}, ours / a bare Hydra application: {few / bare:.2f} = {few:.2f} s / "
            f"{bare:.2f} s, medians of {runs}; {few - bare:+.2f} s (target <= +{target} s: "
            f"{verdict}); {MANY} rows / {FEW} rows: {many / few:.2f}"
        )
    return more


def _with_rows(folder: Path, rows: int) -> None:
    """The experiments with more rows: copies, under other names, in folders of as many."""
    shutil.copytree(experiments_dir(), folder)
    there = [path for path in folder.glob("table*/*.yaml") if "order" in path.read_text()]
    for number in range(rows - len(there)):
        original = there[number % len(there)]
        table = folder / f"{original.parent.name}_{number // len(there)}"
        table.mkdir(exist_ok=True)
        shutil.copy(original, table / original.name)


def _seconds(command: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    measure()
