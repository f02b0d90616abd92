"""`python -m hypernetworks dashboard`: a workspace and a report on wandb, or their JSON.

Where you are logged in (wandb login) they are created in your project; each call makes new ones.
The JSON is written in any case, under RESULTS/dashboard.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypernetworks.atomic import write_text
from hypernetworks.report.errors import RecordError, WordsError
from hypernetworks.report.usage import Parser

LACKING = "error: {} is not installed; pip install 'hypernetworks[suite]'"


def main(arguments: list[str]) -> int:
    """Status 0, or 1 after one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        from hypernetworks.app.dashboard.boards import report, workspace
    except ModuleNotFoundError as missing:
        print(LACKING.format(missing.name), file=sys.stderr)
        return 1
    from hypernetworks.app.mirror import PROJECT, mode_of, one_line

    project = options.project or os.environ.get("WANDB_PROJECT") or PROJECT
    entity = options.entity or os.environ.get("WANDB_ENTITY")
    try:
        sets = _chosen(options.table)
    except RecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    folder = options.results / "dashboard"
    online = mode_of("auto") == "online"
    try:
        entity = entity or (_default_entity() if online else "")
        boards: dict[str, Any] = {
            "report": report(sets, project, entity, options.results),
            "workspace": workspace(sets, project, entity, options.table),
        }
        _write(boards, folder, project, entity)
        if online:
            for board in boards.values():  # the report first: it makes the project
                print(board.save().url)
    except Exception as error:  # wandb's come from all its layers, and have no common class
        if not online:
            raise
        print(f"error: wandb did not take it: {one_line(error)}", file=sys.stderr)
        return 1
    if not online:
        print(
            f"not logged in to wandb, so nothing is created there; after `wandb login` the same "
            f"command does. What it would create: {folder}/report.json, {folder}/workspace.json"
        )
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks dashboard", description=__doc__)
    parser.add_argument("--project", help="default: WANDB_PROJECT, else hypernetworks")
    parser.add_argument("--entity", help="default: WANDB_ENTITY, else your own")
    parser.add_argument("--table", help="7, a1, multi30k; default: all")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    return parser


def _chosen(only: str | None) -> list[Any]:
    """What is shown, of all tables or of one.

    Raises:
        RecordError: if there is no such table.
    """
    from hypernetworks.app.dashboard.sets import sets_of
    from hypernetworks.locations import experiments_dir
    from hypernetworks.report.protocol import load_figures, load_tables, pick

    tables = load_tables(experiments_dir())
    if only is not None:
        only = pick({table.id: table for table in tables}, only, "table").id
    return sets_of(tables, list(load_figures(experiments_dir()).values()), only)


def _default_entity() -> str:
    import wandb

    return str(wandb.Api().default_entity)


def _write(boards: Mapping[str, Any], folder: Path, project: str, entity: str) -> None:
    for name, board in boards.items():
        model = board._to_model()
        whole = {
            "entity": entity or None,
            "project": project,
            "displayName": model.display_name,
            "spec": json.loads(model.spec.model_dump_json(by_alias=True, exclude_none=True)),
        }
        write_text(folder / f"{name}.json", json.dumps(whole, indent=1) + "\n")
