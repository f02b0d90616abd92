"""The command line's words: which are known, and one clear line for those that are not."""

import difflib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from hypernetworks.app.experiments import experiment_files, sweeps
from hypernetworks.app.schema import DATASETS, MODELS, Config
from hypernetworks.locations import conf_dir

NOTHING = (("null", "experiment"), ("null", "sweep"))
FREE_FORM = ("trainer.optimizer_args", "trainer.scheduler_args")
OF_A_CHOICE = ("model.", "dataset.")  # keys that only some choices of the group have
# Options of Hydra that are followed by a word of their own.
TAKE_A_WORD = ["--cfg", "-c", "--package", "-p", "--info", "-i", "--experimental-rerun"]
TAKE_A_WORD += ["--config-name", "-cn", "--config-path", "-cp", "--config-dir", "-cd"]
GROUPS = ("model", "dataset", "trainer", "profile", "logger")


class ArgumentError(Exception):
    """A word of the command line that cannot be meant; the message names the valid ones."""


@cache
def choices() -> dict[str, list[str]]:
    """The choices of every group, as the command line names them."""
    found = {g: sorted(p.stem for p in (conf_dir() / g).glob("*.yaml")) for g in GROUPS}
    return {**found, "experiment": list(experiment_files()), "sweep": list(sweeps())}


def checked(arguments: list[str]) -> list[str]:
    """The arguments for Hydra, after refusing what it would accept in silence or explain badly.

    Returns:
        the same, but with "++" before the free-form arguments of optimisers and schedules, and in
        sweeps with choice() around values of model and dataset, since Hydra would otherwise take
        their keys for unknown ones.
    Raises:
        ArgumentError: for an unknown key or choice, an added or deleted key, a glob, a bare word.
    """
    sweeping = any(
        a in ("-m", "--multirun") or (a.startswith("sweep=") and a != "sweep=null")
        for a in arguments
    )
    found = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        bare = argument.lstrip("+~")
        key, equals, value = bare.partition("=")
        if bare.startswith("-") or before in TAKE_A_WORD or bare.startswith("hydra"):
            found.append(argument)
        elif not equals and not argument.startswith("~"):
            raise ArgumentError(f"'{argument}': write KEY=VALUE{_near_keys(key)}")
        elif key.startswith(FREE_FORM) and not argument.startswith("~"):
            found.append(f"++{bare}")
        elif argument != bare:
            raise ArgumentError(
                f"'{argument}': keys are neither added nor removed here{_near_keys(key)}"
            )
        else:
            _check_override(key, value)
            # Hydra's choice() takes no null.
            single = value not in ("", "null") and not any(sign in value for sign in ",(")
            # A sweep's axis of one value: Hydra then asks each row for the key, not the default.
            axis = sweeping and single and key.startswith(OF_A_CHOICE)
            found.append(f"{key}=choice({value})" if axis else argument)
    return found


def _check_override(key: str, value: str) -> None:
    group = key.split("@")[0]
    if group in choices():
        _check_choices(group, value)
    else:
        _check_key(key)


def with_key(key: str) -> list[str]:
    """The choices of a group whose schema has a key: ["hyper_mnist_convnet"]."""
    group, _, name = key.partition(".")
    schemas: dict[str, dict[str, Any]] = {"model": MODELS, "dataset": DATASETS}
    of_group = schemas.get(group, {})
    return [c for c, schema in of_group.items() if name in {f.name for f in fields(schema)}]


def _check_choices(group: str, value: str) -> None:
    known = choices()[group]
    if value.startswith("glob("):
        # Hydra would launch no job for it and say nothing.
        table = value.removeprefix("glob(").split("/")[0]
        hint = f"; sweep={table} runs a table" if table in choices()["sweep"] else ""
        raise ArgumentError(f"{group}={value}: globs are not expanded for this group{hint}")
    if group == "sweep" and "," in value:
        raise ArgumentError(f"sweep={value}: one sweep a command; or name rows: -m experiment=a,b")
    if "(" in value:
        return  # Hydra's own functions: choice(a,b), shuffle(a,b)
    for choice in (part.strip() for part in value.split(",")):
        if group == "experiment" and choice in choices()["sweep"]:
            raise ArgumentError(f"experiment={choice}: a table is a sweep: sweep={choice}")
        if choice not in known and (choice, group) not in NOTHING:
            raise ArgumentError(f"{group}={choice}: unknown choice{_near(choice, known)}")


def _check_key(key: str) -> None:
    first = key.split(".")[0]
    if first in ("model", "dataset"):
        schemas: dict[str, Any] = MODELS if first == "model" else DATASETS
        known = {f"{first}.{f.name}" for schema in schemas.values() for f in fields(schema)}
    else:
        known = _keys(Config)
    chosen = [group for group in GROUPS if key in (f"{group}.name", f"{group}._target_")]
    if chosen:
        raise ArgumentError(f"{key}: chosen as a whole, with {chosen[0]}=..., not key by key")
    if key not in known:
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
  python -m hypernetworks sample table3/lstm_1000 --length 500      text from a trained model

Groups (GROUP=CHOICE):
{groups}

Any value of the configuration can be set as KEY=VALUE, for example trainer.max_epochs=5,
device=cuda, threads=1, data_dir=/data, results_dir=/results, force=true, quiet=true.
Launchers: hydra/launcher=joblib or slurm. Every table: make reproduce-table, make help.
"""
