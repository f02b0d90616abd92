"""Tables and the published records. Runs nothing."""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hypernetworks.locations import experiments_dir
from hypernetworks.report import compare, records
from hypernetworks.report.claims import load_claims
from hypernetworks.report.claims_table import terminal_claims
from hypernetworks.report.custom import all_tables
from hypernetworks.report.errors import WordsError
from hypernetworks.report.found import of_sound_records
from hypernetworks.report.page import write_page
from hypernetworks.report.protocol import Shortening, Table, load_figures, load_tables, pick
from hypernetworks.report.publish import publish
from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.tables import terminal_table
from hypernetworks.report.terminal import reader_may_leave, show_anything
from hypernetworks.report.usage import Parser
from hypernetworks.report.verdicts import verdicts

PROFILES = ("demo", "lite", "paper")
RESULTS = Path("results")


def main(arguments: Sequence[str] | None = None, program: str = "python -m hypernetworks") -> int:
    """Runs one command; foreseen errors are one line on stderr and status 1, of a mistake in the
    words 2."""
    parser = Parser(prog=program, description=__doc__)
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    return run(parser.parse_args(arguments))


def add_commands(commands: Any) -> None:
    """Adds report, table, claims, compare, publish, index and check to the subparsers of an
    argparse parser; `run` runs what was chosen."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    common.add_argument(
        "--experiments", type=Path, metavar="FOLDER", help="default: those of this package"
    )
    for name, command, about in (
        ("report", _report, "print tables beside the paper's, and write all of it as a page"),
        ("table", _table, "print tables beside the paper's"),
    ):
        table = commands.add_parser(name, parents=[common], help=about)
        table.add_argument("--table", metavar="TABLE", help="7, a1, one of your own; default: all")
        table.add_argument(
            "--profile", choices=PROFILES, help="of the printed column 'yours'; default: demo"
        )
        table.set_defaults(command=_of_sound_records(command))

    claims = commands.add_parser(
        "claims", parents=[common], help="say which of the paper's claims hold, of the records"
    )
    claims.add_argument(
        "--profile", choices=PROFILES, help="default: paper, or lite where more was run"
    )
    claims.add_argument(
        "--runs", action="store_true", help="judge the runs of this checkout, not the published"
    )
    claims.set_defaults(command=_of_sound_records(_claims))

    compare.add_command(commands, common)
    copy = commands.add_parser("publish", parents=[common], help="copy runs to the published ones")
    copy.add_argument("paths", type=Path, nargs="*", metavar="RECORD")
    copy.add_argument("--table", metavar="TABLE", help="instead of paths: all runs of a table")
    copy.add_argument("--profile", choices=PROFILES, default="paper", help="with --table")
    copy.set_defaults(command=_publish)

    index = commands.add_parser(
        "index", parents=[common], help="write the pages that are drawn from published records"
    )
    index.set_defaults(command=_index)
    check = commands.add_parser("check", parents=[common], help="check the published records")
    check.set_defaults(command=_check)


def run(options: argparse.Namespace) -> int:
    """Runs the command of parsed options."""
    show_anything()
    with reader_may_leave():
        return _run(options)
    return 0


def _run(options: argparse.Namespace) -> int:
    try:
        check_folder("--results", options.results, RESULTS)
        if options.experiments is None:
            options.experiments = experiments_dir()
        check_folder("--experiments", options.experiments)
        status: int = options.command(options)
    except BrokenPipeError:
        raise
    except (records.RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    return status


def check_folder(option: str, folder: Path, default: Path | None = None) -> None:
    """Raises WordsError where a folder was named that is none; the default one may be missing,
    since nothing has run yet."""
    if folder.exists() and not folder.is_dir():
        raise WordsError(f"{option} {folder}: it is no folder")
    if not folder.exists() and folder != default:
        raise WordsError(f"{option} {folder}: there is no such folder")


def _of_sound_records(command: Callable[[argparse.Namespace], int]) -> Any:
    return lambda options: of_sound_records(partial(command, options))


def _chosen(options: argparse.Namespace) -> list[Table]:
    tables: dict[
        str, list[Table]
    ] = {}  # a table of the user's own may have several kinds of result
    for table in all_tables(options.experiments, options.results):
        tables.setdefault(table.id, []).append(table)
    if options.table is None:
        return [table for of_id in tables.values() for table in of_id]
    return pick(tables, options.table, "table")


def _report(options: argparse.Namespace) -> int:
    """The tables first: they are there whatever becomes of the page."""
    _table(options)
    try:
        path = write_page(options.results, options.experiments)
    except (records.RecordError, OSError) as error:
        raise records.RecordError(f"the page is not written: {error}") from error
    print(f"All of it, with curves, figures and where each number comes from: {path}")
    return 0


def _table(options: argparse.Namespace) -> int:
    tables = _chosen(options)
    for table in tables:
        print(terminal_table(table, options.results, options.profile or "demo"))
    if options.profile is None:
        _remind(tables[0], f" TABLE={tables[0].id}" if options.table else "")
    return 0


def _remind(table: Table, only: str) -> None:
    """Says which profiles run the rows of files on real data."""
    command = f"make reproduce-table{only} PROFILE="
    if table.paper is not None or table.profiles.get("lite", Shortening()).words:
        print(f"Real data, shortened to minutes or hours a row: {command}lite")
    if table.paper is not None:
        print(f"For the paper's protocol on the real data: {command}paper SEEDS=0,1,2")


def _claims(options: argparse.Namespace) -> int:
    tables, figures = load_tables(options.experiments), load_figures(options.experiments)
    claims = load_claims(options.experiments, tables, figures)
    tree = "runs" if options.runs else "published"
    print(terminal_claims(verdicts(claims, options.results, options.profile, tree)), end="")
    return 0


def _publish(options: argparse.Namespace) -> int:
    paths = options.paths
    if bool(paths) == bool(options.table):
        raise WordsError("publish needs the records' files, or --table (not both)")
    if options.table:
        paths = _publishable(options)
    for path in publish(paths, options.results, options.experiments):
        print(path)
    return 0


def _publishable(options: argparse.Namespace) -> list[Path]:
    """The runs of a table and profile that may be published; names the others on stderr."""
    id_ = _chosen(options)[0].id
    paths = []
    for record in records.find(options.results / "runs", id_, profile=options.profile):
        reason = records.why_not_published(record)
        if reason is None:
            paths.append(record.path)
        else:
            print(f"{record.path}: left out: {reason}", file=sys.stderr)
    if not paths:
        raise records.RecordError(
            f"table {id_}, profile {options.profile}: no run that may be published"
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
