"""`python -m hypernetworks sample`: a text drawn from a trained character model."""

import argparse
import math
import os
import sys
from pathlib import Path

import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.found import TEXT, find_run
from hypernetworks.app.memory import memory_enough
from hypernetworks.app.trained import load_character_model
from hypernetworks.data.errors import DataError
from hypernetworks.data.text import Alphabet
from hypernetworks.models.sampling import stream
from hypernetworks.recurrent.fused import native
from hypernetworks.report.cli import RESULTS, check_folder
from hypernetworks.report.errors import WordsError
from hypernetworks.report.records import RecordError
from hypernetworks.report.terminal import binary_output
from hypernetworks.report.usage import Parser
from hypernetworks.training.files import CheckpointError


def main(arguments: list[str]) -> int:
    """Writes the text's bytes to stdout; foreseen errors are one line on stderr and status 1."""
    options = _parser().parse_args(arguments)
    output = binary_output()
    try:
        check_folder("--results", options.results, RESULTS)
        record = find_run(options.run, options.profile, options.results, TEXT)
        with memory_enough(f"for the model of {record.path}; sample from it on a larger machine"):
            trained = load_character_model(record, options.trust)
        model, alphabet = trained.model, trained.alphabet
        prime = numbers(os.fsencode(options.prime), alphabet)
        _check(options)
        native.load()
        generator = torch.Generator().manual_seed(options.seed)
        known = len(alphabet.symbols)
        text = stream(model, prime, options.temperature, generator, known)
    except (RunError, RecordError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    kind = {"sample": "generated"}.get(record["data"]["kind"], record["data"]["kind"])
    about = f"{record.path}: weights of step {trained.step}, {kind} data, seed {options.seed}"
    print(f"{about}, temperature {options.temperature:g}", file=sys.stderr)
    output.write(alphabet.decode(prime))
    for _, number in zip(range(options.length), text, strict=False):
        output.write(alphabet.decode(torch.tensor([number])))
    output.write(b"\n")
    return 0


def numbers(prime: bytes, alphabet: Alphabet) -> torch.Tensor:
    """The prime as symbol numbers (P,).

    Raises:
        RunError: if it is empty or has a symbol that the model's text has not.
    """
    if not prime:
        raise RunError(f"--prime: it is empty; there are {alphabet.symbols!r}")
    try:
        return alphabet.encode(prime).long()
    except DataError as error:
        raise RunError(f"--prime: {error}; there are {alphabet.symbols!r}") from error


def _check(options: argparse.Namespace) -> None:
    if options.length < 1:
        raise WordsError(f"--length {options.length}: it must be at least 1")
    if not (math.isfinite(options.temperature) and options.temperature >= 0):
        raise WordsError(f"--temperature {options.temperature}: it must be 0 or more")
    check_seed(options.seed)


def check_seed(seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise WordsError(f"--seed {seed}: choose 0 to 2^63 - 1")


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks sample", description=__doc__)
    parser.add_argument("run", help="a row, such as table3/lstm_1000, or a record's file")
    parser.add_argument("--profile", choices=("demo", "lite", "paper"), default="demo")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--length", type=int, default=1000, help="symbols to draw")
    parser.add_argument("--temperature", type=float, default=1.0, help="0: the most probable")
    parser.add_argument("--prime", default="\n", help="the text to go on from; default: a newline")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same text")
    parser.add_argument("--trust", action="store_true", help="run a model's code of your own")
    return parser
