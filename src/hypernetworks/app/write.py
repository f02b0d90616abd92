"""`python -m hypernetworks write`: handwriting of a trained model, as pictures and as points."""

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.found import HANDWRITING, find_run
from hypernetworks.app.memory import memory_enough
from hypernetworks.app.sample import check_seed
from hypernetworks.app.trained import load_handwriting_model
from hypernetworks.atomic import write_bytes
from hypernetworks.models.writing import BIAS, POINTS, weight_change, write
from hypernetworks.recurrent.fused import native
from hypernetworks.report.cli import RESULTS, check_folder
from hypernetworks.report.drawings.ink import strokes
from hypernetworks.report.drawings.lines import sheet
from hypernetworks.report.drawings.moving import moving
from hypernetworks.report.errors import WordsError
from hypernetworks.report.panels import Panel, pictures
from hypernetworks.report.records import Record, RecordError
from hypernetworks.report.usage import Parser
from hypernetworks.training.files import CheckpointError

MOST_POINTS = 100_000  # of all lines together


def main(arguments: list[str]) -> int:
    """Prints the files' paths; foreseen errors are one line on stderr and status 1."""
    options = _parser().parse_args(arguments)
    try:
        check_folder("--results", options.results, RESULTS)
        _check(options)
        record = find_run(options.run, options.profile, options.results, HANDWRITING)
        remedy = "fewer --lines, a smaller --length, or a larger machine"
        with memory_enough(f"for the model of {record.path} and what it writes; {remedy}"):
            files = _files(record, options)
    except (RunError, RecordError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    stem = f"{record['table']}-{record['row']}-{record['profile']}-seed{options.seed}"
    out = options.out or options.results / "written" / stem
    for suffix, content in files.items():
        path = out.with_name(out.name + suffix)
        write_bytes(path, content)
        print(path)
    return 0


def _files(record: Record, options: argparse.Namespace) -> dict[str, bytes]:
    """What is written, by suffix."""
    trained = load_handwriting_model(record, options.trust)
    model, moments = trained.model, trained.moments
    if model.core.bidirectional:
        raise RunError(f"{record.path}: its model reads from both ends, and cannot write")
    native.load()
    generator = torch.Generator("cpu").manual_seed(options.seed)
    drawn = write(model, moments, options.lines, options.length, options.bias, generator)
    lines: list[Any] = list(drawn.numpy())
    panel = Panel(str(record["label"]), "", record)
    unfinished = "" if record["status"] == "finished" else " of an unfinished run"
    weights = f"weights of step {trained.step}{unfinished}"
    about = f"{weights}, bias {options.bias:g}, drawn with seed {options.seed}"
    heading = f"{panel.label}\n{panel.about}\n{about}"
    print(f"{record.path}: {panel.about}, {about}", file=sys.stderr)
    points = [[stroke.round(3).tolist() for stroke in strokes(line)] for line in lines]
    files = {
        **pictures(lambda: sheet(heading, panel.color, lines)),
        ".json": f"{json.dumps(points)}\n".encode(),
    }
    if options.animate:
        change = weight_change(model, moments, drawn[0])
        changes = None if change is None else change.double().numpy()
        files[".animated.svg"] = moving(heading, panel.color, lines[0], changes).encode()
    return files


def _check(options: argparse.Namespace) -> None:
    if options.lines < 1:
        raise WordsError(f"--lines {options.lines}: it must be at least 1")
    if options.length < 2:
        raise WordsError(f"--length {options.length}: it must be at least 2")
    if options.lines * options.length > MOST_POINTS:
        raise WordsError(
            f"--lines {options.lines} --length {options.length}: at most {MOST_POINTS:,} points"
        )
    if not 0 <= options.bias < math.inf:
        raise WordsError(f"--bias {options.bias}: it must be 0 or more, and finite")
    check_seed(options.seed)
    if options.out is not None and options.out.is_dir():
        raise WordsError(f"--out {options.out}: it is a folder; give FOLDER/STEM")
    if options.out is not None and not _can_be_written(options.out.absolute()):
        raise RunError(f"--out {options.out}: nothing can be written to {options.out.parent}")


def _can_be_written(out: Path) -> bool:
    """Whether the nearest folder that there is above a path takes files."""
    above = next(path for path in out.parents if path.exists())
    return above.is_dir() and os.access(above, os.W_OK)


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks write", description=__doc__)
    parser.add_argument("run", help="a row, such as table5/hyperlstm_900, or a record's file")
    parser.add_argument("--profile", choices=("demo", "lite", "paper"), default="demo")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--lines", type=int, default=5, metavar="N", help="lines to write")
    parser.add_argument("--length", type=int, default=POINTS, help="points of each line")
    parser.add_argument("--bias", type=float, default=BIAS, help="0: as the model is; more: neater")
    parser.add_argument("--seed", type=int, default=0, help="the same seed writes the same lines")
    parser.add_argument("--animate", action="store_true", help="the first line moving, too")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER/STEM",
        help="of the files' names; default: RESULTS/written/TABLE-ROW-PROFILE-seedSEED",
    )
    parser.add_argument("--trust", action="store_true", help="run a model's code of your own")
    return parser
