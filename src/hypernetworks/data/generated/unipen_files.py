"""Generated handwriting in the layout of UNIPEN: a file of segments and a file of ink a writer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypernetworks.data.generated import handwriting, manifest
from hypernetworks.data.generated.handwriting import INTERVAL, Form, Trace

MILLIMETRES = 0.75 / 30  # of a sensor unit of generated handwriting


@dataclass(frozen=True)
class Tablet:
    """What a donor's files are like.

    Attributes:
        unit: "MM" or "INCH", and per_unit: points of it.
        columns: of a reading.
        rows: lines of writing in a segment.
        in_air: whether the pen was followed between strokes.
    """

    unit: str
    per_unit: int
    columns: str
    rows: int
    in_air: bool


TABLETS = (
    Tablet("MM", 50, "X Y", rows=1, in_air=False),
    Tablet("INCH", 1270, "X Y T", rows=1, in_air=True),
    Tablet("MM", 10, "T X Y", rows=2, in_air=False),
)


def write(folder: Path, lines: int = 200, writers: int = 20, seed: int = 0) -> None:
    """Writes data/8 and include, and a manifest, unless they are there already.

    Args:
        folder: of the two.
        seed: the same seed writes the same lines.
    """
    wanted: dict[str, object] = {"generated": "drawn lines, not UNIPEN", "seed": seed}
    wanted |= {"version": handwriting.VERSION, "lines": lines, "writers": writers}
    if manifest.is_whole(folder, wanted):
        return
    by_writer: dict[int, list[Form]] = {}
    for form in handwriting.forms(lines, writers, seed):
        by_writer.setdefault(form.hand.number, []).append(form)
    with manifest.generating(folder, wanted) as part:
        for writer, forms in by_writer.items():
            for path, text in writer_files(writer, forms):
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_text(text, encoding="latin-1", newline="\n")


def writer_files(writer: int, forms: Sequence[Form]) -> Iterator[tuple[str, str]]:
    """A writer's files, with paths from UNIPEN's folder, and what is in each."""
    donor = f"d{writer % len(TABLETS):02d}"
    tablet, name = TABLETS[writer % len(TABLETS)], f"{donor}/data/w{writer:03d}.dat"
    yield f"include/{donor}/{donor}.doc", _device(tablet)
    head = f".VERSION 1.0\n.INCLUDE {donor}/{donor}.doc\n.INCLUDE {name}\n"
    ink, segments, component = [f".COMMENT\n.WRITER_ID w{writer:03d}\n.STYLE MIXED\n"], [head], 0
    for form in forms:
        for start in range(0, len(form.lines), tablet.rows):
            lines = form.lines[start : start + tablet.rows]
            label = " ".join(line.text for line in lines)
            begin = component
            drawn = [_ink(line, tablet) for line in lines]
            component += sum(count for _, count in drawn)
            segments.append(f'.SEGMENT TEXT {begin}-{component - 1} ? "{label}"\n')
            comment = f'.COMMENT .SEGMENT TEXT 0-1 ? "{label}"\n'
            ink += [comment, *(text for text, _ in drawn)]
    yield f"data/8/{donor}/w{writer:03d}.dat", "".join(segments)
    yield f"include/{name}", "".join(ink)


def _device(tablet: Tablet) -> str:
    resolution = (f".{axis}_POINTS_PER_{tablet.unit} {tablet.per_unit}" for axis in "XY")
    rate, coord = f".POINTS_PER_SECOND {round(1 / INTERVAL)}", f".COORD {tablet.columns}"
    return "\n".join((".VERSION 1.0", *resolution, rate, coord, ".HIERARCHY TEXT WORD", ""))


def _ink(line: Trace, tablet: Tablet) -> tuple[str, int]:
    """A line's components as text, and how many there are that hold numbers."""
    per_mm = tablet.per_unit / (25.4 if tablet.unit == "INCH" else 1)
    places = np.rint(line.points * [1, -1] * per_mm * MILLIMETRES).astype(np.int64)
    columns = {"X": places[:, 0], "Y": places[:, 1], "T": np.rint(1000 * line.times)}
    readings = np.stack([columns[name] for name in tablet.columns.split()], 1).astype(np.int64)
    text, count = [], 0
    for piece in line.pieces():
        if tablet.in_air and piece.start:
            between = readings[[piece.start - 1, piece.start]].mean(0, keepdims=True)
            text.append(_rows(between))
            count += 1
        text += [".PEN_DOWN\n", _rows(readings[piece]), ".PEN_UP\n"]
        count += 1
    return "".join(text), count


def _rows(values: NDArray[np.generic]) -> str:
    row = " ".join(["%d"] * values.shape[1]) + "\n"
    return row * len(values) % tuple(values.ravel().tolist())
