"""The command line: tables and the published records. Runs nothing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hypernetworks.locations import experiments_dir
from hypernetworks.report import records
from hypernetworks.report.protocol import Table, load_tables, pick
from hypernetworks.report.publish import publish
from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.tables import terminal_table

PROFILES = ("demo", "lite", "paper")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; foreseen errors are one line on stderr and status 1."""
    options = _parser().parse_args(arguments)
    try:
        if options.experiments is None:
            options.experiments = experiments_dir()
        status: int = options.command(options)
    except (records.RecordError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    common.add_argument(
        "--experiments", type=Path, metavar="FOLDER", help="default: those of this package"
    )
    parser = argparse.ArgumentParser(prog="python -m hypernetworks.report", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    table = commands.add_parser("table", parents=[common], help="print tables beside the paper's")
    table.add_argument("--table", metavar="TABLE", help="2 ... 7 or a1; default: all")
    table.add_argument("--profile", choices=PROFILES, help="of the column 'yours'; default: demo")
    table.set_defaults(command=_table)

    copy = commands.add_parser("publish", parents=[common], help="copy runs to the published ones")
    copy.add_argument("paths", type=Path, nargs="*", metavar="RECORD")
    copy.add_argument("--table", metavar="TABLE", help="instead of paths: all runs of a table")
    copy.add_argument("--profile", choices=PROFILES, default="paper", help="with --table")
    copy.set_defaults(command=_publish)

    index = commands.add_parser("index", parents=[common], help="write TABLES.md and INDEX.md")
    index.set_defaults(command=_index)
    check = commands.add_parser("check", parents=[common], help="check the published records")
    check.set_defaults(command=_check)
    return parser


def _chosen(options: argparse.Namespace) -> list[Table]:
    tables = {table.id: table for table in load_tables(options.experiments)}
    if options.table is None:
        return list(tables.values())
    return [pick(tables, options.table, "table")]


def _table(options: argparse.Namespace) -> int:
    for table in _chosen(options):
        print(terminal_table(table, options.results, options.profile or "demo"))
    if options.profile is None:
        only = f" TABLE={options.table}" if options.table else ""
        command = f"make reproduce-table{only} PROFILE="
        print(f"Real data, shortened to minutes or hours a row: {command}lite")
        print(f"For the paper's protocol on the real data: {command}paper SEEDS=0,1,2")
    return 0


def _publish(options: argparse.Namespace) -> int:
    paths = options.paths
    if bool(paths) == bool(options.table):
        raise records.RecordError("publish needs the records' files, or --table (not both)")
    if options.table:
        paths = _publishable(options)
    for path in publish(paths, options.results, options.experiments):
        print(path)
    return 0


def _publishable(options: argparse.Namespace) -> list[Path]:
    """The runs of a table and profile that may be published; names the others on stderr."""
    [table] = _chosen(options)
    paths = []
    for record in records.find(options.results / "runs", table.id, profile=options.profile):
        reason = records.why_not_published(record)
        if reason is None:
            paths.append(record.path)
        else:
            print(f"{record.path}: left out: {reason}", file=sys.stderr)
    if not paths:
        raise records.RecordError(
            f"table {table.id}, profile {options.profile}: no run that may be published"
        )
    return paths


def _index(options: argparse.Namespace) -> int:
    for path in write_published(options.results, options.experiments):
        print(path)
    return 0


def _check(options: argparse.Namespace) -> int:
    message = check_published(options.results, options.experiments)
    if message is not None:
        raise records.RecordError(message)
    return 0
