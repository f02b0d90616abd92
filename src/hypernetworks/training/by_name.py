"""Classes by torch's own names, and one line for what they do not take."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from hypernetworks.training.settings import SettingsError


def named(module: ModuleType, name: str, base: type, key: str) -> type:
    """The class of that name in one of torch's modules.

    Raises:
        SettingsError: if `base` has no such subclass there, with those of a similar name.
    """
    found = getattr(module, name, None)
    if isinstance(found, type) and issubclass(found, base) and found is not base:
        return found
    classes = [n for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, base)]
    near = difflib.get_close_matches(name, classes, n=3, cutoff=0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise SettingsError(f"{key}={name}: no such class in {module.__name__}{hint}")


@contextmanager
def refusals(key: str, name: str, arguments: dict[str, Any]) -> Iterator[None]:
    """Turns whatever torch raises within, for the arguments of `trainer.<key>`, into one line."""
    try:
        yield
    except SettingsError:
        raise
    except Exception as error:
        given = f" with trainer.{key}_args={arguments}" if arguments else ""
        reason = (str(error).splitlines() or [""])[0]
        kind = type(error).__name__
        raise SettingsError(f"trainer.{key}={name}{given}: {kind}: {reason}") from error
