"""A user's own images: files in MNIST's or CIFAR-10's form, or a folder of images a class.

All are held in memory as they are read, uint8; a few GiB are the limit.
"""

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from hypernetworks.data import cifar10, class_folders, mnist
from hypernetworks.data.errors import DataError
from hypernetworks.data.files import md5
from hypernetworks.data.images import Images, ImageSplits, drawn_parts, indices_checksum
from hypernetworks.data.pictures import PictureReader

LIMIT = 4 * 2**30  # bytes of pixels
VALID = ("valid", "val")  # names of a validation folder
LAYOUTS = (
    "it should hold train/CLASS/*.png and test/CLASS/*.png (and perhaps valid/CLASS/*.png), or "
    f"CLASS/*.png, or files named like MNIST's ({', '.join(mnist.MD5)}, each plain or .gz), or "
    "like CIFAR-10's (data_batch_1, ..., test_batch)"
)


@dataclass(frozen=True)
class _Found:
    """Splits as the files have them: train and test, perhaps valid; or "all"."""

    parts: dict[str, Images]
    checksums: dict[str, str]
    classes: list[str]


def load(path: Path, size: int | None, split: Sequence[float], split_seed: int) -> ImageSplits:
    """Loads images from files in one of three forms, the first that is there.

    - IDX files in MNIST's names, plain or .gz, in path, path/raw or path/MNIST/raw.
    - Python batches in CIFAR-10's form and names, any number of them, in path or in
      path/cifar-10-batches-py.
    - torchvision's ImageFolder layout: path/{train,test}, perhaps path/valid (or val), with a
      folder a class; or the classes' folders in path itself.

    Images have one channel if all of them are grey, else three.

    Args:
        size: side to which images are resized (their shorter side) and cropped (in the middle);
            None where all have one size.
        split: shares of train, valid and test. Where the files name no validation images,
            training images are divided as the first two shares are to each other; files without
            a split are divided in three. No part is left empty.
        split_seed: of that drawing.
    Raises:
        DataError: if nothing is recognised, something is damaged, does not fit together or is
            too much for the memory.
    """
    _check(path, size, split)
    found = _idx(path, size) or _cifar(path, size) or _folders(path, size)
    if found is None:
        raise DataError(f"{path}: no images that are known here; {LAYOUTS}")
    parts, drawn = _drawn(found.parts, split, split_seed)
    about: dict[str, object] = {
        "name": "images",
        "kind": "real",
        "checksums": found.checksums,
        "split": {
            **{name: len(parts[name]) for name in ("train", "valid", "test")},
            **drawn,
            "classes": found.classes,
        },
    }
    return ImageSplits(
        parts["train"], parts["valid"], parts["test"], about, classes=len(found.classes)
    )


def _check(path: Path, size: int | None, split: Sequence[float]) -> None:
    if not path.is_dir():
        raise DataError(f"dataset.path={path}: no such folder; {LAYOUTS}")
    if size is not None and size < 1:
        raise DataError(f"dataset.size={size}: choose 1 or more pixels")
    shares = list(split)
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise DataError(
            f"dataset.split={shares}: give three positive shares that sum to 1, of train, "
            "valid and test"
        )


def _drawn(
    parts: dict[str, Images], split: Sequence[float], seed: int
) -> tuple[dict[str, Images], dict[str, object]]:
    """Train, valid and test, and what the record says of a drawing if there was one."""
    if "valid" in parts:
        return parts, {}
    whole = parts["all"] if "all" in parts else parts["train"]
    count = len(whole)
    test = max(1, round(split[2] * count)) if "all" in parts else 0
    valid = max(1, round(split[1] * count / (1 if test else split[0] + split[1])))
    if valid + test >= count:
        raise DataError(
            f"{count} images leave none to train on with dataset.split={list(split)}; "
            "get more images or choose another split"
        )
    chosen = drawn_parts(count, (valid, test, count - valid - test), seed)
    own = {name: whole[c] for name, c in zip(("valid", "test", "train"), chosen, strict=True)}
    about: dict[str, object] = {
        "seed": seed,
        "checksum": indices_checksum(chosen[0]),
    }
    return {**own, "test": parts.get("test", own["test"])}, about


def _idx(path: Path, size: int | None) -> _Found | None:
    for raw in (path, path / "raw", path / "MNIST" / "raw"):
        # The plain file where both are there.
        files = {n: f for n in mnist.MD5 for f in (raw / f"{n}.gz", raw / n) if f.exists()}
        if files:
            break
    else:
        return None
    missing = [name for name in mnist.MD5 if name not in files]
    if missing:
        raise DataError(f"{raw} lacks {', '.join(missing)} (plain or .gz); put them there")
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary)
        for name, file in files.items():
            if file.suffix == ".gz":
                mnist.unpack(file, plain / name)
            else:
                (plain / name).symlink_to(file.absolute())
        _room(raw, sum((plain / name).stat().st_size for name in files))
        train, test = (mnist.read(plain, part, raw, classes=None) for part in ("train", "t10k"))
        checksums = {name: md5(plain / name) for name in files}
    return _labelled(raw, train, test, size, checksums)


def _cifar(path: Path, size: int | None) -> _Found | None:
    for folder in (path, path / cifar10.FOLDER):
        names = [f.name for f in folder.glob("data_batch_*") if re.search(r"_\d+$", f.name)]
        names.sort(key=lambda name: int(name.rpartition("_")[2]))
        if names or (folder / cifar10.TEST).exists():
            break
    else:
        return None
    if not names or not (folder / cifar10.TEST).exists():
        lacking = cifar10.TEST if names else "data_batch_1, ..."
        raise DataError(f"{folder} lacks {lacking}; put the missing batches there")
    _room(folder, sum((folder / name).stat().st_size for name in (*names, cifar10.TEST)))
    parts = [cifar10.read(folder / name, classes=None) for name in names]
    train = Images(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
    test = Images(*cifar10.read(folder / cifar10.TEST, classes=None))
    checksums = {name: md5(folder / name) for name in (*names, cifar10.TEST)}
    return _labelled(folder, train, test, size, checksums)


def _labelled(
    folder: Path, train: Images, test: Images, size: int | None, checksums: dict[str, str]
) -> _Found:
    """Checks images whose classes are the numbers 0 to the highest of the training labels."""
    for name, part in (("training", train), ("test", test)):
        if not part.images.numel():
            raise DataError(f"{folder} has no {name} images; replace the files")
    most = int(train.labels.max())
    if len(train.labels.unique()) < 2:
        raise DataError(f"{folder}: all training labels are {most}; two or more classes are needed")
    if most >= len(train):
        raise DataError(
            f"{folder}: labels up to {most} of {len(train)} training images; number classes from 0"
        )
    if test.labels.max() > most:
        raise DataError(
            f"{folder}: test labels up to {test.labels.max()}, but training labels up to {most}; "
            "both should be of the same classes"
        )
    if size is None and train.images.shape[2:] != test.images.shape[2:]:
        sides = ["x".join(str(n) for n in part.images.shape[:1:-1]) for part in (train, test)]
        raise DataError(
            f"{folder}: images differ in size: the training file's have {sides[0]} pixels, the "
            f"test file's {sides[1]}; dataset.size=... resizes and crops all to one size"
        )
    if size is not None:
        _room(folder, (len(train) + len(test)) * train.images.shape[1] * size**2)
        train, test = _resized(train, size), _resized(test, size)
    return _Found({"train": train, "test": test}, checksums, [str(n) for n in range(most + 1)])


def _resized(images: Images, size: int) -> Images:
    from PIL import ImageOps
    from torchvision.transforms.functional import pil_to_tensor, to_pil_image

    count, channels, *sides = images.images.shape
    if sides == [size, size]:
        return images
    resized = torch.empty(count, channels, size, size, dtype=torch.uint8)
    for place, image in zip(resized, images.images, strict=True):
        place.copy_(pil_to_tensor(ImageOps.fit(to_pil_image(image), (size, size))))
    return Images(resized, images.labels)


def _folders(path: Path, size: int | None) -> _Found | None:
    names = class_folders.subfolders(path)
    if not names:
        return None
    if {"train", "test"} <= set(names) or set(names) <= {"train", "test", *VALID}:
        roots = _split_roots(path, names)
    else:  # a class may be called "train"
        roots = {"all": path}
    files = {name: class_folders.class_files(root) for name, root in roots.items()}
    classes = list(next(iter(files.values())))
    for name, of in files.items():
        if list(of) != classes:
            first = next(iter(roots.values()))
            raise DataError(
                f"{roots[name]} has the classes {list(of)}, but {classes} are in {first.name}; "
                "every split needs the same"
            )
    reader = PictureReader(files, size)
    parts = {name: reader.images(of) for name, of in files.items()}
    checksums = {name: class_folders.checksum_of(roots[name], of) for name, of in files.items()}
    return _Found(parts, checksums, classes)


def _split_roots(path: Path, names: list[str]) -> dict[str, Path]:
    for name in ("train", "test"):
        if name not in names:
            raise DataError(f"{path}: there is {names[0]}, but no {name}; {LAYOUTS}")
    valid = [name for name in VALID if name in names]
    if len(valid) > 1:
        raise DataError(f"{path} has both {' and '.join(valid)}; keep one of them")
    roots = {"train": path / "train", "test": path / "test"}
    return {**roots, "valid": path / valid[0]} if valid else roots


def _room(path: Path, count: int) -> None:
    if count > LIMIT:
        raise DataError(
            f"{path}: {count / 2**30:.1f} GiB of pixels, but at most {LIMIT / 2**30:.0f} are held "
            "in memory; set a smaller dataset.size, or use fewer images"
        )
