"""Which run a configuration is: its name, its folder, whether it deviates from its row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from hypernetworks.report.provenance import config_hash

# What may differ between two runs of the same protocol.
FREE_KEYS = (
    "seed",
    "paper",
    "logger",
    "device",
    "threads",
    "data_dir",
    "results_dir",
    "force",
    "quiet",
    "trainer.checkpoint_every",
    "trainer.log_every",
    "trainer.max_time",
)
FREE_GROUPS = ("experiment", "sweep", "profile")


def protocol(cfg: DictConfig) -> dict[str, Any]:
    """The resolved configuration without what is free to differ."""
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    for key in FREE_KEYS:
        *parents, last = key.split(".")
        node = config
        for parent in parents:
            node = node[parent]
        node.pop(last, None)
    return config


def deviations(overrides: list[str]) -> list[str]:
    """The command line's overrides that make a run something else than its row."""

    def free(override: str) -> bool:
        key = override.lstrip("+~").partition("=")[0]
        named = (*FREE_KEYS, *FREE_GROUPS)
        return key in named or key.startswith(("hydra", "logger."))

    return [override for override in overrides if not free(override)]


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


def locate(cfg: DictConfig, statuses: dict[str, str]) -> RunFiles:
    """The files of this configuration's run: the one to resume, else the finished one, else new.

    Args:
        cfg: the configuration; with `force`, a run that is over (finished, diverged, failed) is
            followed by another attempt.
        statuses: {id: status} of the records there are.
    """
    home = Path(cfg.results_dir) / "runs" / cfg.table / cfg.row
    base = f"{cfg.profile.name}-seed{cfg.seed}-{config_hash(protocol(cfg))[:8]}"
    attempt = 1
    while statuses.get(_attempt(base, attempt + 1)) is not None:
        attempt += 1
    if cfg.force and statuses.get(_attempt(base, attempt)) in ("finished", "diverged", "failed"):
        attempt += 1
    return RunFiles(home, _attempt(base, attempt))


def _attempt(base: str, attempt: int) -> str:
    return base if attempt == 1 else f"{base}-{attempt}"
