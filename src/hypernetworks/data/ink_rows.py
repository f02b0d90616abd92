"""The rule that divides a segment of several rows of writing into its rows.

n points of a stroke
"""

from statistics import median

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def rows(strokes: list[Points]) -> list[list[Points]]:
    """Divides strokes (n, 2), y up, in the order in which they were written.

    A stroke opens a new row if it begins far enough left of the row's right end, lies wholly below
    the middle of the row, and by more than a line's height lower. A heuristic, wrong now and then.
    """
    lefts, bottoms = np.array([stroke.min(0) for stroke in strokes]).T.tolist()
    rights, tops = np.array([stroke.max(0) for stroke in strokes]).T.tolist()
    means = [float(stroke[:, 1].mean()) for stroke in strokes]
    heights = [
        top - bottom
        for top, bottom, stroke in zip(tops, bottoms, strokes, strict=True)
        if len(stroke) > 2
    ]
    height = max(1.0, median(heights)) if heights else 1.0

    found = [[strokes[0]]]
    left, right, middles = lefts[0], rights[0], [means[0]]
    for number in range(1, len(strokes)):
        if lefts[number] < right - max(0.35 * (right - left), 2 * height):
            middle = median(middles)
            if tops[number] < middle - 0.6 * height and means[number] < middle - 1.3 * height:
                found.append([strokes[number]])
                left, right, middles = lefts[number], rights[number], [means[number]]
                continue
        found[-1].append(strokes[number])
        left, right = min(left, lefts[number]), max(right, rights[number])
        middles.append(means[number])
    return found
