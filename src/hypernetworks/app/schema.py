"""What a configuration may hold: the dataclasses that every composed configuration is checked
against. Imports no torch.

A field with a default is left out of a run's identity where it has it (see identity.py): a default
means "as before", now and in every later version.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, OmegaConf

from hypernetworks.app.architectures import MODELS
from hypernetworks.app.datasets import DATASETS
from hypernetworks.training.settings import TrainerSettings


@dataclass
class ProfileConfig:
    """Which data a run uses (real, prefix, part, stand-in, sample); whether it fits a simple
    baseline."""

    name: str = MISSING
    data: str = MISSING
    baseline: bool = False


@dataclass
class LoggerConfig:
    """Where a run is mirrored, and what it is called there. None: as wandb's own variable of the
    environment says (WANDB_PROJECT, WANDB_RUN_GROUP, ...), else as we call it.

    mode: auto (online if logged in, else offline), online, offline, disabled. weights: whether the
    final weights are kept there too.
    """

    name: str = MISSING
    project: str | None = None
    entity: str | None = None
    run_name: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] | None = None
    notes: str | None = None
    mode: str = "auto"
    weights: bool = False


@dataclass
class Config:
    """One run. `table` and `row` name its record; `paper` is what the paper reports for the row;
    `label` what a shortened row is called."""

    table: str = "custom"
    row: str = "custom"
    label: str | None = None
    paper: dict[str, Any] = field(default_factory=dict)
    model: Any = MISSING
    dataset: Any = MISSING
    trainer: TrainerSettings = MISSING
    profile: ProfileConfig = MISSING
    logger: LoggerConfig = MISSING
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    data_dir: str = MISSING
    results_dir: str = MISSING
    force: bool = False
    quiet: bool = False


def store_schemas() -> None:
    """Registers the dataclasses, for the files of conf/ to build on, unless they are still there:
    to convert them takes a good part of a composing."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    last = store.repo.get("schema.yaml")
    if last is not None and OmegaConf.get_type(last.node) is Config:
        return
    models = {name: model.settings for name, model in MODELS.items()}
    for group, schemas in (("model", models), ("dataset", DATASETS)):
        for name, schema in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=schema)
    store.store(name="schema", node=Config)
