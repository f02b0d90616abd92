"""What a claim is about: a number of one run, or between the runs of two rows with one seed.

A kind of evidence is a class here: a table's metric, parameters, or what a figure shows of the
arrays and curves that runs leave. None stands for a run that has no such number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.gates import UNKNOWN, largest_changes, text_and_changes
from hypernetworks.report.drawings.histograms import SATURATED, saturated, shares_of
from hypernetworks.report.drawings.ink import lifted
from hypernetworks.report.drawings.pen import line_and_changes
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel
from hypernetworks.report.protocol import Figure, Metric, pick

AT = {"spaces": " \n\t", "brackets": "[](){}<>"}  # characters, by the key `at`


class Quantity(Protocol):
    """words: what is measured. sign: between two rows' names. rows: of how many rows. exact: the
    same for every seed, so that one run says it all. needs: what a run must have left beside its
    record, "arrays" or "curve"."""

    @property
    def words(self) -> str: ...
    @property
    def sign(self) -> str: ...
    @property
    def digits(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def exact(self) -> bool: ...
    @property
    def needs(self) -> str | None: ...
    def of(self, panels: Sequence[Panel]) -> float | None:
        """Of a run of each row.

        Raises:
            RecordError: if an array or curve is missing or damaged.
        """
        ...


@dataclass(frozen=True)
class TableMetric:
    """A metric's difference: the first row less the second."""

    metric: Metric
    sign: str = " - "
    rows: int = 2
    exact: bool = False
    needs: str | None = None

    @property
    def words(self) -> str:
        return self.metric.name

    @property
    def digits(self) -> int:
        return self.metric.digits

    def of(self, panels: Sequence[Panel]) -> float | None:
        found = [panel.record["metrics"].get(self.metric.name) for panel in panels]
        return None if None in found else float(found[0]["value"] - found[1]["value"])


@dataclass(frozen=True)
class Parameters:
    """How many times the second row's parameters the first one's are, in all or of a part."""

    part: str
    sign: str = " / "
    digits: int = 2
    rows: int = 2
    exact: bool = True
    needs: str | None = None

    @property
    def words(self) -> str:
        return "parameters" + ("" if self.part == "total" else f" ({self.part})")

    def of(self, panels: Sequence[Panel]) -> float | None:
        counts = [panel.record["parameters"].get(self.part) for panel in panels]
        return None if None in counts or not counts[1] else float(counts[0] / counts[1])


@dataclass(frozen=True)
class Shown:
    """What a figure shows, in a number: `measure` of a run of each row."""

    words: str
    measure: Callable[[Sequence[Panel]], float | None]
    sign: str = " - "
    rows: int = 2
    needs: str | None = "arrays"
    digits: int = 3
    exact: bool = False

    def of(self, panels: Sequence[Panel]) -> float | None:
        return self.measure(panels)


def figure_quantity(figure: Figure, at: str | None) -> Quantity:
    """What is measured of a figure; at: of a text with its gates, where in it.

    Raises:
        RecordError: for a figure of whose drawing nothing is measured, an unknown or needless `at`.
    """
    array = str(figure.array)
    if figure.drawing == "gates":
        where = pick(AT, str(at), "place (key 'at')")
        words = f"mean change of the weights at {at} less that at letters (figure {figure.id})"
        return Shown(words, lambda panels: _change_at(panels[0], array, where), rows=1)
    if at is not None:
        raise RecordError(f"key 'at' does not belong to figure {figure.id}")
    of_drawing = {
        "histograms": Shown(
            f"share of |phi(c)| > {SATURATED:g} (figure {figure.id})",
            lambda panels: _less(panels, lambda p: saturated(shares_of(p, array))),
        ),
        "curves": Shown(
            f"validation, mean over the same steps (figure {figure.id})", _lower, needs="curve"
        ),
        "pen": Shown(
            "mean change of the weights from stroke to stroke less that within strokes "
            f"(figure {figure.id})",
            lambda panels: _change_between_strokes(panels[0], array),
            rows=1,
        ),
        "filters": Shown(
            f"correlation of neighbouring units' filters (figure {figure.id})",
            lambda panels: _less(panels, lambda p: _alike(p, array)),
        ),
    }
    if figure.drawing not in of_drawing:
        raise RecordError(f"of figure {figure.id} ({figure.drawing}) nothing is measured")
    return of_drawing[figure.drawing]


def _less(panels: Sequence[Panel], value: Callable[[Panel], float]) -> float:
    first, second = map(value, panels)
    return first - second


def _lower(panels: Sequence[Panel]) -> float | None:
    """The first curve less the second, over the readings at the same steps."""
    first, second = (dict(zip(*panel.curve()[1:], strict=True)) for panel in panels)
    both = first.keys() & second.keys()
    return float(np.mean([first[step] - second[step] for step in sorted(both)])) if both else None


def _change_at(panel: Panel, array: str, where: str) -> float | None:
    """Of each gate's largest change; None for a text without such characters, or letters."""
    text, changes = text_and_changes(panel, array)
    there = np.array([character in where for character in text])
    letters = np.array([character.isalpha() or character == UNKNOWN for character in text])
    return _more(changes, there, letters)


def _change_between_strokes(panel: Panel, array: str) -> float | None:
    line, changes = line_and_changes(panel, array)
    return _more(changes, lifted(line), ~lifted(line))


def _more(
    changes: NDArray[np.float64], here: NDArray[np.bool_], there: NDArray[np.bool_]
) -> float | None:
    change = (changes / largest_changes(changes)).mean(1)
    if not here.any() or not there.any():
        return None
    return float(change[here].mean() - change[there].mean())


def _alike(panel: Panel, array: str) -> float:
    """The mean correlation of the filters (n, height, width) of units that are neighbours in their
    square grid: 1 where, as in a convolution, all have the same.

    Raises:
        RecordError: if the units are no square.
    """
    filters = panel.array(array, 3).astype(np.float64)
    side = int(len(filters) ** 0.5)
    if side < 2 or side * side != len(filters):
        raise RecordError(f"{panel.record.path}: {len(filters)} filters are no square of units")
    flat = filters.reshape(side, side, -1)
    flat = flat - flat.mean(-1, keepdims=True)
    norm = np.linalg.norm(flat, axis=-1, keepdims=True)
    flat = flat / np.where(norm > 0, norm, 1)
    across, down = (flat[:, 1:] * flat[:, :-1]).sum(-1), (flat[1:] * flat[:-1]).sum(-1)
    return float(np.mean([across.mean(), down.mean()]))
