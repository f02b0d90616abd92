"""A line of handwriting as it is drawn, and the changes of the gates' weights beneath the pen: one
SVG file that moves by its own style sheet, without a script.

N points of a line, G gates. Whoever asks for less motion sees the whole line at rest.
"""

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypernetworks.report.drawings.gates import largest_changes
from hypernetworks.report.drawings.ink import (
    COLORS,
    HOT,
    gate_names,
    lifted,
    positions,
    shades,
)

# In the picture's own units, of which it is WIDTH wide.
WIDTH, MARGIN, LEFT, HEAD = 1200, 36, 60, 84
TALLEST = 420
TRACE, BAR, GAP = 58, 46, 16
BEATS = 400  # moments at which something appears, at most
POINTS_A_SECOND = 60
REST = 3.5  # seconds for which the whole line stays, the last of them fading

PAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" \
aria-label="{label}">
<style>
text {{ font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }}
path {{ fill: none; stroke-linecap: round; stroke-linejoin: round }}
.ink {{ stroke-width: 2.6 }}
.bar {{ stroke-width: 1.5; stroke-linecap: butt; stroke-opacity: .75 }}
.moving {{ display: none }}
@media (prefers-reduced-motion: no-preference) {{
.moving {{ display: inline; animation: pen {seconds}s linear infinite }}
.ray {{ animation-name: ray }}
.tip {{ animation-name: tip }}
.all {{ animation: all {seconds}s linear infinite }}
.all g {{ animation: {seconds}s step-end infinite }}
@keyframes all {{ {rest}% {{ opacity: 1 }} 100% {{ opacity: 0 }} }}
{frames}
}}
</style>
<rect width="{width}" height="{height}" rx="14" fill="#fffdf8"/>
{text}
<g class="all">
{beats}
</g>
<g class="moving ray"><path d="M0 {top}V{bottom}" stroke="{hot}" stroke-opacity=".3"/></g>
<g class="moving tip"><circle r="13" fill="{hot}" fill-opacity=".2"/>
<circle r="4.5" fill="{hot}"/></g>
</svg>
"""


def moving(
    heading: str, color: str, line: NDArray[Any], changes: NDArray[np.float64] | None
) -> str:
    """The file's text.

    Args:
        heading: its lines stand on top; color: of the first of them.
        changes: (N - 1, G), of a model with scaling vectors.
    """
    points, up = positions(line), lifted(line)
    low, size = points.min(0), np.ptp(points, axis=0)
    scale = min((WIDTH - LEFT - MARGIN) / (size[0] or 1), TALLEST / (size[1] or 1))
    points = (points - low) * scale + (LEFT, HEAD)
    top = HEAD + size[1] * scale + GAP
    scaled = None if changes is None else changes / largest_changes(changes)
    gates = 0 if scaled is None else scaled.shape[1]
    bottom = top + gates * TRACE
    writing = len(line) / POINTS_A_SECOND
    every = -(-len(line) // BEATS)
    starts = range(0, len(line), every)
    whens = [100 * k / POINTS_A_SECOND / (writing + REST) for k in starts]
    drawn = _ink(line, scaled, points)
    beats, frames = [], []
    for number, (k, when) in enumerate(zip(starts, whens, strict=True)):
        inside = "".join(drawn[k : k + every]) + _bars(scaled, points[:, 0], k, k + every, top)
        beats.append(f'<g style="animation-name:b{number}">{inside}</g>')
        shown = f"0%{{visibility:hidden}}{when:.2f}%{{visibility:visible}}"
        frames.append(f"@keyframes b{number}{{{shown}}}")
    return PAGE.format(
        width=WIDTH,
        height=round(bottom + MARGIN / 2),
        label=escape(heading.replace("\n", ", "), quote=True),
        seconds=round(writing + REST, 2),
        rest=round(100 * (writing + REST - 1) / (writing + REST), 2),
        frames="\n".join([*frames, *_motion(points, up, starts, whens)]),
        text=_text(heading, color, gate_names(gates), top),
        beats="\n".join(beats),
        top=round(top),
        bottom=round(bottom),
        hot=HOT,
    )


def _ink(line: NDArray[Any], scaled: NDArray[Any] | None, points: NDArray[np.float64]) -> list[str]:
    """What the pen leaves when it comes to each point."""
    found = [""] * len(line)
    for k, first, color in shades(line, scaled):
        (x, y), (to_x, to_y) = points[first], points[k]
        path = f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"
        found[k] = f'<path class="ink" stroke="{color}" d="{path}"/>'
    return found


def _bars(
    scaled: NDArray[Any] | None, x: NDArray[np.float64], start: int, end: int, top: float
) -> str:
    """A bar a gate at each of the points from start to end, but the first point of all."""
    if scaled is None:
        return ""
    found = []
    for gate, changes in enumerate(scaled.T):
        foot = top + (gate + 1) * TRACE
        each = [
            f"M{x[k]:.1f} {foot:.1f}v{-BAR * changes[k - 1]:.1f}"
            for k in range(max(start, 1), min(end, len(x)))
        ]
        found.append(f'<path class="bar" stroke="{COLORS[gate]}" d="{"".join(each)}"/>')
    return "".join(found)


def _motion(
    points: NDArray[np.float64], up: NDArray[np.bool_], starts: range, whens: list[float]
) -> list[str]:
    """The ways of the pen's tip, faint in the air, and of the ray under it."""
    tip, ray = [], []
    for k, when in zip(starts, whens, strict=True):
        x, y = points[k]
        faint = 0.35 if k and up[k - 1] else 1
        tip.append(f"{when:.2f}%{{transform:translate({x:.1f}px,{y:.1f}px);opacity:{faint}}}")
        ray.append(f"{when:.2f}%{{transform:translate({x:.1f}px)}}")
    x, y = points[-1]
    gone = min(whens[-1] + 1, 99.99)
    end = f"{gone:.2f}%,100%{{transform:translate({x:.1f}px,{y:.1f}px);opacity:0}}"
    return [
        f"@keyframes tip{{{''.join(tip)}{end}}}",
        f"@keyframes ray{{{''.join(ray)}{end}}}",
    ]


def _text(heading: str, color: str, gates: tuple[str, ...], top: float) -> str:
    first, *others = heading.split("\n")
    found = [f'<text x="{MARGIN}" y="36" font-size="19" fill="{color}">{escape(first)}</text>']
    said = escape(" · ".join(line for line in others if line))
    found.append(f'<text x="{MARGIN}" y="58" font-size="13" fill="{color}">{said}</text>')
    for number, gate in enumerate(gates):
        foot = round(top + (number + 1) * TRACE)
        found.append(f'<path d="M{LEFT} {foot}H{WIDTH - MARGIN}" stroke="#e8e4da"/>')
        found.append(
            f'<text x="{MARGIN}" y="{foot - 12}" font-size="17" font-style="italic" '
            f'fill="{COLORS[number]}">{gate}</text>'
        )
    return "\n".join(found)
