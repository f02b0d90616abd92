"""What every group of Hydra has to choose from, on the whole search path: the package's files, and
those of the user's `--config-dir` and `hydra.searchpath`.

Listed from the folders, without Hydra and without reading a file.
"""

import difflib
import re
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from hypernetworks.app.architectures import MODELS
from hypernetworks.app.datasets import DATASETS
from hypernetworks.app.experiments import row_names, sweep_names
from hypernetworks.app.schema import Config
from hypernetworks.locations import conf_dir

GROUPS = ("model", "dataset", "trainer", "profile", "logger", "experiment", "sweep")
MANY = 40  # names, of which a line lists no more
NEAR, AS_NEAR = 0.7, 0.15  # how alike a guess must be, of 1; how much less than the nearest
CONFIG_DIR = ("--config-dir", "-cd")


def search_path(arguments: list[str]) -> list[Path]:
    """The folders with configurations: the package's, then those that the arguments name."""
    found = [conf_dir()]
    for before, word in zip(["", *arguments], arguments, strict=False):
        option, _, value = word.partition("=")
        if before in CONFIG_DIR:
            found.append(Path(word))
        elif option in CONFIG_DIR:
            found.append(Path(value))
        elif option == "hydra.searchpath":
            places = re.findall(r"[^\[\],'\"\s]+", value)
            found += [Path(place.removeprefix("file://")) for place in places]
    return found


def choices(arguments: list[str] | None = None) -> dict[str, list[str]]:
    """{group: its choices}, as the command line names them."""
    folders = search_path(sys.argv[1:] if arguments is None else arguments)
    found: dict[str, list[str]] = {group: [] for group in GROUPS}
    for folder in folders:
        for group in GROUPS:
            files = sorted((folder / group).rglob("*.yaml"))
            found[group] += [f.relative_to(folder / group).as_posix()[:-5] for f in files]
    found["experiment"] = row_names() + found["experiment"]
    found["sweep"] = sweep_names() + found["sweep"]
    return {group: list(dict.fromkeys(names)) for group, names in found.items()}


def known_keys() -> list[str]:
    """All keys of the schemas: "seed", "trainer.lr", "model.hidden_size", ..."""
    found = _keys(Config)
    for model in MODELS.values():
        found |= _keys(model.settings, "model.")
    for dataset in DATASETS.values():
        found |= _keys(dataset, "dataset.")
    return sorted(found | set(GROUPS))


def having(key: str) -> list[str]:
    """The choices of model or dataset whose schema has a key: ["hyper_cnn"]."""
    group, _, name = key.partition(".")
    schemas: dict[str, Any] = {
        "model": {name: model.settings for name, model in MODELS.items()},
        "dataset": DATASETS,
    }.get(group, {})
    return [c for c, schema in schemas.items() if name in {f.name for f in fields(schema)}]


def near(word: str, known: list[str]) -> str:
    """ "; did you mean ...?", or the valid names if there are few."""
    matches = difflib.get_close_matches(word, known, n=3, cutoff=NEAR)
    if matches:
        alike = [difflib.SequenceMatcher(None, word, match).ratio() for match in matches]
        matches = [m for m, ratio in zip(matches, alike, strict=True) if ratio > alike[0] - AS_NEAR]
        return f"; did you mean {' or '.join(matches)}?"
    last = [k for k in known if k.split(".")[-1] == word.split(".")[-1]]
    shown = last or (known if len(known) <= MANY else [])
    return f"; the valid names are {', '.join(shown)}" if shown else "; --help lists what there is"


def _keys(schema: Any, prefix: str = "") -> set[str]:
    found = set()
    for field in fields(schema):
        name = prefix + field.name
        found.add(name)
        if is_dataclass(field.type):
            found |= _keys(field.type, f"{name}.")
    return found
