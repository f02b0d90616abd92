"""What a sweep of one's own ends with: its runs compared, and where their records are."""

from collections.abc import Iterable
from pathlib import Path

from tabulate import tabulate

from hypernetworks.report.aggregate import state_of
from hypernetworks.report.comparison import compare
from hypernetworks.report.found import read_all


def summary(paths: Iterable[Path]) -> str:
    """The runs of these records as text: a table a metric, then each run's seed, state and record;
    a line for a record that is damaged."""
    found, damaged = read_all(paths)
    tables = [comparison.text() for comparison in compare(found)]
    runs = [[f"seed {run['seed']}", state_of(run), str(run.path)] for run in found]
    return "\n\n".join([*tables, tabulate(runs, tablefmt="plain"), *damaged]).strip()
