"""Start-up: `--cfg job` against that of a bare Hydra application, whole processes in turns."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

BARE = """\
import hydra

@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(cfg):
    pass

main()
"""
TARGET = 0.5  # seconds


def measure(runs: int = 9) -> float:
    """Prints the median seconds of each and returns the difference to the bare application."""
    ours = [sys.executable, "-m", "hypernetworks"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bare.py").write_text(BARE)
        Path(folder, "config.yaml").write_text("lr: 0.1\n")
        bare = [sys.executable, str(Path(folder, "bare.py"))]
        commands = {
            "ours": [*ours, "--cfg", "job"],
            "bare": [*bare, "--cfg", "job"],
            "our --help": [*ours, "--help"],
            "bare --help": [*bare, "--help"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs + 1):
            for name, command in commands.items():
                seconds[name].append(_seconds(command, folder))
    found = {name: median(values[1:]) for name, values in seconds.items()}
    more = found["ours"] - found["bare"]
    verdict = "met" if more <= TARGET else "MISSED"
    print(
        f"--cfg job, ours / a bare Hydra application: {found['ours'] / found['bare']:.2f} = "
        f"{found['ours']:.2f} s / {found['bare']:.2f} s, medians of {runs}; "
        f"{more:+.2f} s (target <= +{TARGET} s: {verdict})"
    )
    print(f"  --help: {found['our --help']:.2f} s / {found['bare --help']:.2f} s")
    return more


def _seconds(command: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    measure()
