"""Pen points as ink: positions, strokes, and how the generated weights change along them.

N points of a line, each (dx, dy, end of stroke); x to the right, y down; G gates
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.gates import GATES

INK = "#1f2a44"
HOT = "#e4572e"  # ink where the weights change the most
COLORS = ("#2a9d8f", "#e76f51", "#457b9d", "#d99a1b")  # of the gates


def positions(line: NDArray[Any]) -> NDArray[np.float64]:
    """Where the pen is at each point, (N, 2)."""
    return line[:, :2].astype(np.float64).cumsum(0)


def strokes(line: NDArray[Any]) -> list[NDArray[np.float64]]:
    """The points (n, 2) of each stroke; the last may have no end. A dot is a stroke of one."""
    ends = np.flatnonzero(line[:, 2] > 0.5) + 1
    return [stroke for stroke in np.split(positions(line), ends) if len(stroke)]


def lifted(line: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether the pen comes to each point but the first through the air, (N - 1,)."""
    found: NDArray[np.bool_] = line[:-1, 2] > 0.5
    return found


def change_by_pen(line: NDArray[Any], scaled: NDArray[Any]) -> str:
    """The mean change (N - 1, G), all gates, within strokes and from stroke to stroke, in words."""
    up = lifted(line)
    kinds = {"within strokes": ~up, "from stroke to stroke": up}
    means = [f"{kind} {scaled[of].mean():.2f}" for kind, of in kinds.items() if of.any()]
    return f"mean change {', '.join(means)}"


class Piece(NamedTuple):
    """Ink from point `first` to point `point`; from a point to itself it is a dot."""

    point: int
    first: int
    color: str


def shades(line: NDArray[Any], scaled: NDArray[Any] | None) -> list[Piece]:
    """The ink from point to point: the brighter, the more the weights (N - 1, G) change there."""
    up = lifted(line)
    change = np.zeros(len(up)) if scaled is None else scaled.mean(1)
    shares = np.sqrt(np.minimum(change / (change[~up].max(initial=0) or 1), 1))  # most are small
    begins, ends = np.concatenate([[True], up]), np.concatenate([up, [True]])
    return [
        Piece(k, k if begins[k] else k - 1, blend(INK, HOT, shares[k - 1] if k else 0))
        for k in range(len(line))
        if not begins[k] or ends[k]
    ]


def blend(cold: str, hot: str, share: float) -> str:
    """A colour between two, "#rrggbb"."""
    ends = [[int(color[k : k + 2], 16) for k in (1, 3, 5)] for color in (cold, hot)]
    mixed = (round(a + share * (b - a)) for a, b in zip(*ends, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def gate_names(count: int) -> tuple[str, ...]:
    """Of a model's gates; of one that has none the matrix's."""
    return GATES if count == len(GATES) else ("W",) * count
