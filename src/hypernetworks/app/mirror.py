"""A run of Weights & Biases: started, told of, ended; nothing of it can end what it mirrors."""

import hashlib
import logging
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

log = logging.getLogger("hypernetworks")

# Seconds that a run waits for wandb, where its user has not said otherwise.
LIMITS = {"WANDB_INIT_TIMEOUT": "30", "WANDB_FINISH_TIMEOUT": "300"}
PROJECT = "hypernetworks"
# Where an argument of `wandb.init` may be said: the key of `logger`, and wandb's own variable.
SAID = {
    "project": ("project", "WANDB_PROJECT"),
    "entity": ("entity", "WANDB_ENTITY"),
    "name": ("run_name", "WANDB_NAME"),
    "group": ("group", "WANDB_RUN_GROUP"),
    "job_type": ("job_type", "WANDB_JOB_TYPE"),
    "notes": ("notes", "WANDB_NOTES"),
}
# What an agent of wandb's sweeps has chosen, and wandb itself reads.
OF_THE_AGENT = ("project", "entity", "id")


class Mirror:
    """A wandb run, told of as long as it listens.

    Whatever fails is said once, and wandb is told no more: training does not depend on it.
    """

    def __init__(self, run: Any) -> None:
        self.run = run
        self.lost = False

    def tell(self, what: Callable[[], object]) -> None:
        """Calls what tells wandb something, unless it is lost."""
        if self.lost:
            return
        try:
            what()
        except Exception as error:  # wandb's come from all its layers, and have no common class
            self.lost = True
            log.warning(
                "wandb lacks the rest of this run; going on without it: %s", one_line(error)
            )

    def close(self, status: int) -> None:
        """Ends the wandb run; waits for what is not uploaded yet, but not for ever."""
        self.tell(lambda: self.run.finish(exit_code=status))


def start_wandb(logger: DictConfig, results: Path, **ours: Any) -> Any | None:
    """Starts a wandb run, its files under `results`/wandb.

    Where wandb cannot be reached, or refuses, the run is an offline one after a warning; None, with
    a warning, if that cannot be either.

    Args:
        logger: see conf/logger/wandb.yaml; mode "auto" is WANDB_MODE if set, else online if logged
            in, else offline.
        results: the results folder.
        ours: arguments of `wandb.init`, for what nobody has said.
    """
    refused: Exception | None = None
    for mode in (logger.mode, "offline"):
        try:
            run = _init(results, mode, arguments(logger, ours))
        except Exception as error:  # wandb's come from all its layers, and have no common class
            refused = refused or error
            _forget_settings()
        else:
            if refused is not None:
                place = results / "wandb"
                remedy = f"this run is mirrored offline, under {place} (wandb sync uploads it)"
                log.warning("wandb did not start; %s: %s", remedy, one_line(refused))
            return run
    assert refused is not None
    log.warning("wandb did not start; going on without it: %s", one_line(refused))
    return None


def arguments(logger: DictConfig, ours: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `wandb.init`: each as a key of `logger` says, else as wandb's variable does, else
    ours. Our tags are added to whichever are said."""
    found: dict[str, Any] = {"project": PROJECT, **ours}
    for argument, (key, variable) in SAID.items():
        said = logger[key] or os.environ.get(variable)
        found[argument] = said or found.get(argument)
    words = os.environ.get("WANDB_TAGS", "").split(",") if logger.tags is None else logger.tags
    tags = [word.strip() for word in words if word.strip()]
    found["tags"] = list(dict.fromkeys([*tags, *ours.get("tags", [])]))
    if os.environ.get("WANDB_SWEEP_ID"):
        return {name: value for name, value in found.items() if name not in OF_THE_AGENT}
    return found


def mode_of(mode: str) -> str:
    """What mode "auto" is here and now."""
    if mode != "auto":
        return mode
    return os.environ.get("WANDB_MODE") or _online_if_logged_in()


def wandb_id(record: Mapping[str, Any]) -> str:
    """The same for every invocation of a run, another for another run of the same name."""
    name = "/".join((record["table"], record["row"], record["id"], record["created"]))
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def where_offline(results: Path, ids: Iterable[str]) -> str | None:
    """Where the offline parts of runs lie, and what to do with them; None if there are none.

    A run that was resumed has a part for each time; wandb uploads those of a run in their order.
    """
    place = results / "wandb"
    parts = [_parts(place, id_) for id_ in set(ids)]
    left = sorted(part for of_it in parts for part in of_it)
    if not left:
        return None
    one = sum(map(bool, parts)) == 1
    what = " and ".join(map(str, left)) if one else f"{len(left)} folders of {place}"
    upload = shlex.join(
        ["wandb", "sync", *map(str, left)] if one else ["wandb", "sync", str(place)]
    )
    look = shlex.join(["wandb", "leet", str(place)])
    return f"wandb: offline in {what}; `{upload}` uploads it, `{look}` shows it in the terminal"


def _parts(place: Path, id_: str) -> list[Path]:
    """The folders of a run that are not uploaded yet; those of one second wandb numbers."""
    part = re.compile(rf"offline-run-[^-]+-{re.escape(id_)}(-\d+)?")
    found = [folder for folder in place.glob("offline-run-*") if part.fullmatch(folder.name)]
    return [folder for folder in found if not list(folder.glob("*.synced"))]


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _forget_settings() -> None:
    """What the environment may have said wrongly, wandb would refuse offline too."""
    os.environ["WANDB_MODE"] = "offline"
    os.environ.update(LIMITS)


def _init(results: Path, mode: Any, said: dict[str, Any]) -> Any:
    results.mkdir(parents=True, exist_ok=True)
    # wandb would stage artifacts in the user's home.
    os.environ.setdefault("WANDB_DATA_DIR", str((results / "wandb" / "staging").resolve()))
    for limit, seconds in LIMITS.items():
        os.environ.setdefault(limit, seconds)
    import wandb

    mode = mode_of(mode)
    try:
        return wandb.init(
            mode=mode,
            dir=str(results.resolve()),  # wandb's service may have begun in another folder
            resume="allow" if mode == "online" else None,
            reinit="finish_previous",
            settings=wandb.Settings(silent=mode != "online"),
            **said,
        )
    except Exception:
        with suppress(Exception):
            wandb.teardown()  # else its service holds the run's id for the one that failed
        raise


def _online_if_logged_in() -> str:
    import wandb

    # That the key is right shows when the run starts, which has a limit of its own.
    return "online" if wandb.login(prompt=False, verify=False) else "offline"
