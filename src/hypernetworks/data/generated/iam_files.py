"""Generated handwriting in the layout of the IAM on-line database."""

from collections.abc import Iterator
from pathlib import Path

from hypernetworks.data.generated import handwriting, manifest
from hypernetworks.data.generated.handwriting import Form, Trace

# What share of the database's forms each list has, in percent.
SPLITS = {"trainset.txt": 45, "testset_v.txt": 11, "testset_t.txt": 12, "testset_f.txt": 32}
ENDINGS = ("u", "x", "z", "")  # of form ids; u and x share a folder

HEAD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<WhiteboardCaptureSession>{about}
  <WhiteboardDescription>
    <SensorLocation corner="top_left"/>
    <DiagonallyOppositeCoords x="{right}" y="{bottom}"/>
    <VerticallyOppositeCoords x="{left}" y="{bottom}"/>
    <HorizontallyOppositeCoords x="{right}" y="{top}"/>
  </WhiteboardDescription>
  <StrokeSet>
"""
STROKE = '    <Stroke colour="black" start_time="%.2f" end_time="%.2f">\n'
POINT = '      <Point x="%d" y="%d" time="%.2f"/>\n'
FOOT = "  </StrokeSet>\n</WhiteboardCaptureSession>\n"


def write(folder: Path, lines: int = 200, writers: int = 12, seed: int = 0) -> None:
    """Writes the database's files and a manifest, unless they are there already.

    Args:
        folder: of lineStrokes, ascii, original and the lists of forms.
        lines: of all lists together.
        seed: the same seed writes the same lines.
    """
    wanted: dict[str, object] = {"generated": "drawn lines, not the IAM database"}
    wanted |= {"version": handwriting.VERSION, "seed": seed, "lines": lines, "writers": writers}
    if manifest.is_whole(folder, wanted):
        return
    with manifest.generating(folder, wanted) as part:
        names = []
        for number, form in enumerate(handwriting.forms(lines, writers, seed)):
            names.append(form_name(number))
            for path, text in form_files(names[-1], form):
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_text(text, encoding="latin-1", newline="\n")
        for file, members in _shared_out(names).items():
            (part / file).write_text("".join(f" {name} \n" for name in members), newline="\n")


def form_name(number: int) -> str:
    """The id of form `number`: a01-000u, a01-000x, a01-001z, a01-002, a01-003u ..."""
    fours, ending = divmod(number, len(ENDINGS))
    sheet = 3 * fours + max(0, ending - 1)
    text, sheet = divmod(sheet, 100)
    return f"{chr(ord('a') + text // 40)}{1 + text % 40:02d}-{sheet:03d}{ENDINGS[ending]}"


def form_files(name: str, form: Form) -> Iterator[tuple[Path, str]]:
    """A form's files, with paths from the database's folder, and what is in each."""
    inside = Path(name[:3]) / name[:7]
    strokes = [line_strokes(line) for line in form.lines]
    for number, (line, drawn) in enumerate(zip(form.lines, strokes, strict=True), 1):
        yield Path("lineStrokes") / inside / f"{name}-{number:02d}.xml", _session([line], drawn)
    texts = "\n".join(line.text for line in form.lines)
    yield Path("ascii") / inside / f"{name}.txt", f"OCR:\n\n{texts}\n\nCSR:\n\n{texts}\n"
    about = f'\n  <General>\n    <Form id="{name}" writerID="{10000 + form.hand.number}"/>'
    whole = _session(form.lines, "".join(strokes), f"{about}\n  </General>")
    yield Path("original") / inside / f"strokes{name[7:]}.xml", whole


def line_strokes(line: Trace) -> str:
    """A line's strokes as XML."""
    found = []
    readings = [
        (*point, time) for point, time in zip(line.points.tolist(), line.times, strict=True)
    ]
    for piece in line.pieces():
        points = readings[piece]
        values = [value for point in points for value in point]
        found.append(STROKE % (points[0][2], points[-1][2]))
        found.append(POINT * len(points) % tuple(values) + "    </Stroke>\n")
    return "".join(found)


def _session(lines: list[Trace], strokes: str, about: str = "") -> str:
    left, top = (min(int(line.points[:, axis].min()) for line in lines) for axis in (0, 1))
    right, bottom = (max(int(line.points[:, axis].max()) for line in lines) for axis in (0, 1))
    head = HEAD.format(about=about, left=left, top=top, right=right, bottom=bottom)
    return head + strokes + FOOT


def _shared_out(names: list[str]) -> dict[str, list[str]]:
    """The forms of each list, in turns by its share; none is empty of four forms or more."""
    found: dict[str, list[str]] = {file: [] for file in SPLITS}

    def lag(file: str) -> tuple[bool, int]:
        """Behind its share of the forms so far; an empty list lags most."""
        so_far = sum(map(len, found.values())) + 1
        return not found[file], SPLITS[file] * so_far - 100 * len(found[file])

    for name in names:
        found[max(SPLITS, key=lag)].append(name)
    return found
