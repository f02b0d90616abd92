"""Compiling the C++ beside this file into one library, once, and keeping it in the user's cache."""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = tuple(HERE / name for name in ("rows.cpp", "attention.cpp", "log_loss.cpp"))
INCLUDED = HERE / "functions.h"
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-std=c++17")


def compiler_command() -> str | None:
    """As a shell would read it: CXX may have arguments, or a cache in front ("ccache g++")."""
    return os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")


def cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "hypernetworks"


def library_key(compiler: str) -> str:
    """Changes with the sources, the compiler and the processor that the code is made for."""
    processor = platform.processor() + platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists():
        lines = about.read_text().splitlines()
        processor += "".join(sorted({x for x in lines if x.startswith(("flags", "Features"))}))
    texts = (path.read_text() for path in (*SOURCES, INCLUDED))
    seed = "\0".join((*texts, compiler, *_flags(), processor))
    return hashlib.sha256(seed.encode()).hexdigest()[:16]


def _flags() -> tuple[str, ...]:
    if sys.platform == "darwin":
        return (*FLAGS, "-fopenmp-simd")  # one thread: Apple's compiler has no OpenMP library
    wide = ("-mprefer-vector-width=512",) if platform.machine() == "x86_64" else ()
    return (*FLAGS, *wide, "-fopenmp")


def compile_library(sources: Sequence[Path], folder: Path, name: str) -> Path:
    """Compiles SOURCES, or others, into a library, whose path has its SHA-256.

    Raises:
        OSError: there is no such compiler, or no place for the library.
        subprocess.SubprocessError: it failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / "rows.so"
        command = [
            *shlex.split(compiler_command() or "c++"),
            *_flags(),
            "-shared",
            *map(str, sources),
        ]
        command += ["-o", str(made)]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        path = folder / f"{name}-{digest(made)}.so"
        made.replace(path)  # another process may be doing the same: each puts a whole file there
    return path


def whole_library(folder: Path, name: str) -> Path | None:
    """A library of that name that is as it was compiled: damaged ones compute other numbers."""
    found = folder.glob(f"{name}-*.so")
    return next((path for path in found if path.stem == f"{name}-{digest(path)}"), None)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
