"""The one door: a command of ours, or a run whose configuration Hydra composes."""

import os
import re
import sys
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from typing import Any

from hypernetworks.app.completion import OPTIONS as COMPLETION
from hypernetworks.app.completion import complete
from hypernetworks.app.help import COMMANDS, help_text
from hypernetworks.app.leave import leave, leave_interrupted
from hypernetworks.app.workers import end_with_parent
from hypernetworks.report.terminal import reader_may_leave, show_anything
from hypernetworks.training.cores import wait_asleep

# Where the commands are: a module's `main(arguments)`, or one of the report's.
MODULES = {
    name: f"hypernetworks.app.{name.replace('-', '_')}"
    for name in (
        *("figure", "sample", "write", "translate", "params", "reproduce"),
        *("outstanding", "reproduce-next", "dashboard"),
    )
}


def main() -> None:
    """Runs the command line; every foreseen error is one line on stderr and a status not 0."""
    show_anything()
    wait_asleep()
    end_with_parent()
    try:
        with reader_may_leave():
            _open(sys.argv[1:])
    except OSError as error:
        leave(str(error), 1)


def _open(arguments: list[str]) -> None:
    _import_from_here()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text(_program()), end="")
    elif arguments[0] in COMPLETION:
        complete(arguments, run_words)
    elif arguments[0] in MODULES:
        sys.exit(import_module(MODULES[arguments[0]]).main(arguments[1:]))
    elif arguments[0] in COMMANDS:
        from hypernetworks.report.cli import main as report

        sys.exit(report(arguments))
    elif any(word in arguments for word in ("-h", "--help")):
        print(help_text(_program()), end="")
    else:
        run_words(arguments, summary=True)


def run_job(cfg: Any) -> Any:
    # Launchers pickle this function by value: everything it needs is imported inside.
    import logging

    from hydra.core.hydra_config import HydraConfig

    from hypernetworks.app.rows import stay_for_others
    from hypernetworks.report.terminal import show_anything
    from hypernetworks.training.cores import wait_asleep

    os.chdir(HydraConfig.get().runtime.cwd)  # a worker of Ray's may have begun elsewhere
    stay_for_others()  # before the seconds that the next import takes
    show_anything()
    wait_asleep()
    logging.raiseExceptions = False  # a log line that nobody reads any more is no error
    from hypernetworks.app.run import run_or_explain

    return run_or_explain(cfg)


def register() -> None:
    """Makes schemas and experiments known to Hydra."""
    from hydra.core.config_store import ConfigStore

    from hypernetworks.app.experiments import register_experiments
    from hypernetworks.app.schema import store_schemas

    store_schemas()
    register_experiments()
    # --help is ours and never reaches Hydra, whose own would list the store group by group.
    template = {"app_name": "hypernetworks", "template": "python -m hypernetworks --help"}
    ConfigStore.instance().store(group="hydra/help", name="hypernetworks", node=template)


def run_words(words: list[str], summary: bool = False) -> None:
    """Runs what the words of a command line say; a sweep prints a summary at its end, if asked.

    Raises:
        SystemExit: with status 1, 2 or that of a signal, after one line on stderr.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from hypernetworks.app.arguments import ArgumentError, checked
    from hypernetworks.app.explain import explain, without_key
    from hypernetworks.app.messages import one_line
    from hypernetworks.locations import conf_dir

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and the line below is ours
    try:
        rest, key = without_key(words)
        sys.argv[1:] = checked(words if key is None else ["--explain", *rest])
        if key is not None:
            sys.argv.remove("--explain")
        register()
        if key is not None:
            print(explain(key, sys.argv[1:]))
            return
        start = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
        try:
            start(run_job)()
        finally:
            _end_sweep(summary)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as stop:
        leave_interrupted(stop)
    except ArgumentError as error:
        leave(str(error), 2)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        leave(one_line(error), 2)
    except Exception as error:
        told = _foreseen(error)
        if told is None:
            raise
        leave(*told)


def _foreseen(error: Exception) -> tuple[str, int] | None:
    """What an error says in one line, and the status; None where only its traceback says enough."""
    from hypernetworks.app.launchers import as_typed
    from hypernetworks.app.messages import one_line

    if _comes_from_a_launcher(error) or _raised_in(error) == "optuna":
        return "; ".join(str(error).strip().splitlines()[:2]) or type(error).__name__, 1
    ours = error.__class__.__module__.partition(".")[0] == "hypernetworks"
    if ours or isinstance(error, OSError):
        return str(error), 1
    options = [word for word in sys.argv[1:] if word.startswith(("hydra", "-"))]
    if not options or _a_run_began(error):
        return None
    reason = one_line(error) or type(error).__name__
    return f"{as_typed(' '.join(options))}: Hydra cannot start with that: {reason}", 2


def _a_run_began(error: Exception) -> bool:
    """Whether an error comes from a run, or from a sweep of which one has begun."""
    from hypernetworks.app.sweep import Sweep

    frames = [frame.f_code for frame, _ in walk_tb(error.__traceback__)]
    return Sweep.begun() or run_job.__code__ in frames


def _comes_from_a_launcher(error: Exception) -> bool:
    """Whether rows could not be started, or got lost; what they raise themselves comes later."""
    frames = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    return any(re.match(r"hydra_plugins\..*_launcher", name) for name in frames)


def _raised_in(error: Exception) -> str:
    """The package whose code raised it: of a study, that it has no trial that succeeded."""
    *_, (last, _) = walk_tb(error.__traceback__)
    return str(last.f_globals.get("__name__", "")).partition(".")[0]


def _end_sweep(summary: bool) -> None:
    """Says how the rows of a sweep ended, if there was one."""
    from hypernetworks.app.sweep import finished

    paths = finished()
    if not paths:
        return
    from hypernetworks.app.mirror import wandb_id, where_offline
    from hypernetworks.report.records import read
    from hypernetworks.report.sweeps import summary as of_records

    if summary:
        print(of_records(paths))
    ids = [wandb_id(read(path)) for path in paths]
    results = {path.parents[3] for path in paths}  # of results/runs/TABLE/ROW/ID.json
    for where in (where_offline(folder, ids) for folder in sorted(results)):
        if where is not None:
            print(where)


def _import_from_here() -> None:
    """The user's own modules lie where he is, also for the installed script."""
    if str(Path.cwd()) not in sys.path and "" not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def _program() -> str:
    return (
        "hypernetworks" if Path(sys.argv[0]).name == "hypernetworks" else "python -m hypernetworks"
    )
