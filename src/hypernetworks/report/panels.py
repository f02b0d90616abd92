"""A panel of a figure: the run that it shows, with what the run left for figures."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.errors import RecordError
from hypernetworks.report.records import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from hypernetworks.report.protocol import Figure

DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Panel:
    """label: the row's, in this profile. result: the table's metric, in words."""

    label: str
    result: str
    record: Record

    @property
    def about(self) -> str:
        """Profile, data and seed."""
        kind = self.record["data"]["kind"]
        data = "GENERATED DATA" if kind == "sample" else f"{kind} data"
        return f"profile {self.record['profile']}, {data}, seed {self.record['seed']}"

    @property
    def title(self) -> str:
        return f"{self.label}\n{self.result}\n{self.about}"

    @property
    def color(self) -> str:
        """Of the title: whoever looks must see that data are generated."""
        return "firebrick" if self.record["data"]["kind"] == "sample" else "black"

    def array(self, name: str, dimensions: int) -> NDArray[Any]:
        """An array that the run left beside its record.

        Raises:
            RecordError: if it is missing, damaged, of other dimensions, empty or not finite.
        """
        path = self.record.path.with_name(str(self.record["arrays"]))
        content = self.record.content(path.name)
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                array: NDArray[Any] = arrays[name]
        except Exception as error:  # whatever damaged bytes make numpy or zipfile raise
            raise RecordError(f"{path}: array '{name}': {_reason(error)}") from error
        if array.dtype.kind not in "iuf":
            raise RecordError(f"{path}: array '{name}' holds {array.dtype}, not numbers")
        if array.ndim != dimensions or not array.size or not np.isfinite(array).all():
            raise RecordError(
                f"{path}: array '{name}' has shape {array.shape}; {dimensions} dimensions of "
                "finite numbers can be drawn"
            )
        return array

    def curve(self) -> tuple[str, list[int], list[float]]:
        """The metric by which the run was selected, the steps of its evaluations, its values.

        Raises:
            RecordError: if the curve is missing or damaged.
        """
        path = self.record.path.with_name(str(self.record["curve"]))
        metric = self.record["selection"]["metric"]
        content = self.record.content(path.name)
        try:
            lines = [json.loads(line) for line in content.decode("utf-8").splitlines()]
            steps, values = [int(e["step"]) for e in lines], [float(e[metric]) for e in lines]
        except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
            raise RecordError(f"{path}: no curve of {metric} ({_reason(error)})") from error
        if not np.isfinite(values).all():
            raise RecordError(f"{path}: no curve of {metric} (numbers that are not finite)")
        return metric, steps, values


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError) and "pickle" in str(error):
        return "objects instead of numbers, which are not run"  # numpy's words advise to
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def tables_of(figure: "Figure") -> list[str]:
    """The tables of a figure's rows, in their order."""
    return list(dict.fromkeys(table for table, _ in figure.rows))


def missing(figure: "Figure", panels: Sequence[Panel]) -> dict[str, str]:
    """What is to be said of each of the figure's tables that has no panel."""
    profile, there = panels[0].record["profile"], {panel.record["table"] for panel in panels}
    return {
        table: f"figure {figure.id} without table {table}, which has no finished run in profile "
        f"{profile}; make reproduce-table TABLE={table} PROFILE={profile}"
        for table in tables_of(figure)
        if table not in there
    }


def canvas(width: float, height: float, constrained: bool = False) -> "Drawing":
    """An empty drawing, sizes in inches; constrained: its axes find their own places.

    Matplotlib is imported when the first is made.
    """
    from matplotlib.figure import Figure as Drawing

    return Drawing(
        figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained" if constrained else None
    )


def pictures(
    draw: Callable[[], "Drawing"], forms: Sequence[str] = ("png", "svg")
) -> dict[str, bytes]:
    """A drawing as {".png": ..., ".svg": ...}; the same panels always give the same bytes."""
    import matplotlib

    found = {}
    # The salt makes the SVG's ids, and no date its header, the same every time.
    with matplotlib.rc_context({"svg.hashsalt": "hypernetworks"}):
        drawing = draw()
        for form in forms:
            metadata = {"Date": None} if form == "svg" else None
            buffer = io.BytesIO()
            drawing.savefig(buffer, format=form, metadata=metadata)
            found[f".{form}"] = buffer.getvalue()
    return found
