"""Command lines whose mistakes are one line."""

import argparse
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Says what is wrong, and which --help tells more, instead of a page of usage; options are not
    abbreviated, so that a slip is none."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; {self.prog} --help\n")
