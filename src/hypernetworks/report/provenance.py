"""Where a number comes from: the source's state, the versions, the machine, the configuration.

Nothing here names the host, the user or a path.
"""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = ("src", "conf", "experiments", "pyproject.toml", "constraints.txt", "constraints-ray.txt")


def source_state(root: Path | None) -> dict[str, Any]:
    """The state of the sources that a run's result depends on.

    Args:
        root: the root of the checkout; None for an installed package.
    Returns:
        commit: what HEAD names; None without git, without a commit, or when installed.
        clean: whether `SOURCES` are exactly those of the commit, with no file added.
        source_hash: sha256 over the names and contents of the files of `SOURCES` that git knows
            or would add; without git or when installed, over those of the package.
    """
    names = _known_to_git(root) if root else None
    if root is None or names is None:
        found = [p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        names = [path.relative_to(PACKAGE).as_posix() for path in found]
        return {"commit": None, "clean": False, "source_hash": _hash(PACKAGE, names)}
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *SOURCES)
    return {
        "commit": commit.strip() if commit else None,
        "clean": commit is not None and changes == "",
        "source_hash": _hash(root, names),
    }


def _known_to_git(root: Path) -> list[str] | None:
    top = _git(root, "rev-parse", "--show-toplevel")
    # A package installed below somebody else's repository must not borrow that one's commit.
    if top is None or Path(top.strip()).resolve() != root.resolve():
        return None
    listing = _git(
        root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES
    )
    if listing is None:
        return None
    return [name for name in listing.split("\0") if name and (root / name).is_file()]


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints; None if there is no git or it fails."""
    # Without optional locks, runs that start together do not meet over the index.
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def _hash(folder: Path, names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        digest.update(f"{content}  {name}\n".encode())
    return digest.hexdigest()


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the named packages, without importing them.

    Packages that are not installed are left out.
    """
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """The machine: its cpu, the cores this process may use, its platform.

    What torch alone knows of it (device, device_count, threads) the caller adds.
    """
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def config_hash(config: dict[str, Any]) -> str:
    """sha256 of a resolved configuration, independent of the order of its keys.

    Raises:
        TypeError, ValueError: if it holds what JSON cannot (an object, NaN).
    """
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
