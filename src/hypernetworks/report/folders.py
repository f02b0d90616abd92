"""How the tables' folders in `experiments/` are called, and in what order they come.

The paper's tables are table7, table_a1, with the ids "7", "a1"; any other folder is a table of our
own, and its name is its id.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from hypernetworks.report.errors import RecordError

NO_ROWS = ("table", "demo", "lite", "paper")  # files of a table's folder that are no rows


def table_of(folder: str) -> str:
    """The table's id: "table7" -> "7", "table_a1" -> "a1", "mine" -> "mine"."""
    return folder.removeprefix("table").removeprefix("_") or folder


def folder_name(table: str) -> str:
    """The folder of a table: "7" -> "table7", "a1" -> "table_a1", "mine" -> "mine"."""
    if table.isdigit():
        return f"table{table}"
    return f"table_{table}" if re.fullmatch("[a-z][0-9]+", table) else table


def tables_in(experiments: Path) -> list[str]:
    """The ids of the tables that have a folder, in the paper's order. A folder of our own without
    a table.yaml is none: its rows are known from their records alone.

    Raises:
        RecordError: naming a folder whose name no table of our own can have.
    """
    folders = [path for path in experiments.glob("*") if path.is_dir()]
    named = [f for f in folders if f.name.startswith("table") or (f / "table.yaml").exists()]
    for folder in named:
        if (folder / "table.yaml").exists() and folder_name(table_of(folder.name)) != folder.name:
            raise RecordError(
                f"{folder}: no name for a table of one's own: it is like one of the paper's, "
                "table7 or table_a1; take another"
            )
    return in_order(table_of(f.name) for f in named if folder_name(table_of(f.name)) == f.name)


def in_order(tables: Iterable[str]) -> list[str]:
    """Ids in the paper's order: numbers, then the appendix, then our own by name."""
    return sorted(set(tables), key=place)


def place(table: str) -> tuple[bool, int, str]:
    """What orders a table among others."""
    ours = not folder_name(table).startswith("table")
    return ours, int(table) if table.isdigit() else 10**9, table
