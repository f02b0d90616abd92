"""`make reproduce-table`: runs a table's sweep, then prints the table.

One process, which make's signals reach: a run that is stopped leaves a checkpoint.
"""

import argparse
import sys
from pathlib import Path

from hypernetworks.app.main import main as run
from hypernetworks.report.cli import main as report
from hypernetworks.report.records import RecordError, find


def main(arguments: list[str] | None = None) -> int:
    """Status 0; 1 if a row failed, after the table of the others; else that of the command line."""
    parser = argparse.ArgumentParser(prog="python -m hypernetworks.app.reproduce")
    parser.add_argument("--results", required=True)
    parser.add_argument("--table")
    parser.add_argument("--profile")
    parser.add_argument("overrides", nargs=argparse.REMAINDER, help="of the sweep")
    options = parser.parse_args(arguments)
    status = _status(options.overrides)
    if status not in (0, 1):
        return status  # a mistake, or a signal
    if status and not _anything_ran(options):
        return status  # nothing to show: the reason stays the last line
    chosen = {"--table": options.table, "--profile": options.profile}
    words = [word for key, value in chosen.items() if value for word in (key, value)]
    printed = report(["table", "--results", options.results, *words])
    if status:
        print("error: not every row has run; the reason stands above the table", file=sys.stderr)
    return status or printed


def _anything_ran(options: argparse.Namespace) -> bool:
    profile = options.profile or "demo"
    try:
        return bool(find(Path(options.results) / "runs", options.table, None, profile))
    except RecordError:
        return True  # the report says which record is damaged


def _status(overrides: list[str]) -> int:
    """The exit status of `python -m hypernetworks` with these overrides."""
    sys.argv[1:] = overrides
    try:
        run()
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
