"""Completion by the shell: Hydra's own of a run's words, and beside it our commands.

What is typed is half a line: whatever is wrong with it is no error to show under somebody's prompt.
"""

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

from hypernetworks.app import launchers
from hypernetworks.app.experiments import row_names
from hypernetworks.app.help import COMMANDS

OPTIONS = ("-sc", "--shell-completion")
INNER = ("schema/", "shortened=", f"hydra/launcher={launchers.INNER}")
OF_ROWS = ("sample", "write", "translate", "compare")  # commands that take a row


def complete(arguments: list[str], hydra: Callable[[list[str]], None]) -> None:
    """Answers `-sc install=bash`, and what that makes a shell ask: `-sc query=bash`.

    Args:
        hydra: runs the words of a command line.
    Raises:
        SystemExit: with status 2 and a line on stderr, for a program that no shell can complete.
    """
    action = arguments[1].partition("=")[0] if len(arguments) > 1 else ""
    if action == "install" and Path(sys.argv[0]).suffix == ".py":
        print(
            "error: shells complete the installed script, not python -m: "
            f'eval "$(hypernetworks {" ".join(arguments)})"',
            file=sys.stderr,
        )
        sys.exit(2)
    if action != "query":
        hydra(arguments)
        return
    *before, word = _typed(os.environ.get("COMP_LINE", ""))
    for name in of_commands(before, word):
        print(name)
    if not {*before[:1]} & {*COMMANDS}:
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(io.StringIO()), suppress(SystemExit):
            hydra(arguments)
        print(of_users(said.getvalue()), end="")


def of_commands(before: list[str], word: str) -> list[str]:
    """What a word may become as a command's name, or as a row after one.

    Args:
        before: the words between the program and this one.
    """
    rows = row_names() if before and before[0] in OF_ROWS else []
    known = rows if before else list(COMMANDS)
    return [name for name in known if name.startswith(word)]


def of_users(said: str) -> str:
    """Of what Hydra says, what users type: not the groups that the configuration is made of."""
    lines = ([w for w in line.split(" ") if not w.startswith(INNER)] for line in said.split("\n"))
    return launchers.as_typed("\n".join(" ".join(words) for words in lines))


def _typed(line: str) -> list[str]:
    """The words after the program; an empty one where the next has not begun."""
    words = line.split()[1:]
    return words if words and not line[-1].isspace() else [*words, ""]
