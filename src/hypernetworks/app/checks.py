"""What must hold of a configuration beyond its types, checked before anything is written."""

import math
import re

from omegaconf import DictConfig

TABLES = ("2", "3", "4", "5", "6", "7", "a1", "custom")
MODES = ("auto", "online", "offline", "disabled")


class RunError(Exception):
    """A run that cannot start."""


def check_config(cfg: DictConfig) -> None:
    """Refuses values that have the right type and cannot work.

    Raises:
        RunError: naming the key, the value and what it may be.
    """
    seeds = {"seed": cfg.seed, "dataset.split_seed": cfg.dataset.get("split_seed", 0)}
    for key, seed in seeds.items():
        if not 0 <= seed < 2**63:
            raise RunError(f"{key}={seed}: choose 0 to 2^63 - 1")
    l2 = cfg.dataset.get("l2", 0.0)
    if not 0 <= l2 < math.inf:
        raise RunError(f"dataset.l2={l2}: it must be 0 or more")
    if cfg.threads is not None and cfg.threads < 1:
        raise RunError(f"threads={cfg.threads}: it must be at least 1")
    if cfg.table not in TABLES:
        raise RunError(f"table={cfg.table}: choose one of {', '.join(TABLES)}")
    if not re.fullmatch(r"[a-z0-9_]+", cfg.row):
        raise RunError(f"row={cfg.row}: use lower-case letters, digits and _")
    mode = cfg.logger.mode
    if mode not in MODES:
        raise RunError(f"logger.mode={mode}: choose one of {', '.join(MODES)}")
