"""`python -m hypernetworks compare`: one's own runs beside each other, as text, picture and CSV."""

import argparse
import csv
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypernetworks.atomic import write_bytes, write_text
from hypernetworks.report.aggregate import state_of
from hypernetworks.report.comparison import Comparison, compare
from hypernetworks.report.drawings.compared import picture
from hypernetworks.report.errors import RecordError, WordsError
from hypernetworks.report.found import read_all, records_of

PICTURES = (".png", ".svg")


def add_command(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds it to the subparsers of the report's commands."""
    parser = commands.add_parser("compare", parents=[common], help="runs beside each other")
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="a record, a run's folder, a folder of records, or TABLE/ROW with * for any; "
        "default: all under RESULTS/runs",
    )
    parser.add_argument("--profile", help="only runs of this profile: demo, lite, paper")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="their curves, .png or .svg")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a line a run, all settings")
    parser.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> int:
    if options.figure is not None and options.figure.suffix not in PICTURES:
        raise WordsError(f"--figure {options.figure}: its name must end in {' or '.join(PICTURES)}")
    found, damaged = read_all(records_of(options.runs, options.results / "runs"))
    if options.profile is not None:
        found = [run for run in found if run["profile"] == options.profile]
    comparisons = compare(found)
    if not found and not damaged:
        of = f" of profile {options.profile}" if options.profile else ""
        raise RecordError(f"no run{of} there; python -m hypernetworks model=... dataset=... is one")
    if options.csv is not None and found:
        write_text(options.csv, as_csv(comparisons))
    if options.figure is not None and found:
        drawn, lacking = picture(comparisons)
        write_bytes(options.figure, drawn[options.figure.suffix])
        damaged += lacking
    print("\n\n".join(comparison.text() for comparison in comparisons))
    for line in damaged:
        print(f"error: {line}", file=sys.stderr)
    return 1 if damaged else 0


def as_csv(comparisons: Iterable[Comparison]) -> str:
    """A line a run, of all comparisons: what it is and what came of it, then the settings in which
    the runs of any comparison differ."""
    lines = [(c, line, run) for c in comparisons for line in c.lines for run in line.runs]
    keys = dict.fromkeys(key for comparison, _, _ in lines for key in comparison.keys)
    rows: list[dict[str, Any]] = []
    for _, line, run in lines:
        selection = run["selection"]
        metrics = {
            f"{name} ({found['unit']})": found["value"] for name, found in run["metrics"].items()
        }
        rows.append(
            {
                "run": line.name,
                "label": run["label"],
                "profile": run["profile"],
                "dataset": run["data"]["name"],
                "data kind": run["data"]["kind"],
                "seed": run["seed"],
                "state": state_of(run),
                "selected by": selection["metric"],
                "best": selection["value"],
                "best step": selection["step"],
                "steps": run["steps"],
                "seconds": run["wall_seconds"],
                "parameters": run["parameters"]["total"],
                **metrics,
                **{key: line.settings.get(key) for key in keys},
                "record": str(run.path),
            }
        )
    text = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
