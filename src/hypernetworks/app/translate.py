"""`python -m hypernetworks translate`: sentences in the other language, by a trained model."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch.nn.utils.rnn import pack_sequence
from tqdm import tqdm

from hypernetworks.app.checks import RunError
from hypernetworks.app.datasets import TranslationConfig
from hypernetworks.app.found import TRANSLATION, find_run
from hypernetworks.app.memory import memory_enough
from hypernetworks.app.trained import load_translation_model
from hypernetworks.data.cleaning import single_spaced
from hypernetworks.data.errors import DataError
from hypernetworks.data.parallel import lines_of, text_lines
from hypernetworks.data.subwords import END, Subwords
from hypernetworks.models.beam import Translator, beam_search
from hypernetworks.recurrent.fused import native
from hypernetworks.report.cli import RESULTS, check_folder
from hypernetworks.report.errors import WordsError
from hypernetworks.report.records import Record, RecordError
from hypernetworks.report.terminal import binary_output
from hypernetworks.report.usage import Parser
from hypernetworks.tasks.translation import Search
from hypernetworks.training.files import CheckpointError

AT_ONCE, WINDOW = 32, 1024  # sentences searched together; read ahead to sort them by length
SEARCH = ("beam", "alpha", "beta")


def main(arguments: list[str]) -> int:
    """Writes a line a line to stdout; foreseen errors are one line on stderr and status 1."""
    options = _parser().parse_intermixed_args(arguments)  # the file may come after options
    output = binary_output()
    try:
        check_folder("--results", options.results, RESULTS)
        search = _search(options)
        record = find_run(options.run, options.profile, options.results, TRANSLATION)
        remedy = "a smaller --beam, or a larger machine"
        with memory_enough(f"for the model of {record.path} and its search; {remedy}"):
            _translate(record, search, options, output)
    except (RunError, RecordError, CheckpointError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    return 0


def _translate(
    record: Record, search: Mapping[str, Any], options: argparse.Namespace, output: BinaryIO
) -> None:
    trained = load_translation_model(record, options.trust)
    settings = {**_of_the_run(record), **search}
    lines = _read(options.file)
    said = ", ".join(f"{name} {value:g}" for name, value in settings.items())
    kind = {"sample": "generated"}.get(record["data"]["kind"], record["data"]["kind"])
    print(f"{record.path}: weights of step {trained.step}, {kind} data, {said}", file=sys.stderr)
    native.load()
    with tqdm(total=len(lines), unit=" sentences", disable=None, leave=False) as bar:
        for start in range(0, len(lines), WINDOW):
            found = translations(
                trained.model, trained.subwords, lines[start : start + WINDOW], settings, bar
            )
            bar.clear()
            output.write("".join(f"{line}\n" for line in found).encode())
            output.flush()


def translations(
    model: Translator,
    subwords: Subwords,
    sentences: Sequence[str],
    settings: Mapping[str, Any],
    bar: "tqdm[Any] | None" = None,
) -> list[str]:
    """The translations of sentences, in their order; of an empty one an empty one.

    Args:
        settings: beam, alpha, beta of `models.beam.beam_search`.
    """
    found = [""] * len(sentences)
    # White space as in the training text, of which the subword model knows not all.
    ids = subwords.encode([single_spaced(sentence) for sentence in sentences])
    order = sorted((k for k in range(len(ids)) if ids[k]), key=lambda k: len(ids[k]))
    for start in range(0, len(order), AT_ONCE):
        these = order[start : start + AT_ONCE]
        source = pack_sequence([torch.tensor([*ids[k], END]) for k in these], enforce_sorted=False)
        for k, translation in zip(these, beam_search(model, source, **settings), strict=True):
            found[k] = subwords.decode(translation.symbols)
        if bar is not None:
            bar.update(len(these))
    if bar is not None:
        bar.update(len(sentences) - len(order))
    return found


def _read(file: Path | None) -> list[str]:
    """The sentences of a file, or of stdin."""
    if file is not None:
        return lines_of(file)
    if sys.stdin is None:
        raise DataError("stdin is closed; name a file, or write sentences to stdin")
    if sys.stdin.isatty():
        print("reading sentences, one a line, until the end (Ctrl-D)", file=sys.stderr)
    return text_lines(sys.stdin.buffer.read(), "stdin")


def _of_the_run(record: Record) -> dict[str, Any]:
    """How the run's own translations were searched."""
    dataset, known = record["config"]["dataset"], TranslationConfig()
    found = {name: dataset.get(name, getattr(known, name)) for name in SEARCH}
    try:
        Search(**found)
    except (TypeError, ValueError) as error:
        raise RunError(f"{record.path}: no search has {found}: edited by hand?") from error
    return found


def _search(options: argparse.Namespace) -> dict[str, Any]:
    """What of the search the command line sets."""
    found = {name: getattr(options, name) for name in SEARCH}
    found = {name: value for name, value in found.items() if value is not None}
    try:
        Search(**found)
    except ValueError as error:
        raise WordsError(f"--{error}") from error
    return found


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks translate", description=__doc__)
    parser.add_argument("run", help="a row, such as table6/gnmt_lstm, or a record's file")
    parser.add_argument(
        "file", nargs="?", type=Path, help="of UTF-8, a sentence a line; default: stdin"
    )
    parser.add_argument("--profile", choices=("demo", "lite", "paper"), default="demo")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--beam", type=int, help="1: greedy search; default: the run's")
    parser.add_argument("--alpha", type=float, help="length normalisation; default: the run's")
    parser.add_argument("--beta", type=float, help="coverage penalty; default: the run's")
    parser.add_argument("--trust", action="store_true", help="run a model's code of your own")
    return parser
