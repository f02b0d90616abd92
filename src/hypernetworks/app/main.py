"""The command line: composes the configuration with Hydra and hands it to the runner."""

import difflib
import os
import re
import sys
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from hypernetworks.app.arguments import ArgumentError, checked, help_text, with_key
from hypernetworks.app.experiments import store_experiments
from hypernetworks.app.schema import store_schemas
from hypernetworks.locations import conf_dir


def run_job(cfg: DictConfig) -> Any:
    # Launchers pickle this function by value: everything it needs is imported inside.
    from hypernetworks.app.run import run_or_explain

    return run_or_explain(cfg)


def main() -> None:
    """Runs the command line; every foreseen error is one line on stderr and a status not 0."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, and the line below is ours
    try:
        sys.argv[1:] = checked(sys.argv[1:])
        register()
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(run_job)()
    except KeyboardInterrupt as stop:
        _leave(str(stop) or "interrupted", 128 + getattr(stop, "signum", 2))
    except ArgumentError as error:
        _leave(str(error), 2)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        _leave(_one_line(error), 2)
    except Exception as error:
        ours = error.__class__.__module__.partition(".")[0] == "hypernetworks"
        if not ours and not isinstance(error, OSError):
            raise
        _leave(str(error), 1)


def register() -> None:
    """Puts the schemas, the experiments, the sweeps and the help text in Hydra's store."""
    store_schemas()
    store_experiments()
    template = {"app_name": "hypernetworks", "template": help_text()}
    ConfigStore.instance().store(group="hydra/help", name="hypernetworks", node=template)


def _one_line(error: Exception) -> str:
    """Hydra's message with its cause, which has the reason ("'abc' is not a float")."""
    text = " ".join(str(error).split())
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown:
        having = with_key(unknown[1])
        who = f"{' and '.join(having)} {'has' if len(having) == 1 else 'have'} it"
        hint = who if having else "--cfg job shows the keys"
        return f"{unknown[1]}: the chosen configuration has no such key; {hint}"
    several = re.match(r"Ambiguous value for argument '([^']+)'", text)
    if several:
        return f"{several[1]}: several values make a sweep; add --multirun (-m)"
    choice = re.search(
        r"Could not find '(.+)/([^/']+)' Available options in '.+': (.*?) Config ", text
    )
    if choice:
        near = difflib.get_close_matches(choice[2], choice[3].split(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(choice[3].split())}"
        return f"{choice[1]}={choice[2]}: unknown choice; {hint}"
    budget = re.search(r"In 'budget/dataset/([a-z0-9]+)_\w+'.* Key '(\w+)' not in '(\w+)'", text)
    if budget:
        models = " or ".join(with_key(f"model.{budget[2]}"))
        return f"dataset={budget[1]} does not go with this model; it needs model={models}"
    cause = " ".join(str(error.__cause__ or "").split("\n")[0].split())
    return f"{text}: {cause}" if cause and cause not in text else text


def _leave(message: str, status: int) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
