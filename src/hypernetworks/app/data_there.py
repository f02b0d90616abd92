"""Whether a row's data are there, by a look at names of files: nothing is read or downloaded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from hypernetworks.data import cifar10, enwik8, iam_layout, mnist, ptb, unipen, wmt14, wmt14_files

EUROPARL = "europarl"  # the folder of the ready-made excerpt, which no run downloads
DOWNLOADED = ("mnist", "cifar10", "ptb", "enwik8", wmt14.NAME)
Look = Callable[[Path, DictConfig], list[str]]


@dataclass(frozen=True)
class Missing:
    """What of a run's data is not there, as paths below the folder of the data: what somebody must
    put there, and what the run itself downloads."""

    by_hand: list[str]
    by_run: list[str]


def missing(cfg: DictConfig) -> Missing:
    """What of a configuration's data is not there; of generated data nothing, and of a set that is
    none of the tables' only its path is asked for."""
    if cfg.profile.data == "sample":
        return Missing([], [])
    data_dir, dataset = Path(cfg.data_dir).expanduser(), cfg.dataset
    look = LOOKS.get(dataset.name)
    if look is None:
        return Missing([] if Path(dataset.path).expanduser().exists() else [dataset.path], [])
    lacking = look(data_dir, dataset)
    if dataset.name not in DOWNLOADED:
        return Missing(lacking, [])
    by_hand = [name for name in lacking if name.startswith(f"{EUROPARL}/")]
    return Missing(by_hand, [name for name in lacking if name not in by_hand])


def _files(data_dir: Path, folder: str, names: list[str]) -> list[str]:
    return [f"{folder}/{name}" for name in names if not (data_dir / folder / name).is_file()]


def _mnist(data_dir: Path, dataset: DictConfig) -> list[str]:
    packed = _files(data_dir, "MNIST/raw", [f"{name}.gz" for name in mnist.MD5])
    plain = _files(data_dir, "MNIST/raw", list(mnist.MD5))
    return [path for path in plain if f"{path}.gz" in packed]


def _cifar10(data_dir: Path, dataset: DictConfig) -> list[str]:
    return _files(data_dir, cifar10.FOLDER, list(cifar10.MD5))


def _ptb(data_dir: Path, dataset: DictConfig) -> list[str]:
    return _files(data_dir, "ptb", list(ptb.MD5))


def _enwik8(data_dir: Path, dataset: DictConfig) -> list[str]:
    whole = _files(data_dir, enwik8.NAME, [enwik8.NAME])
    if dataset.prefix is None or not whole:
        return whole
    return _files(data_dir, enwik8.NAME, [f"{enwik8.NAME}.prefix{dataset.prefix}"])


def _iam(data_dir: Path, dataset: DictConfig) -> list[str]:
    """Lists may lie below the folder."""
    folder, wanted = data_dir / "iam", [iam_layout.STROKES, *iam_layout.COUNTS]
    return [f"iam/{name}" for name in wanted if next(folder.rglob(name), None) is None]


def _unipen(data_dir: Path, dataset: DictConfig) -> list[str]:
    folder = Path(unipen.NAME, unipen.RELEASE, "data", unipen.CATEGORY)
    found = next((data_dir / folder).rglob("*.dat"), None)
    return [] if found else [f"{folder.as_posix()}/**/*.dat"]


def _wmt14(data_dir: Path, dataset: DictConfig) -> list[str]:
    ready = list(wmt14.MD5) if wmt14.READY_MADE in dataset.corpora else []
    official = [name for name in dataset.corpora if name != wmt14.READY_MADE]
    sets = [*official, *dataset.valid, wmt14.TEST]
    lacking = [name for name in sets if not wmt14_files.is_there(data_dir / wmt14.NAME, name)]
    return [*_files(data_dir, EUROPARL, ready), *(f"{wmt14.NAME}/{name}" for name in lacking)]


def _parallel_text(data_dir: Path, dataset: DictConfig) -> list[str]:
    names = [f"{split}.{end}" for split in dataset.splits for end in dataset.languages]
    if dataset.folder is not None:
        return _files(data_dir, dataset.folder, names)
    return [] if Path(dataset.path).expanduser().is_dir() else [dataset.path]


LOOKS: dict[str, Look] = {
    "mnist": _mnist,
    "cifar10": _cifar10,
    "ptb": _ptb,
    "enwik8": _enwik8,
    "iam": _iam,
    "unipen": _unipen,
    "wmt14": _wmt14,
    "parallel_text": _parallel_text,
}
