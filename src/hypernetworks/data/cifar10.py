"""CIFAR-10 (Krizhevsky, 2009): 50,000 training and 10,000 test images of ten classes.

Files, as torchvision lays them out, under data_dir/cifar-10-batches-py: data_batch_1 .. 5,
test_batch.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import generate, md5, provide, unpack_tar, verified
from hypernetworks.data.images import Images, ImageSplits, split_train_valid
from hypernetworks.data.pickled import arrays

FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
URLS = ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)
SHAPE = (3, 32, 32)
CLASSES = 10


def load(data_dir: Path, kind: str, valid_size: int = 5000, split_seed: int = 0) -> ImageSplits:
    """Loads CIFAR-10, or generated pictures in the same files.

    Args:
        data_dir: where data lie; missing real files are downloaded to it.
        kind: "real", or "sample" for generated pictures under data_dir/generated.
        valid_size: training images held out for validation, drawn with split_seed.
    Raises:
        DataError: if files are missing and cannot be had, or are damaged.
    """
    if kind == "real":
        folder = data_dir / FOLDER
        missing = [name for name in MD5 if not (folder / name).exists()]
        provide("CIFAR-10", folder, missing, URLS, FOLDER, _unpack)
        checksums = {name: verified(folder / name, MD5[name]) for name in MD5}
    elif kind == "sample":
        from hypernetworks.data.generated import textures

        folder = data_dir / "generated" / FOLDER
        generate(folder, textures.write)
        checksums = {name: md5(folder / name) for name in MD5}
    else:
        raise DataError(f"CIFAR-10 has real and generated data, no {kind!r} data")
    parts = [read(folder / name) for name in TRAIN]
    whole = Images(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
    train, valid, checksum = split_train_valid(whole, valid_size, split_seed)
    test = Images(*read(folder / TEST))
    sizes = {"train": len(train), "valid": len(valid), "test": len(test)}
    about: dict[str, object] = {
        "name": "cifar10",
        "kind": kind,
        "checksums": checksums,
        "split": {**sizes, "seed": split_seed, "checksum": checksum},
    }
    return ImageSplits(train, valid, test, about)


def read(path: Path, classes: int | None = CLASSES) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of one file.

    Args:
        classes: labels are from 0 on and below it; None for no upper bound.
    Raises:
        DataError: if it is no batch in CIFAR-10's form; nothing in it is run.
    """
    pixels, labels = arrays(path, "batch of CIFAR-10", "data", "labels")
    count = math.prod(SHAPE)
    fits = pixels.ndim == 2 and pixels.shape[1] == count and pixels.dtype == np.uint8
    if not fits or labels.shape != pixels.shape[:1] or labels.dtype.kind not in "iu":
        raise DataError(
            f"{path}: {pixels.dtype} data of shape {pixels.shape} with labels of shape "
            f"{labels.shape}, instead of uint8 (N, {count}) and (N,)"
        )
    most = (np.iinfo(np.int64).max if classes is None else classes) - 1
    if len(labels) and not (labels.min() >= 0 and labels.max() <= most):
        wanted = "0 and above" if classes is None else f"0 to {most}"
        raise DataError(f"{path}: labels {labels.min()} to {labels.max()} instead of {wanted}")
    images = torch.from_numpy(pixels.reshape(-1, *SHAPE).copy())
    return images, torch.from_numpy(labels.astype(np.int64))


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    unpack_tar(archive, folder, names, FOLDER, MD5)
