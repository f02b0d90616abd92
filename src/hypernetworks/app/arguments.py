"""The command line's words: which are known, and one clear line for those that are not."""

import difflib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from hypernetworks.app.experiments import experiment_files, sweeps
from hypernetworks.app.schema import DATASETS, MODELS, Config
from hypernetworks.locations import conf_dir

NOTHING = (("null", "experiment"), ("null", "sweep"))
GROUPS = ("model", "dataset", "trainer", "profile", "logger")


class ArgumentError(Exception):
    """A word of the command line that cannot be meant; the message names the valid ones."""


@cache
def choices() -> dict[str, list[str]]:
    """The choices of every group, as the command line names them."""
    found = {g: sorted(p.stem for p in (conf_dir() / g).glob("*.yaml")) for g in GROUPS}
    return {**found, "experiment": list(experiment_files()), "sweep": list(sweeps())}


def check(arguments: list[str]) -> None:
    """Refuses what Hydra would accept in silence or explain badly.

    Raises:
        ArgumentError: for an unknown key or choice, an added or deleted key, or a glob.
    """
    overrides = [a for a in arguments if "=" in a and not a.startswith("-")]
    for argument in arguments:
        if argument.startswith(("+", "~")) and not argument.lstrip("+~").startswith("hydra"):
            key = argument.lstrip("+~").split("=")[0]
            raise ArgumentError(
                f"'{argument}': keys are neither added nor removed here{_near_keys(key)}"
            )
    for override in overrides:
        key, _, value = override.partition("=")
        group = key.split("@")[0]
        if group in choices():
            _check_choices(group, value)
        elif not group.startswith(("hydra", "+hydra", "++hydra", "~hydra")):
            _check_key(key)


def _check_choices(group: str, value: str) -> None:
    known = choices()[group]
    if value.startswith("glob("):
        # Hydra would launch no job for it and say nothing.
        table = value.removeprefix("glob(").split("/")[0]
        hint = f"; sweep={table} runs a table" if table in choices()["sweep"] else ""
        raise ArgumentError(f"{group}={value}: globs are not expanded for this group{hint}")
    if "(" in value:
        return  # Hydra's own functions: choice(a,b), shuffle(a,b)
    for choice in (part.strip() for part in value.split(",")):
        if choice not in known and (choice, group) not in NOTHING:
            raise ArgumentError(f"{group}={choice}: unknown choice{_near(choice, known)}")


def _check_key(key: str) -> None:
    first = key.split(".")[0]
    if first in ("model", "dataset"):
        schemas: dict[str, Any] = MODELS if first == "model" else DATASETS
        known = {f"{first}.{f.name}" for schema in schemas.values() for f in fields(schema)}
    else:
        known = _keys(Config)
    free = any(key.startswith(f"{k}.") for k in known if k.endswith("_args") or k == "paper")
    if key not in known and not free:
        raise ArgumentError(f"{key}: unknown key{_near_keys(key)}")


def _keys(schema: Any, prefix: str = "") -> set[str]:
    found = set()
    for field in fields(schema):
        name = prefix + field.name
        found.add(name)
        if is_dataclass(field.type):
            found |= _keys(field.type, f"{name}.")
    return found


def _near_keys(key: str) -> str:
    known = _keys(Config)
    known |= {key for schema in MODELS.values() for key in _keys(schema, "model.")}
    known |= {key for schema in DATASETS.values() for key in _keys(schema, "dataset.")}
    return _near(key, sorted(known | set(choices())))


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    last = [k for k in known if k.split(".")[-1] == word.split(".")[-1]]
    return f"; the valid names are {', '.join(last or known)}"


def help_text() -> str:
    """What --help prints."""
    width = max(len(group) for group in choices())
    listing = "\n".join(f"  {g.ljust(width)}  {', '.join(c)}" for g, c in choices().items())
    return HELP.format(groups=listing)


HELP = """\
Runs one experiment of "HyperNetworks" (Ha, Dai & Le, 2017) and leaves one record.

  python -m hypernetworks experiment=table7/hyper_cnn               a row, on sample data (demo)
  python -m hypernetworks experiment=table7/cnn profile=paper seed=1   the paper's protocol
  python -m hypernetworks sweep=table7 profile=paper seed=0,1,2     a table, as a Hydra multirun
  python -m hypernetworks -m experiment=table7/cnn trainer.lr=0.001,0.002   any other sweep
  python -m hypernetworks experiment=table7/cnn --cfg job           the composed configuration

Groups (GROUP=CHOICE):
{groups}

Any value of the configuration can be set as KEY=VALUE, for example trainer.max_epochs=5,
device=cuda, threads=1, data_dir=/data, results_dir=/results, force=true, quiet=true.
Launchers: hydra/launcher=joblib or submitit_slurm. Every table: make reproduce-table, make help.
"""
