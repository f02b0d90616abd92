"""`make outstanding`: which seeds of the tables' rows have no record that counts, and what a run of
each would take on this device.

Reads records and names of files, and trains nothing but for the few steps that `--probe` asks for.
What stands first is what `make reproduce-next` runs first.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from tabulate import tabulate
from yaml import YAMLError

from hypernetworks.app.arguments import ArgumentError, checked, quoted
from hypernetworks.app.identity import deviations
from hypernetworks.app.messages import one_line
from hypernetworks.app.outcome import device_name
from hypernetworks.app.params import compose_words
from hypernetworks.app.plan import BEGUN, LACKS, PROFILES, Here, Pending, in_order, outstanding
from hypernetworks.app.probe import probe, read_probes
from hypernetworks.app.reproduce import count_of, jobs_here
from hypernetworks.app.run import FORESEEN
from hypernetworks.locations import experiments_dir
from hypernetworks.report.aggregate import state_of
from hypernetworks.report.claims import load_claims
from hypernetworks.report.costs import HERE, PROBED, Cost, device_of, duration
from hypernetworks.report.errors import WordsError
from hypernetworks.report.found import of_sound_records
from hypernetworks.report.protocol import load_figures, load_tables, pick
from hypernetworks.report.provenance import machine
from hypernetworks.report.usage import Parser
from hypernetworks.training.devices import placement
from hypernetworks.training.precision import computed_in

# What the plan itself says of a run.
TAKEN = (
    *("experiment", "sweep", "profile", "seed", "force", "quiet", "results_dir"),
    *("trainer.max_time", "hydra"),
)

BY_HAND = "Where data are from that no run downloads, and where all lie, stands in docs/suite.md."


def main(arguments: list[str]) -> int:
    """Prints them; status 1 if a record is damaged, 2 for a mistake in the words."""
    options = parser("outstanding", __doc__).parse_args(arguments)

    def show() -> int:
        here = here_of(options)
        print(table_of(find(options, here), here.device))
        return 0

    return answered(lambda: of_sound_records(show))


def answered(command: Callable[[], int]) -> int:
    """The status of a command whose foreseen errors are one line on stderr."""
    try:
        return command()
    except BrokenPipeError:
        raise
    except (ArgumentError, WordsError) as error:
        message, status = str(error), 2
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        message, status = one_line(error), 2
    except FORESEEN as error:
        message, status = str(error), 1
    print(f"error: {message}", file=sys.stderr)
    return status


def parser(command: str, about: str | None) -> Parser:
    """What `outstanding` and `reproduce-next` have in common."""
    found = Parser(prog=f"python -m hypernetworks {command}", description=about)
    found.add_argument("--table", metavar="TABLE", help="7, a1, one of your own; default: all")
    found.add_argument("--profile", choices=PROFILES, help="default: lite, then paper")
    found.add_argument("--seeds", type=_seeds, default=[0, 1, 2], metavar="0,1,2")
    found.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    found.add_argument(
        "--jobs", type=count_of, metavar="N", help="runs at a time; default: the cores"
    )
    found.add_argument(
        "--probe", action="store_true", help="time some steps of what this device has no record of"
    )
    found.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="such as data_dir=...")
    return found


def here_of(options: argparse.Namespace) -> Here:
    """The results, the device and the words that all runs have.

    Raises:
        ArgumentError: for a word that would make a run another one than its row.
    """
    said = list(options.overrides)
    taken = [word for word in said if word.lstrip("+~").partition("=")[0].startswith(TAKEN)]
    refused = [*taken, *deviations([word for word in said if word not in taken])]
    if refused:
        key, _, value = refused[0].partition("=")
        if key.isupper():
            raise ArgumentError(f"{refused[0]}: that is for make; here --{key.lower()} {value}")
        raise ArgumentError(f"{refused[0]}: rows run here as they are, as often as planned")
    threads = any(word.startswith("threads=") for word in said)
    if not threads and jobs_here(options.jobs, said) > 1:
        said.append("threads=1")
    words = checked([*said, f"results_dir={quoted(str(options.results))}"])
    with placement(compose_words(*words).device) as place:
        device = device_of({**machine(), "device": device_name(place.device)})
        bfloat16 = computed_in("bfloat16", place.device)
    return Here(options.results, tuple(words), device, bfloat16, read_probes(options.results))


def find(options: argparse.Namespace, here: Here) -> list[Pending]:
    """All that is outstanding, in order."""
    tables = {table.id: table for table in load_tables(experiments_dir())}
    chosen = tables.values() if options.table is None else [pick(tables, options.table, "table")]
    figures = load_figures(experiments_dir())
    claims = load_claims(experiments_dir(), list(tables.values()), figures)
    profiles = PROFILES if options.profile is None else (options.profile,)
    found = [
        run
        for profile in profiles
        for table in chosen
        for run in outstanding(table, profile, options.seeds, here, claims)
    ]
    return in_order(_probed(found, here) if options.probe else found)


def table_of(found: list[Pending], device: str) -> str:
    """What can be run, in order, then what cannot, and why; the seeds of a row in one line."""
    chosen = [run for run in found if run.obstacle is None]
    others = [run for run in found if run.obstacle is not None]
    if not found:
        return "Nothing is outstanding."
    parts = [_grid(chosen)] if chosen else []
    parts += [f"Not to be run here:\n\n{_grid(others)}"] if others else []
    parts += [BY_HAND] if any((run.obstacle or "").startswith(LACKS) for run in others) else []
    more = f"; {len(others)} more are not to be run here" if others else ""
    return "\n\n".join([*parts, f"{total(chosen)} on this device ({device}){more}."])


def total(runs: list[Pending]) -> str:
    """ "3 runs outstanding, 9 min one after another, 1 of them of unknown length" """
    known = [run.seconds for run in runs if run.seconds is not None]
    unknown = len(runs) - len(known)
    several = "" if len(runs) == 1 else "s"
    parts = [f"{len(runs)} run{several} outstanding"]
    parts += [f"{duration(sum(known))} one after another"] if known or not runs else []
    parts += [f"{unknown} of them of unknown length"] if unknown else []
    return ", ".join(parts)


def _probed(found: list[Pending], here: Here) -> list[Pending]:
    """With the costs that probes tell where there is no record of this device; nothing is
    downloaded for a probe."""
    seconds: dict[str, float | None] = {}
    for run in found:
        known = run.known
        there = run.obstacle is None and not known.missing.by_run
        if not there or known.whole.source in (HERE, PROBED) or known.key in seconds:
            continue
        print(f"probe: {known.experiment} {known.profile}", file=sys.stderr)
        row = [f"experiment={known.experiment}", f"profile={known.profile}"]
        seconds[known.key] = probe([*row, *here.words], known.key, here.results)

    def with_probe(run: Pending) -> Pending:
        took = seconds.get(run.known.key)
        whole = run.known.whole if took is None else Cost(took, PROBED)
        return replace(run, known=replace(run.known, whole=whole))

    return [with_probe(run) for run in found]


def _grid(runs: list[Pending]) -> str:
    lines: dict[tuple[str, ...], list[int]] = {}
    for run in runs:
        first = "; downloads first" if run.known.missing.by_run else ""
        why = run.obstacle or (state_of(run.begun) if run.begun else run.reason) + first
        takes = "-" if run.seconds is None else duration(run.seconds)
        left = " left" if run.reason == BEGUN and run.seconds is not None else ""
        of = run.known
        line = (of.experiment, of.profile, why, takes + left, of.whole.source)
        lines.setdefault(line, []).append(run.seed)
    cells = [
        [row, profile, ", ".join(map(str, sorted(seeds))), *more]
        for (row, profile, *more), seeds in lines.items()
    ]
    heads = ["row", "profile", "seeds", "why", "a run takes", "known from"]
    return tabulate(cells, heads, "simple", disable_numparse=True)


def _seeds(text: str) -> list[int]:
    words = text.split(",")
    if not all(word.isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"{text!r}: write whole numbers, such as 0,1,2")
    return [int(word) for word in words]
