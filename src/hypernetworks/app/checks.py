"""What must hold of a configuration beyond its types, checked before anything is written."""

import math
import re
from dataclasses import fields

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hypernetworks.app.architectures import MODELS, taking
from hypernetworks.app.experiments import rows_of_sweep, sweep_names
from hypernetworks.report.folders import folder_name
from hypernetworks.report.records import NO_TABLE

MANY_THREADS, MANY_LAYERS = 1024, 10_000  # more would take the machine's time for nothing
MODES = ("auto", "online", "offline", "disabled")


class RunError(Exception):
    """A run that cannot start."""


def check_config(cfg: DictConfig) -> None:
    """Refuses values that have the right type and cannot work.

    Raises:
        RunError: naming the key, the value and what it may be.
    """
    check_pair(cfg)
    _check_complete(cfg)
    seeds = {"seed": cfg.seed, "dataset.split_seed": cfg.dataset.get("split_seed", 0)}
    for key, seed in seeds.items():
        if not 0 <= seed < 2**63:
            raise RunError(f"{key}={seed}: choose 0 to 2^63 - 1")
    _check_dataset(cfg.dataset)
    if cfg.threads is not None and not 1 <= cfg.threads <= MANY_THREADS:
        raise RunError(f"threads={cfg.threads}: choose 1 to {MANY_THREADS}")
    for key in ("num_layers", "depth"):
        layers = cfg.model.get(key)
        if "_target_" not in cfg.model and layers is not None and layers > MANY_LAYERS:
            raise RunError(f"model.{key}={layers}: at most {MANY_LAYERS}")
    _check_place(cfg)
    mode = cfg.logger.mode
    if mode not in MODES:
        raise RunError(f"logger.mode={mode}: choose one of {', '.join(MODES)}")


def _check_place(cfg: DictConfig) -> None:
    for key in ("table", "row"):
        if not re.fullmatch(r"[a-z0-9_]+", cfg[key]):
            raise RunError(f"{key}={cfg[key]}: use lower-case letters, digits and _")
    table = folder_name(cfg.table)
    if cfg.row == NO_TABLE and table in sweep_names():
        one = rows_of_sweep(table)[0]
        raise RunError(
            f"table={cfg.table}: which row? experiment={one} is one, sweep={table} runs all"
        )


def _check_dataset(dataset: DictConfig) -> None:
    l2 = dataset.get("l2", 0.0)
    if not 0 <= l2 < math.inf:
        raise RunError(f"dataset.l2={l2}: it must be 0 or more")
    reset = dataset.get("reset", 0.0)
    if not 0 <= reset <= 1:
        raise RunError(f"dataset.reset={reset}: choose 0 to 1")


def check_device(name: str) -> None:
    """Refuses what is no device anywhere; whether there is such a one here shows later."""
    try:
        torch.device("cpu" if name == "auto" else name)
    except RuntimeError:
        raise RunError(f"device={name}: choose auto, cpu, cuda, cuda:1, mps") from None


def check_pair(cfg: DictConfig) -> None:
    """Refuses an architecture that does not go with the data set's task, naming those that do."""
    if "_target_" in cfg.model:
        return
    name, dataset = cfg.model.get("name"), cfg.dataset
    if name not in MODELS:
        raise RunError(f"model.name={name}: no such architecture; there are {', '.join(MODELS)}")
    if dataset.task not in MODELS[name].tasks:
        raise RunError(
            f"model={name}{_unless_said('model')} does not go with "
            f"dataset={dataset.name}{_unless_said('dataset')}; "
            f"model={', '.join(taking(dataset.task))} do"
        )
    known = {field.name for field in fields(MODELS[name].settings)}
    for key in cfg.model:
        if key not in known:
            raise RunError(f"model.{key}: model={name} has no such key")


def _unless_said(group: str) -> str:
    if not HydraConfig.initialized():
        return ""
    words = HydraConfig.get().overrides.task
    said = any(word.startswith((f"{group}=", "experiment=")) for word in words)
    return "" if said else " (the default)"


def _check_complete(cfg: DictConfig) -> None:
    """Refuses what only shows when a value is used: a missing one, a broken interpolation."""
    try:
        OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "the configuration"
        reason = " ".join(str(error).split("\n")[0].split())
        raise RunError(f"{key}: {reason}; set {key}=...") from error
