"""MNIST (LeCun, Cortes & Burges): 60,000 training and 10,000 test images of digits.

Files, as torchvision lays them out, under data_dir/MNIST/raw:
{train,t10k}-{images-idx3,labels-idx1}-ubyte.
"""

import gzip
import shutil
import tempfile
import zlib
from pathlib import Path

from hypernetworks.data.errors import NO_DOWNLOAD, DataError
from hypernetworks.data.files import WRITABLE, fetch_first, generate, md5, there, verified
from hypernetworks.data.images import Images, ImageSplits, split_train_valid

# The unpacked files': the .gz may have been compressed again.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
CLASSES = 10


def load(data_dir: Path, kind: str, valid_size: int = 5000, split_seed: int = 0) -> ImageSplits:
    """Loads MNIST, or generated digits in the same files.

    Args:
        data_dir: where data lie; missing real files are downloaded to it.
        kind: "real", or "sample" for generated digits under data_dir/generated.
        valid_size: training images held out for validation, drawn with split_seed.
    Raises:
        DataError: if files are missing and cannot be had, or are damaged.
    """
    if kind == "real":
        raw = data_dir / "MNIST" / "raw"
        for name in MD5:
            _provide(raw, name)
        checksums = {name: verified(raw / name, MD5[name]) for name in MD5}
    elif kind == "sample":
        from hypernetworks.data.generated import digits  # needs matplotlib; real data do not

        raw = data_dir / "generated" / "MNIST" / "raw"
        generate(raw, digits.write)
        checksums = {name: md5(raw / name) for name in MD5}
    else:
        raise DataError(f"MNIST has real and generated data, no {kind!r} data")
    train, valid, checksum = split_train_valid(read(raw, "train"), valid_size, split_seed)
    test = read(raw, "t10k")
    sizes = {"train": len(train), "valid": len(valid), "test": len(test)}
    split = {**sizes, "seed": split_seed, "checksum": checksum}
    about: dict[str, object] = {
        "name": "mnist",
        "kind": kind,
        "checksums": checksums,
        "split": split,
    }
    return ImageSplits(train, valid, test, about)


def read(raw: Path, part: str, origin: Path | None = None, classes: int | None = CLASSES) -> Images:
    """Images (N, 1, H, W) and labels of the two IDX files of a part, "train" or "t10k".

    Args:
        origin: the folder to name in an error, where `raw` is a temporary one.
        classes: labels are below it; None for any labels.
    Raises:
        DataError: if the files are no IDX files of images and of labels, or do not fit together.
    """
    from torchvision.datasets.mnist import read_image_file, read_label_file

    origin = origin or raw
    try:
        images = read_image_file(str(raw / f"{part}-images-idx3-ubyte"))
        labels = read_label_file(str(raw / f"{part}-labels-idx1-ubyte"))
    except (AssertionError, LookupError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise DataError(f"{origin}: the {part} files are damaged; replace them") from error
    if len(images) != len(labels):
        raise DataError(
            f"{origin}: {len(images)} {part} images, but {len(labels)} labels; replace the files"
        )
    if classes is not None and len(labels) and labels.max() >= classes:
        raise DataError(
            f"{origin}: {part} labels up to {labels.max()} instead of 0 to {classes - 1}; "
            "replace the files"
        )
    return Images(images.unsqueeze(1), labels)


def _provide(raw: Path, name: str) -> None:
    """Leaves raw/name in place, from the .gz beside it or from a mirror."""
    if (raw / name).exists():
        return
    try:
        _fetch(raw, name)
    except OSError as error:
        raise DataError(f"{raw / name} cannot be written: {error}; {WRITABLE}") from error


def _fetch(raw: Path, name: str) -> None:
    with tempfile.TemporaryDirectory(dir=there(raw), prefix=".download-") as folder:
        packed, unpacked = raw / f"{name}.gz", Path(folder) / name
        if packed.exists():
            _unpack_verified(packed, unpacked)
        else:
            _download(unpacked, raw)
        raw.mkdir(parents=True, exist_ok=True)
        unpacked.replace(raw / name)


def unpack(packed: Path, unpacked: Path) -> None:
    """Raises DataError if the .gz is damaged."""
    try:
        with gzip.open(packed) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{packed} is damaged ({error}); delete it") from error


def _unpack_verified(packed: Path, unpacked: Path) -> None:
    unpack(packed, unpacked)
    verified(unpacked, MD5[unpacked.name], packed)


def _download(unpacked: Path, raw: Path) -> None:
    """Fetches the .gz beside `unpacked` and unpacks it, from the first mirror that has it right."""
    from torchvision.datasets import MNIST

    packed = unpacked.with_name(f"{unpacked.name}.gz")
    urls = [f"{mirror}{packed.name}" for mirror in MNIST.mirrors]
    if fetch_first(urls, packed, lambda path: _unpack_verified(path, unpacked)):
        return
    missing = ", ".join(n for n in MD5 if not (raw / n).exists())
    raise DataError(
        f"MNIST is not there and {NO_DOWNLOAD}: no mirror gave the right files. "
        f"Missing: {missing}. "
        f"Get them (.gz or unpacked) from {' or '.join(MNIST.mirrors)} and put them into {raw} "
        "(HYPERNETWORKS_DATA or data_dir=... sets another place). "
        "Without any data, the demo shows the machinery: make reproduce-table"
    )
