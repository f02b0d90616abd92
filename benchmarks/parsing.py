"""Lines of handwriting from their original files: parsed once, then taken from what was kept."""

import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from hypernetworks.data import iam, unipen
from hypernetworks.data.generated import iam_files, unipen_files
from hypernetworks.data.lines import LineSplits, Selection

LINES, WRITERS = 12_179, 221  # of the IAM on-line database
ROWS, HANDS = 21_130, 430  # of UNIPEN's free text
PARSE, LOAD = 60.0, 1.0  # seconds, on 2 cores


def _report(name: str, load: Callable[[], LineSplits], runs: int = 5) -> None:
    """Prints what the first call takes, which parses, and the median of those after it."""
    seconds = []
    for _ in range(1 + runs):
        started = time.perf_counter()
        found = load()
        seconds.append(time.perf_counter() - started)
    parse, kept = seconds[0], median(seconds[1:])
    lines = len(found.train) + len(found.valid)
    points = len(found.train.points) + len(found.valid.points)
    verdicts = ("met" if parse <= PARSE else "MISSED", "met" if kept <= LOAD else "MISSED")
    print(
        f"{name}, {lines:,} lines of {points / lines:.0f} points, from what was kept / parsed: "
        f"{kept / parse:.3f} = {kept:.2f} s, median of {runs} (target <= {LOAD:.0f} s: "
        f"{verdicts[1]}) / {parse:.1f} s (target <= {PARSE:.0f} s: {verdicts[0]})"
    )


def measure_iam(lines: int = LINES, writers: int = WRITERS) -> None:
    """Prints it for generated lines in the place of IAM's."""
    log = logging.getLogger("hypernetworks")
    level = log.level
    log.setLevel(logging.ERROR)  # the lists have not IAM's counts
    with tempfile.TemporaryDirectory() as folder:
        iam_files.write(Path(folder, "iam"), lines, writers)
        _report("IAM", lambda: iam.load(Path(folder), "real", Selection(1), 0.05, 500.0))
    log.setLevel(level)


def measure_unipen(lines: int = ROWS, writers: int = HANDS) -> None:
    """Prints it for generated lines in the place of UNIPEN's."""
    with tempfile.TemporaryDirectory() as folder:
        unipen_files.write(Path(folder, unipen.NAME, unipen.RELEASE), lines, writers)
        _report(
            "UNIPEN",
            lambda: unipen.load(Path(folder), "stand-in", Selection(1), True, True, 0.1, 0),
        )


def main() -> None:
    measure_iam()
    measure_unipen()
