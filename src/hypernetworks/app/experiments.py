"""Turns the files of `experiments/` into Hydra's groups `experiment` and `sweep`.

experiment=table7/cnn      one row
sweep=table7               all rows of a table, as a stock multirun
sweep=figure2              the rows that a figure is drawn from
sweep=all                  the rows of all tables
"""

from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from hypernetworks.locations import experiments_dir


def experiment_files() -> dict[str, Path]:
    """{"table7/cnn": path}, in the order of the tables and of the paper's rows."""
    paths = [p for p in experiments_dir().glob("table*/*.yaml") if p.stem != "table"]
    ordered = sorted(paths, key=lambda path: (path.parent.name, _paper_order(path)))
    return {f"{path.parent.name}/{path.stem}": path for path in ordered}


def _paper_order(path: Path) -> Any:
    return OmegaConf.select(OmegaConf.load(path), "paper.order")


def sweeps() -> dict[str, list[str]]:
    """{"table7": ["table7/cnn", ...], ..., "figure2": [...], "all": [...]}."""
    found: dict[str, list[str]] = {}
    for name in experiment_files():
        found.setdefault(name.split("/")[0], []).append(name)
    figures: Any = OmegaConf.to_container(OmegaConf.load(experiments_dir() / "figures.yaml"))
    for number, figure in figures.items():
        found[f"figure{number}"] = figure["rows"]
    return {"all": list(experiment_files()), **found}


def store_experiments() -> None:
    """Registers every row and every sweep: the folder is the only list of them."""
    store = ConfigStore.instance()
    for name, path in experiment_files().items():
        table, row = name.split("/")
        node = OmegaConf.load(path)
        store.store(group=f"experiment/{table}", name=row, node=node, package="_global_")
    for name, rows in sweeps().items():
        multirun = {"mode": "MULTIRUN", "sweeper": {"params": {"experiment": ",".join(rows)}}}
        store.store(group="sweep", name=name, node={"hydra": multirun}, package="_global_")
