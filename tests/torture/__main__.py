"""`python -m tests.torture --cases 100 --minutes 30 --seed 0 --kinds kills,files`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch
import torch._dynamo  # what runs import: else each case would import it anew
import torchvision  # noqa: F401
from tabulate import tabulate

import hypernetworks.app.run  # noqa: F401
from hypernetworks.tasks import characters
from tests.torture import data, disks, files, kills, words
from tests.torture.bench import Bench

Case = Callable[[Random, Bench], str | None]
KINDS: dict[str, Case] = {
    "kills": kills.case,
    "files": files.case,
    "disks": disks.case,
    "data": data.case,
    "words": words.case,
}


def main(arguments: list[str]) -> int:
    """Runs the cases in turns of their kinds; status 1 if any failed."""
    options = _parser().parse_args(arguments)
    kinds = options.kinds.split(",")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or options.cases < 1:
        print(f"error: --kinds are {', '.join(KINDS)}; --cases is 1 or more", file=sys.stderr)
        return 2
    torch.set_num_threads(1)  # what forks has no threads
    until = time.monotonic() + 60 * options.minutes
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for number in range(options.first, options.first + options.cases):
            if time.monotonic() > until:
                break
            kind = kinds[number % len(kinds)]
            fault = KINDS[kind](Random(f"{options.seed} {number}"), bench)
            tried[kind] += 1
            if fault is not None:
                failed[kind] += 1
                again = f"--seed {options.seed} --first {number} --cases 1 --kinds {options.kinds}"
                print(f"FAILED {kind}: {fault}\n  again: {again}", flush=True)
    lines = [(kind, tried[kind], tried[kind] - failed[kind], failed[kind]) for kind in kinds]
    print(tabulate(lines, ("kind", "tried", "held", "failed"), tablefmt="plain"))
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="how many, in turns of the kinds")
    parser.add_argument("--minutes", type=float, default=60, help="after which none is begun")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same cases")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which, separated by commas")
    return parser


if __name__ == "__main__":
    characters.SAMPLE = 100  # else drawing it is most of a run
    sys.exit(main(sys.argv[1:]))
