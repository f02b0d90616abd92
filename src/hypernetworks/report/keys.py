"""Files of keys in `experiments/`: a key is there and of its type, or one line says which not."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from hypernetworks.report.errors import RecordError

_MISSING: Any = object()


def load(path: Path) -> dict[str, Any]:
    """The keys of a file; interpolations stay as they are.

    Raises:
        RecordError: if it cannot be read.
    """
    try:
        fields = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, YAMLError, OmegaConfBaseException) as error:
        raise RecordError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(fields, dict):
        raise RecordError(f"{path}: holds no keys")
    return {str(key): value for key, value in fields.items()}


def take(fields: Any, key: str, kind: type, path: Path, default: Any = _MISSING) -> Any:
    """The value of a dotted key; whole numbers serve as float.

    Raises:
        RecordError: naming the file and the key, if it is missing (and has no `default`) or of
            another type.
    """
    value = fields
    for part in key.split("."):
        value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
    if value is _MISSING or (value is None and default is None):
        if default is _MISSING:
            raise RecordError(f"{path}: key '{key}' is missing")
        return default
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise RecordError(f"{path}: key '{key}' must be of type {kind.__name__}, is {value!r}")
    return value


def choice(fields: Any, key: str, choices: tuple[str, ...], path: Path) -> str:
    """A key's value that is one of `choices`."""
    value = take(fields, key, str, path)
    if value not in choices:
        raise RecordError(f"{path}: key '{key}' must be {' or '.join(choices)}, is {value!r}")
    return str(value)
