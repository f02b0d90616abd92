"""An extension of griffe: sections of docstrings need no blank line above them here."""

import re

import griffe

SECTION = re.compile(r"(?<=\S)\n(?=(?:Args|Returns|Yields|Raises|Attributes|Weights):\n)")


class Compact(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = SECTION.sub("\n\n", obj.docstring.value)
