"""Where a number comes from: the source's state, the versions, the machine, the configuration.

Nothing here names the host, the user or a path.
"""

import hashlib
import json
import os
import platform
import shlex
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent
SOURCES = ("src", "conf", "experiments", "pyproject.toml", "constraints.txt", "constraints-ray.txt")
GIT_TIMEOUT = 60.0  # seconds; on a slow network disk git takes some


class NoCommit(Exception):
    """git does not say which commit the sources are of; one line says why, and what helps."""


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
    return examine(root)[0]


def examine(root: Path | None) -> tuple[dict[str, Any], str | None]:
    """`source_state`, and what keeps runs of these sources from being published: None, or one line
    that says what helps."""
    try:
        if root is None:
            raise NoCommit("the package is an installed one; run it from a clone")
        names = _known_to_git(root)
    except NoCommit as doubt:
        found = [p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        names = [path.relative_to(PACKAGE).as_posix() for path in found]
        hashed = _hash(PACKAGE, names)
        return {"commit": None, "clean": False, "source_hash": hashed}, str(doubt)
    state = {"commit": None, "clean": False, "source_hash": _hash(root, names)}
    try:
        state["commit"] = _git(root, "log", "-1", "--format=%H", "--no-show-signature").strip()
        changes = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *SOURCES)
    except NoCommit as doubt:
        return state, str(doubt)
    state["clean"] = not changes
    return state, "the sources differ from their commit" if changes else None


def _known_to_git(root: Path) -> list[str]:
    top = _git(root, "rev-parse", "--show-toplevel").removesuffix("\n")
    # A package installed below somebody else's repository must not borrow that one's commit.
    if Path(top).resolve() != root.resolve():
        raise NoCommit(f"{root} is no git repository of its own; run it from a clone")
    listing = _git(
        root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SOURCES
    )
    return [name for name in listing.split("\0") if name and (root / name).is_file()]


def _git(root: Path, *arguments: str) -> str:
    """What git prints.

    Raises:
        NoCommit: if there is no git, or it refuses, fails, or does not answer.
    """
    # Without optional locks, runs that start together do not meet over the index.
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=GIT_TIMEOUT)
    except subprocess.CalledProcessError as error:
        said = os.fsdecode(error.stderr).strip().splitlines() or [f"status {error.returncode}"]
        remedy = f"; git config --global --add safe.directory {shlex.quote(str(root))}"
        unsafe = any("safe.directory" in line for line in said)
        raise NoCommit(f"git says: {said[0]}{remedy if unsafe else ''}") from error
    except subprocess.TimeoutExpired as error:
        raise NoCommit(f"git does not answer within {GIT_TIMEOUT:g} seconds") from error
    except OSError as error:
        raise NoCommit(f"git cannot be run: {error.strerror}; install it") from error
    return os.fsdecode(done.stdout)


def _hash(folder: Path, names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        digest.update(f"{content}  ".encode() + os.fsencode(name) + b"\n")
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
