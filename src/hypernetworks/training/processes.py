"""Which of a run's processes this one is, as torchrun's environment says. Imports no torch."""

from os import environ


def count() -> int:
    """Processes of the run; 1 where nobody started several."""
    return int(environ.get("WORLD_SIZE", "1"))


def leads() -> bool:
    """Whether this process writes the files and shows the run; exactly one of a run does."""
    return count() == 1 or environ.get("RANK", "0") == "0"
