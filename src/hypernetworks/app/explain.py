"""`--explain KEY`: which files and words gave a value of the configuration, in their order."""

import re
from pathlib import Path
from typing import Any

from omegaconf import Container, OmegaConf

from hypernetworks.app.arguments import TAKE_A_WORD, ArgumentError
from hypernetworks.app.choices import known_keys, near, search_path
from hypernetworks.app.experiments import files_behind
from hypernetworks.locations import conf_dir

OPTION = "--explain"


def without_key(arguments: list[str]) -> tuple[list[str], str | None]:
    """The arguments without `--explain KEY` (or --explain=KEY), and the key.

    Raises:
        ArgumentError: if no key follows.
    """
    rest, key = [], None
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        if option != OPTION:
            rest.append(word)
            continue
        key = value if equals else next(words, "")
        if not key or "=" in key:
            raise ArgumentError("--explain needs a key, such as --explain trainer.lr")
    return rest, key


def explain(key: str, overrides: list[str]) -> str:
    """The value of a key and where it comes from; interpolations are followed.

    Raises:
        ArgumentError: if the configuration has no such key.
    """
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.types import RunMode

    pairs = zip(["", *overrides], overrides, strict=False)
    words = [w for before, w in pairs if not w.startswith("-") and before not in TAKE_A_WORD]
    words = [word for word in words if not word.startswith("hydra.searchpath=")]
    own = [f"file://{folder.resolve()}" for folder in search_path(overrides)[1:]]
    words += [f"hydra.searchpath=[{','.join(own)}]"] if own else []
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        cfg = compose("config", words)
        loader: Any = GlobalHydra.instance().config_loader()
        defaults = loader.compute_defaults_list("config", words, RunMode.RUN).defaults
        places = search_path(overrides)[1:]
        layers = [
            layer for default in defaults for layer in _layers(loader.repository, default, places)
        ]
    given = OmegaConf.from_dotlist([word.lstrip("+") for word in words])
    return "\n".join(_lines(key, cfg, [*layers, ("command line", given)], set()))


def _layers(repository: Any, default: Any, own: list[Path]) -> list[tuple[str, Container]]:
    """(place, what it sets) of one entry of the defaults list, at its package.

    Args:
        own: the user's folders, which the repository does not have.
    """
    loaded = repository.load_config(default.config_path)
    if loaded is None:
        files = [folder / f"{default.config_path}.yaml" for folder in own]
        return [(_shown(f), _at(default, OmegaConf.load(f))) for f in files if f.is_file()]
    config = _at(default, loaded.config)
    if loaded.path.startswith("structured:"):
        return [("default", config)]
    if loaded.path.startswith("experiments:"):
        behind = files_behind(default.config_path)
        return [(_shown(path), OmegaConf.create(keys)) for path, keys in behind]
    folder = Path(loaded.path.partition("://")[2])
    return [(_shown(folder / f"{default.config_path}.yaml"), config)]


def _at(default: Any, config: Any) -> Container:
    """What a file sets, at its package in the whole configuration."""
    keys: Any = OmegaConf.to_container(config)
    found = OmegaConf.create({key: value for key, value in keys.items() if key != "defaults"})
    for part in reversed(default.package.split(".") if default.package else []):
        found = OmegaConf.create({part: found})
    return found


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _lines(key: str, cfg: Any, layers: list[tuple[str, Container]], seen: set[str]) -> list[str]:
    missing = object()
    value = OmegaConf.select(cfg, key, default=missing)
    if value is missing:
        raise ArgumentError(f"--explain {key}: unknown key{near(key, known_keys())}")
    found = [f"{key} = {_text(value)}"]
    named: list[str] = []
    for place, config in layers:
        raw = _raw(config, key)
        if raw is not None:
            found.append(f"  {place}: {_text(raw[0])}")
            named = re.findall(r"\$\{([\w.]+)\}", str(raw[0]))
    for other in named:
        if other not in seen:
            found += _lines(other, cfg, layers, seen | {key, other})
    return found


def _raw(config: Any, key: str) -> tuple[Any] | None:
    """The value that a layer sets, with its interpolations as written; None if it sets none."""
    node: Any = OmegaConf.to_container(config, resolve=False)
    for part in key.split("."):
        if not isinstance(node, dict) or part not in node or node[part] == "???":
            return None
        node = node[part]
    return (node,)


def _text(value: Any) -> str:
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value)
    return "null" if value is None else str(value)
