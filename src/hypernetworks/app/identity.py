"""Which run a configuration is: its protocol, its files, whether it deviates from its row.

A run is its canonical protocol: what it trains on what data how, and nothing of where or who with.
A key that has its schema's default is left out, so that a setting that is added later changes no
run of before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING as REQUIRED
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from hypernetworks.app.architectures import MODELS
from hypernetworks.app.datasets import DATASETS
from hypernetworks.report.provenance import config_hash
from hypernetworks.training.settings import TrainerSettings

# What may differ between two runs of the same protocol.
FREE_KEYS = (
    *("seed", "paper", "label", "logger", "device", "threads", "data_dir", "results_dir"),
    *("force", "quiet", "profile.baseline", "dataset.baseline_order"),
    *("trainer.checkpoint_every", "trainer.log_every", "trainer.max_time"),
)
# Where a model's and a trainer's defaults come from: what became of them counts.
SOURCES = ("dataset.sizes", "dataset.protocol", "dataset.task")
FREE_GROUPS = ("experiment", "sweep", "profile")
# Of the paper's rows, whose protocol says nothing of it: a number's cell names it.
FREE_OF_PAPER = ("trainer.precision",)


def protocol(cfg: DictConfig) -> dict[str, Any]:
    """The canonical protocol of a composed configuration."""
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    if config["dataset"].get("path") is not None:
        config["dataset"]["path"] = _from_here(config["dataset"]["path"])
    config["trainer"]["lr_table"] = _plain(config["trainer"]["lr_table"])
    model = MODELS.get(config["model"].get("name"))
    schemas = {
        # None behind a model of the user's own.
        "model": model and model.settings,
        "dataset": DATASETS.get(config["dataset"].get("name")),
        "trainer": TrainerSettings,
    }
    parts = {name: _canonical(config[name], schema, name) for name, schema in schemas.items()}
    named = {"table": cfg.table, "row": cfg.row, "profile": cfg.profile.name}
    return {**named, "data": cfg.profile.data, **parts}


def _from_here(path: str) -> str:
    """One spelling of a path: relative to the folder that one is in, if it lies there."""
    whole, here = Path(path).expanduser().resolve(), Path.cwd().resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def _plain(table: list[Any] | None) -> list[Any] | None:
    """A table of rates in which 1.0 is 1: the same numbers are the same run."""
    return table and [[int(x) if x == int(x) else x for x in row] for row in table]


def _canonical(config: dict[str, Any], schema: Any, group: str) -> dict[str, Any]:
    defaults = _defaults(schema) if schema else {}
    left_out = {k.partition(".")[2] for k in (*FREE_KEYS, *SOURCES) if k.startswith(f"{group}.")}
    return {
        key: value
        for key, value in config.items()
        if key not in left_out and (key == "name" or key not in defaults or value != defaults[key])
    }


def _defaults(schema: Any) -> dict[str, Any]:
    found = {}
    for field in fields(schema):
        if field.default is not REQUIRED:
            found[field.name] = field.default
        elif field.default_factory is not REQUIRED:
            found[field.name] = field.default_factory()
    return found


def deviations(overrides: list[str], of_paper: bool = False) -> list[str]:
    """The command line's overrides that make a run something else than its row.

    Args:
        of_paper: whether it is one of the paper's tables in the profile paper.
    """

    def free(override: str) -> bool:
        key = override.lstrip("+~").partition("=")[0]
        named = (*FREE_KEYS, *FREE_GROUPS, *(FREE_OF_PAPER if of_paper else ()))
        return key in named or key.startswith(("hydra", "logger."))

    return [override for override in overrides if not free(override)]


def search_path() -> list[str]:
    """The words of the command line that name folders of one's own configurations, without which
    the others may mean nothing."""
    if not HydraConfig.initialized():
        return []
    hydra = HydraConfig.get()
    sources = hydra.runtime.config_sources
    folders = [_from_here(source.path) for source in sources if source.provider == "command-line"]
    searched = [word for word in hydra.overrides.hydra if word.startswith("hydra.searchpath=")]
    return [*(f"--config-dir={folder}" for folder in folders), *searched]


@dataclass(frozen=True)
class RunFiles:
    """Where a run keeps its files: the record with its curve and arrays in `home`, and in
    `folder` what only the run itself needs."""

    home: Path
    id: str

    @property
    def folder(self) -> Path:
        return self.home / self.id

    @property
    def record(self) -> Path:
        return self.home / f"{self.id}.json"

    @property
    def curve(self) -> Path:
        return self.home / f"{self.id}.curve.jsonl"

    @property
    def arrays(self) -> Path:
        return self.home / f"{self.id}.npz"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"


def locate(cfg: DictConfig, found: Iterable[Mapping[str, Any]]) -> RunFiles:
    """The files of this configuration's run: the one to resume, else the finished one, else new.

    A record is this run's if its protocol is, whatever its file is called (those of before have
    another hash in their names).

    Args:
        cfg: the configuration; with `force`, a run that is over (finished, diverged, failed) is
            followed by another attempt.
        found: the records of its row and profile.
    """
    home = Path(cfg.results_dir) / "runs" / cfg.table / cfg.row
    identity = config_hash(protocol(cfg))
    of_run = [r for r in found if r["config_hash"] == identity and r["seed"] == cfg.seed]
    latest = max(
        of_run, key=lambda record: (_attempt(record["id"]), record["created"]), default=None
    )
    over = latest is not None and latest["status"] in ("finished", "diverged", "failed")
    if latest is not None and not (cfg.force and over):
        return RunFiles(home, latest["id"])
    taken = {record["id"] for record in found}
    base = f"{cfg.profile.name}-seed{cfg.seed}-{identity[:8]}"
    number = 1 if latest is None else _attempt(latest["id"]) + 1
    while _named(base, number) in taken:
        number += 1
    return RunFiles(home, _named(base, number))


def _attempt(run_id: str) -> int:
    """1, 2, ...: "paper-seed0-a6c7898e-2" is the second attempt."""
    parts = run_id.split("-")
    return int(parts[3]) if len(parts) > 3 else 1


def _named(base: str, attempt: int) -> str:
    return base if attempt == 1 else f"{base}-{attempt}"
