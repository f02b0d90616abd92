"""One line of the IAM on-line database, from its XML.

The parser streams: no tree is built. It refuses a document type, with which entities come, before
it reads one, and fetches nothing.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from lxml import etree

from hypernetworks.data.errors import DataError
from hypernetworks.data.pen import Readings

ROOT = "WhiteboardCaptureSession"
LARGEST = 1e6  # sensor units; a whiteboard has about 10,000
LONGEST = 1e9  # seconds
REMEDY = "unpack lineStrokes-all.tar.gz again"


class _Strokes:
    """What the parser calls: collects the points of a document.

    Attributes:
        strokes: how many began, once its root did. values: x, y, time and the stroke's number,
            point by point.
    """

    def __init__(self) -> None:
        self.strokes: int | None = None
        self.values: list[tuple[float, float, float, int]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == ROOT:
            self.strokes = 0
        elif self.strokes is None:
            raise ValueError
        elif tag == "Stroke":
            self.strokes += 1
        elif tag == "Point":
            x, y, time = attributes["x"], attributes["y"], attributes["time"]
            self.values.append((float(x), float(y), float(time), self.strokes))

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError

    def close(self) -> None:
        pass


def read(content: bytes, path: Path) -> tuple[Readings, int]:
    """The readings of a line's file, maybe none, and how many strokes have none.

    Args:
        path: to name in errors.
    Raises:
        DataError: if it is no whole XML of a line, or its numbers cannot be.
    """
    found = _Strokes()
    parser = etree.XMLParser(
        target=found, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        parser.feed(content)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise DataError(f"{path}: no whole XML, line {error.lineno or 1}; {REMEDY}") from None
    except (ValueError, KeyError):
        raise DataError(
            f"{path}: not the XML of a line (a {ROOT} without a document type, of Stroke and Point "
            f"with numbers x, y and time); {REMEDY}"
        ) from None
    values = np.array(found.values, np.float64).reshape(-1, 4)
    if not (np.abs(values) <= [LARGEST, LARGEST, LONGEST, np.inf]).all():
        raise DataError(f"{path}: coordinates or times that no whiteboard gives; {REMEDY}")
    strokes = values[:, 3].astype(np.int64)
    empty = set(range(1, 1 + (found.strokes or 0))) - set(strokes.tolist())
    return Readings(values[:, :2], values[:, 2], strokes), len(empty)
