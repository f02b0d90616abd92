"""`make reproduce-table` and `make reproduce-figure`: run the rows of tables, or those that a
figure needs, side by side; then print the tables, draw the figure.

The rows run in as many processes as there are cores, one thread each, where the launcher, the
threads and a GPU do not say otherwise. A signal that reaches this process reaches the rows: each
leaves a checkpoint.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from hypernetworks.app.arguments import quoted
from hypernetworks.app.experiments import rows_of_sweep, sweep_names
from hypernetworks.app.figure import main as draw
from hypernetworks.app.main import run_words
from hypernetworks.report.cli import main as report
from hypernetworks.report.folders import table_of
from hypernetworks.report.records import RecordError, find
from hypernetworks.report.usage import Parser
from hypernetworks.training.cores import usable_cores
from hypernetworks.training.processes import count, leads


def main(arguments: list[str]) -> int:
    """Status 0; 1 if a row failed, after what the others give; else that of the command line."""
    options = _parser().parse_args(arguments)
    sweep = _sweep(options)
    if sweep is None:
        return 2
    words = [
        f"sweep={sweep}",
        f"results_dir={quoted(options.results)}",
        f"profile={options.profile or 'demo'}",
        f"seed={options.seeds}",
        *([f"hydra/launcher={options.launcher}"] if options.launcher else []),
        *options.overrides,
    ]
    status = _status([*words, *_which(_rows(sweep, options), words, options)])
    if status not in (0, 1) or not leads():
        return status  # a mistake, or a signal
    runs, profile = Path(options.results) / "runs", options.profile or "demo"
    if status and (options.figure or not _has_runs(runs, options.table, profile)):
        return status  # nothing to show: the reason stays the last line
    shown = _show(options)
    if status:
        print("error: not every row has run; the reason stands above the table", file=sys.stderr)
    return status or shown


def _show(options: argparse.Namespace) -> int:
    """Prints the tables, or draws the figure."""
    profile = ["--profile", options.profile] if options.profile else []
    if options.figure:
        logger = ["--logger", "none"] if "logger=none" in options.overrides else []
        return draw([options.figure, "--results", options.results, *profile, *logger])
    table = ["--table", options.table] if options.table else []
    printed = report(["table", "--results", options.results, *table, *profile])
    print(f"The records are in {Path(options.results) / 'runs'}.")
    return printed


def _sweep(options: argparse.Namespace) -> str | None:
    """The sweep's name; None, after one line on stderr, if there is no such table or figure."""
    names = sweep_names()
    if options.figure is not None:
        known = {n.removeprefix("figure"): n for n in names if n.startswith("figure")}
        what, asked = "figure", options.figure
    else:
        tables = [name for name in names if name != "all" and not name.startswith("figure")]
        known = {table_of(name): name for name in tables}
        what, asked = "table", options.table
    if asked is None:
        return "all"
    if asked not in known:
        print(f"error: no {what} {asked!r}; there are {', '.join(known)}", file=sys.stderr)
        return None
    return known[asked]


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks reproduce", description=__doc__)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--table", type=str.lower, metavar="TABLE", help="default: all")
    one.add_argument("--figure", type=str.lower, metavar="FIGURE", help="draw a figure instead")
    parser.add_argument("--profile", choices=("demo", "lite", "paper"), help="default: demo")
    parser.add_argument("--seeds", type=_seeds, default="0", metavar="0,1,2")
    parser.add_argument("--results", default="results", metavar="FOLDER")
    parser.add_argument("--launcher", metavar="NAME", help="basic, joblib, slurm, ray")
    parser.add_argument(
        "--jobs", type=count_of, metavar="N", help="rows at a time; default: the cores"
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    return parser


def count_of(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, 1 or more")
    return int(text)


def _seeds(text: str) -> str:
    if not re.fullmatch(r"\d+(,\d+)*|range\([\d,]+\)", text):
        raise argparse.ArgumentTypeError(f"{text!r}: write whole numbers, such as 0,1,2")
    return text


def _rows(sweep: str, options: argparse.Namespace) -> list[str]:
    """The sweep's rows; of a figure of several tables, but in demo, those of the tables that have
    runs, if one has: no table is trained for the sake of another's half of a picture."""
    rows = rows_of_sweep(sweep)
    profile = options.profile or "demo"
    if options.figure is None or profile == "demo":
        return rows
    tables = {table_of(row.split("/")[0]) for row in rows}
    begun = {table for table in tables if _has_runs(Path(options.results), table, profile)}
    return [row for row in rows if table_of(row.split("/")[0]) in begun] or rows


def _which(rows: list[str], words: list[str], options: argparse.Namespace) -> list[str]:
    """What chooses the rows, and makes them run side by side unless something else is asked for."""
    cores = jobs_here(options.jobs, words)
    chosen = [] if _names("experiment", words) else [f"experiment={','.join(rows)}"]
    if _names("hydra/launcher", words) or count() > 1 or cores < 2:
        return chosen
    # The later rows of a table are the larger ones: they begin first, so that none ends alone.
    axis = [f"experiment={','.join(rows[::-1])}"] if chosen else []
    jobs = min(cores, len(rows) * len(options.seeds.split(",")))
    threads = [] if _names("threads", words) else ["threads=1"]
    launcher = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={jobs}"]
    return [*axis, *launcher, "hydra.launcher.batch_size=1", *threads]


def jobs_here(asked: int | None, words: list[str]) -> int:
    """How many rows run side by side: as many as asked for, else as there are cores; one where they
    would share a GPU."""
    shared = any(word.startswith("device=cuda") for word in words)
    if shared or (shutil.which("nvidia-smi") and not asked):
        return 1
    return asked or usable_cores()


def _names(key: str, words: list[str]) -> bool:
    return any(word.startswith(f"{key}=") for word in words)


def _has_runs(tree: Path, table: str | None, profile: str) -> bool:
    try:
        return bool(find(tree, table, None, profile))
    except RecordError:
        return True  # the report says which record is damaged


def _status(words: list[str]) -> int:
    """The exit status of `python -m hypernetworks` with these words."""
    try:
        run_words(words)
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0
