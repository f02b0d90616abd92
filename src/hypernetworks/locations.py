"""Where the configurations lie: beside an installed package, or at a checkout's root."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def checkout_root() -> Path | None:
    """The root of the checkout that this package is imported from; None when installed."""
    root = PACKAGE.parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "conf").is_dir() else None


def conf_dir() -> Path:
    """Hydra's configurations.

    Raises:
        FileNotFoundError: if they are in neither place.
    """
    return _find("conf")


def experiments_dir() -> Path:
    """The tables' rows.

    Raises:
        FileNotFoundError: if they are in neither place.
    """
    return _find("experiments")


def _find(name: str) -> Path:
    root = checkout_root()
    places = [PACKAGE / name] + ([root / name] if root else [])
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is neither beside the package nor at a checkout's root")
