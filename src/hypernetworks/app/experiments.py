"""The folder `experiments/` as a source of Hydra's configurations.

experiment=table7/cnn      one row: its file, on what table7/table.yaml says all its rows share
sweep=table7               all rows of a table, as a stock multirun; of our own: sweep=NAME
sweep=figure2              the rows that a figure is drawn from
sweep=all                  the rows of all the paper's tables
shortened/lite/mnist/table7/cnn   what table7/lite.yaml shortens of that row; without a row of
                           ours, conf/shortened/mnist_lite.yaml (Hydra asks for these itself)

A file is read once it is named; listing reads none.
"""

from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from hypernetworks.locations import conf_dir, experiments_dir
from hypernetworks.report.folders import NO_ROWS, place, table_of

SCHEME = "experiments"


@cache
def row_names(folder: Path | None = None) -> list[str]:
    """["table2/hyper_wrn_40_1", ...], by table and file name; tables of our own come last."""
    paths = [p for p in (folder or experiments_dir()).glob("*/*.yaml") if p.stem not in NO_ROWS]
    paths.sort(key=lambda p: (place(table_of(p.parent.name)), p.stem))
    return [f"{p.parent.name}/{p.stem}" for p in paths]


def in_paper_order(names: list[str], folder: Path | None = None) -> list[str]:
    """The same, the rows of each table as the paper, or their own files, have them."""
    root = folder or experiments_dir()

    def order(name: str) -> tuple[tuple[bool, int, str], int]:
        number = _read(root / f"{name}.yaml").get("paper", {}).get("order", 0)
        return place(table_of(name.split("/")[0])), number

    return sorted(names, key=order)


def sweep_names(folder: Path | None = None) -> list[str]:
    """["all", "table2", ..., "figure2", ...]."""
    tables = dict.fromkeys(name.split("/")[0] for name in row_names(folder))
    return ["all", *tables, *(f"figure{number}" for number in _figures(folder))]


def rows_of_sweep(name: str, folder: Path | None = None) -> list[str]:
    """The rows that a sweep runs, in the paper's order.

    Raises:
        KeyError: if there is no such sweep.
    """
    if name not in sweep_names(folder):
        raise KeyError(name)
    figure = _figures(folder).get(name.removeprefix("figure"))
    if figure and name.startswith("figure"):
        return list(figure["rows"])
    rows = row_names(folder)
    if name == "all":
        rows = [row for row in rows if of_paper(row, folder)]
    else:
        rows = [row for row in rows if row.split("/")[0] == name]
    return in_paper_order(rows, folder)


def of_paper(row: str, folder: Path | None = None) -> bool:
    """Whether a row's table is one of the paper's: its table.yaml says where it stands there."""
    path = (folder or experiments_dir()) / row
    return "paper" in _read(path.with_name("table.yaml"), optional=True)


def files_behind(config_path: str) -> list[tuple[Path, dict[str, Any]]]:
    """(file, what it sets), in their order, of a configuration of this source."""
    group, _, name = config_path.partition("/")
    root = experiments_dir()
    if group == "experiment":
        path = root / f"{name}.yaml"
        shared = _read(path.with_name("table.yaml"), optional=True).get("shared") or {}
        return [(path.with_name("table.yaml"), shared), (path, _read(path))]
    source = ExperimentSource("hypernetworks", f"{SCHEME}://{root}")
    keys: Any = OmegaConf.to_container(source.load_config(config_path).config)
    file = _shortened_by(name, root) if group == "shortened" else root / "figures.yaml"
    return [(file or root, keys)] if keys else []


def _shortened_by(name: str, folder: Path) -> Path | None:
    """The file that shortens PROFILE/DATASET/EXPERIMENT; the experiment may be none of ours."""
    profile, dataset, row = name.split("/", 2)
    path = conf_dir() / "shortened" / f"{dataset}_{profile}.yaml"
    if row in row_names(folder):
        path = (folder / row).with_name(f"{profile}.yaml")
    return path if path.is_file() else None


def _figures(folder: Path | None) -> dict[str, Any]:
    return _read((folder or experiments_dir()) / "figures.yaml", optional=True)


@cache
def _read(path: Path, optional: bool = False) -> dict[str, Any]:
    """A file's keys; interpolations stay as they are.

    Raises:
        ConfigLoadError: if it is not there or no mapping.
        yaml.YAMLError: naming file and line.
    """
    if not path.is_file():
        if optional:
            return {}
        raise ConfigLoadError(f"{path}: there is no such file")
    with path.open(encoding="utf-8") as file:
        # OmegaConf's own loader, which reads 1e-3 as a number.
        found = OmegaConf.to_container(OmegaConf.load(file))
    if not isinstance(found, dict):
        raise ConfigLoadError(f"{path}: holds no keys")
    return {str(key): value for key, value in found.items()}


class ExperimentSource(ConfigSource):
    """Rows, sweeps and what profiles shorten, out of the files of `experiments/`."""

    @staticmethod
    def scheme() -> str:
        return SCHEME

    @property
    def folder(self) -> Path:
        return Path(self.path)

    def available(self) -> bool:
        return self.folder.is_dir()

    def is_group(self, config_path: str) -> bool:
        return config_path in ("", "experiment", "sweep") or (
            config_path.startswith("experiment/")
            and any(n.startswith(config_path[11:] + "/") for n in row_names(self.folder))
        )

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        if group == "experiment":
            return name in row_names(self.folder)
        if group == "sweep":
            return name in sweep_names(self.folder)
        return group == "shortened" and _shortened_by(name, self.folder) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        groups, configs = ["experiment", "sweep"] if not config_path else [], []
        if config_path == "sweep":
            configs = sweep_names(self.folder)
        elif config_path.startswith("experiment"):
            inside = config_path.removeprefix("experiment").strip("/")
            names = [n.split("/") for n in row_names(self.folder)]
            # Of the whole group the full names, for completion and glob(table7/*); its tables are
            # no groups, so that a shell completes "exp" as "experiment=".
            full = row_names(self.folder)
            configs = [row for table, row in names if table == inside] if inside else full
        found = {
            ObjectType.GROUP: groups,
            ObjectType.CONFIG: configs,
            None: [*groups, *configs],
        }
        return sorted(set(found[results_filter]))

    def load_config(self, config_path: str) -> ConfigResult:
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {config_path}")
        group, _, name = config_path.removesuffix(".yaml").partition("/")
        load = {"experiment": self._row, "sweep": self._sweep, "shortened": self._shortened}
        config = OmegaConf.create(load[group](name))
        assert isinstance(config, DictConfig)
        header: dict[str, str | None] = {"package": "_global_"}
        return ConfigResult(self.provider, f"{SCHEME}://{self.path}", config, header)

    def _row(self, name: str) -> dict[str, Any]:
        table, row = name.split("/")
        shared = _read(self.folder / table / "table.yaml", optional=True).get("shared") or {}
        own = _read(self.folder / f"{name}.yaml")
        chosen: dict[str, Any] = {}
        for entry in [*shared.get("defaults", []), *own.get("defaults", [])]:
            chosen |= entry if isinstance(entry, dict) else {entry: ...}
        defaults = [key if value is ... else {key: value} for key, value in chosen.items()]
        body = OmegaConf.merge(_without(shared, "defaults"), _without(own, "defaults"))
        named = {"table": table_of(table), "row": row}
        return {"defaults": defaults, **named, **OmegaConf.to_container(body)}  # type: ignore[dict-item]

    def _sweep(self, name: str) -> dict[str, Any]:
        rows = ",".join(rows_of_sweep(name, self.folder))
        return {"hydra": {"mode": "MULTIRUN", "sweeper": {"params": {"experiment": rows}}}}

    def _shortened(self, name: str) -> dict[str, Any]:
        path, row = _shortened_by(name, self.folder), name.split("/", 2)[2]
        assert path is not None  # else it was no configuration
        said = _read(path)
        if path.parent.name == "shortened":
            return said
        own = (said.get("rows") or {}).get(row.rpartition("/")[2]) or {}
        label = own.get("label") or said.get("label")
        body = OmegaConf.merge(said.get("shared") or {}, _without(own, "label"))
        found: Any = OmegaConf.to_container(body)
        if label:
            paper = _read(self.folder / f"{row}.yaml").get("paper", {}).get("label", row)
            found["label"] = label.format(paper=paper)
        return found


class ExperimentSearchPath(SearchPathPlugin):
    """Puts `experiments/` on Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("hypernetworks", f"{SCHEME}://{experiments_dir()}")


def register_experiments() -> None:
    """Makes the folder known to Hydra."""
    for plugin in (ExperimentSource, ExperimentSearchPath):
        Plugins.instance().register(plugin)


def _without(fields: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != key}
