"""The command line's words: what Hydra would accept in silence or explain badly is refused here."""

import fnmatch
import re
import sys
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from hypernetworks.app.choices import GROUPS, choices, known_keys, near, search_path
from hypernetworks.app.experiments import sweep_names
from hypernetworks.app.help import COMMANDS
from hypernetworks.app.launchers import FILES, why_not
from hypernetworks.app.messages import INTERVAL

FREE_FORM = ("trainer.optimizer_args", "trainer.scheduler_args")
NOTHING = (("experiment", "null"), ("sweep", "null"))
OF_ONE_RUN = ("--cfg", "-c", "--info", "-i", "--explain")
PATHS = ("results_dir", "data_dir", "dataset.path")
OPTUNA = "hydra_plugins.hydra_optuna_sweeper"
OF_A_CHOICE = ("model.", "dataset.")  # keys that only some choices of the group have
# Options of Hydra that are followed by a word of their own.
TAKE_A_WORD = ["--cfg", "-c", "--package", "-p", "--info", "-i", "--experimental-rerun"]
TAKE_A_WORD += ["--config-name", "-cn", "--config-path", "-cp", "--config-dir", "-cd"]
TAKE_A_WORD += ["--shell-completion", "-sc"]


class ArgumentError(Exception):
    """A word of the command line that cannot be meant; the message names the valid ones."""


def checked(arguments: list[str]) -> list[str]:
    """The arguments for Hydra.

    Returns:
        the same, but options after all others; groups without a "+" (they are declared); "++"
        before the free-form arguments of optimisers and schedules and the keys of `model=own`;
        paths in quotes; sweeps with --multirun, in them choice() around values of model and
        dataset, since Hydra would otherwise take their keys for unknown.
    Raises:
        ArgumentError: for an added or deleted key, a glob, a bare word, an option misused.
    """
    options, words = _parted(arguments)
    _check_folders(arguments)
    sweeping = any(w.startswith("sweep=") and w != "sweep=null" for w in words)
    if sweeping and not {"-m", "--multirun"} & {*options}:
        options.append("--multirun")  # else Hydra takes a mistake in a word for a single run's
    if "-m" in options or "--multirun" in options:
        sweeping = True
        if any(option.split("=")[0] in OF_ONE_RUN for option in options):
            shown = "--cfg, --info and --explain show one configuration"
            raise ArgumentError(f"{shown}: without -m and sweep=")
    own = "model=own" in words
    found = [_checked_word(word, sweeping, own) for word in words]
    _check_options([option for option in options if option != "--explain"])
    if sweeping:
        _check_intervals(words)
    elif not {option.split("=")[0] for option in options} & {*OF_ONE_RUN}:
        _check_alone(words)
    return [*found, *options]


def _check_folders(arguments: list[str]) -> None:
    """Else what lies in them is unknown, and Hydra passes over a folder of its search path."""
    for folder in search_path(arguments)[1:]:
        packaged = re.search(r"[:$]", str(folder))  # pkg://..., ${oc.env:...}
        if not packaged and not folder.is_dir():
            option = "--config-dir or hydra.searchpath"
            raise ArgumentError(f"{folder}: there is no such folder; it is named by {option}")


def _check_intervals(words: list[str]) -> None:
    """Hydra's own sweeper refuses them once the sweep has a folder."""
    if not any(word.startswith("hydra/sweeper=") for word in words):
        for word in words:
            if re.search(r"=.*\binterval\(", word) and word.partition("=")[0] not in PATHS:
                raise ArgumentError(f"{word}: {INTERVAL}")


def _check_alone(words: list[str]) -> None:
    """What only a sweep hears of, and Hydra leaves aside in silence."""
    for word in words:
        if word.startswith(("hydra/launcher=", "hydra/sweeper=")) and not word.endswith("=basic"):
            raise ArgumentError(f"{word}: is for the rows of a sweep; add --multirun (-m)")


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Options, with the words that belong to them, and all other words."""
    options: list[str] = []
    words: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        # The word of --info may be left out, and is never KEY=VALUE.
        follows = before in TAKE_A_WORD and not (before in ("--info", "-i") and "=" in argument)
        (options if argument.startswith("-") or follows else words).append(argument)
    return options, words


def _check_options(options: list[str]) -> None:
    """Where Hydra would answer with a page of usage."""
    from hydra._internal.utils import get_args_parser

    try:
        with redirect_stderr(StringIO()) as said:
            get_args_parser().parse_args(options)
    except SystemExit as leave:
        if leave.code:
            reason = said.getvalue().rpartition("error: ")[2].strip()
            raise ArgumentError(f"{reason}; --help, or --hydra-help") from None
        raise


def _checked_word(argument: str, sweeping: bool, own: bool) -> str:
    """A word for Hydra; `own`: of a model of the user's own, whose keys nobody declared."""
    bare = argument.lstrip("+~")
    key, equals, value = bare.partition("=")
    removed = argument.startswith("~")
    free = (*FREE_FORM, "model.") if own else FREE_FORM
    if bare.startswith("hydra"):
        _check_hydra_group(key, value)
        file = FILES.get(value) if key == "hydra/launcher" else None
        return f"{argument.partition('=')[0]}={file}" if file else argument
    if not equals and not removed:
        if bare in sweep_names():
            raise ArgumentError(f"'{argument}': no command; sweep={bare} runs its rows")
        known = list(dict.fromkeys([*COMMANDS, *known_keys()]))
        raise ArgumentError(f"'{argument}': no command, nor KEY=VALUE{near(key, known)}")
    if key in GROUPS and not removed:
        _check_choice(key, value)
        return bare
    if key.startswith(free) and not removed:
        return f"++{bare}"
    if argument != bare:
        hint = near(key, known_keys())
        raise ArgumentError(f"'{argument}': keys are neither added nor removed here{hint}")
    if key in PATHS:
        return f"{key}={quoted(value, sweeping)}"
    _check_key(key)
    return _axis(argument, key, value) if sweeping else argument


def _check_hydra_group(key: str, value: str) -> None:
    """What Hydra, or a launcher once rows have begun, would answer with a traceback."""
    if "/" in key and re.fullmatch(r"[-+.\d][-+.\de]*|true|false", value, re.IGNORECASE):
        raise ArgumentError(f"{key}={value}: write the name of a choice")
    if key == "hydra/sweeper" and value == "optuna" and find_spec(OPTUNA) is None:
        raise ArgumentError(f"{key}={value}: not installed; pip install 'hypernetworks[optuna]'")
    reason = why_not(value) if key == "hydra/launcher" else None
    if reason is not None:
        raise ArgumentError(f"{key}={value}: {reason}")


def _axis(argument: str, key: str, value: str) -> str:
    """A sweep's axis of one value: Hydra then asks each row for the key, not the default."""
    # Hydra's choice() takes no null.
    single = value not in ("", "null") and not any(sign in value for sign in ",(")
    return f"{key}=choice({value})" if single and key.startswith(OF_A_CHOICE) else argument


def quoted(value: str, sweeping: bool = False) -> str:
    """A path as typed, whatever its characters, in the quotes of Hydra's grammar.

    `~` is the home folder; a comma in a sweep parts two paths, as for every key.
    """
    in_quotes = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if in_quotes or "${" in value or (sweeping and "," in value):
        return value
    path = str(Path(value).expanduser()) if value.startswith("~") else value
    escaped = re.sub(r"(\\+)(?='|$)", r"\1\1", path).replace("'", "\\'")
    return f"'{escaped}'" if path else path


def _check_choice(group: str, value: str) -> None:
    known = choices()[group]
    if value.startswith("glob("):
        _check_glob(group, value, known)
    if group == "sweep" and "," in value:
        raise ArgumentError(f"sweep={value}: one sweep a command; or name rows: -m experiment=a,b")
    if "(" in value or any("pkg://" in word for word in sys.argv):
        return  # Hydra's own functions: choice(a,b), shuffle(a,b); its search in packages
    for choice in (part.strip() for part in value.split(",")):
        if group == "experiment" and any(name.startswith(f"{choice}/") for name in known):
            raise ArgumentError(f"experiment={choice}: a table is a sweep: sweep={choice}")
        if choice not in known and (group, choice) not in NOTHING:
            raise ArgumentError(f"{group}={choice}: unknown choice{near(choice, known)}")


def _check_glob(group: str, value: str, known: list[str]) -> None:
    """Hydra launches no job for a glob that matches nothing, and says nothing."""
    pattern = value.removeprefix("glob(").rstrip(")").strip("'\"")
    plain = not any(sign in pattern for sign in ",[=")  # else Hydra's lists and exclude=
    if plain and not fnmatch.filter(known, pattern):
        raise ArgumentError(f"{group}={value}: matches nothing{near(pattern, known)}")


def _check_key(key: str) -> None:
    group = key.partition(".")[0]
    if key in ("model._target_", "dataset._target_"):
        raise ArgumentError(f"{key}: a model of your own: model=own model._target_=your.module.Net")
    if group in GROUPS and key == f"{group}.name":
        other = "; the name of the wandb run is logger.run_name" if group == "logger" else ""
        raise ArgumentError(f"{key}: chosen as a whole, with {group}=..., not key by key{other}")
