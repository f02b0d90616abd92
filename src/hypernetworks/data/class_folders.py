"""torchvision's ImageFolder layout: a folder a class, with image files at any depth."""

import hashlib
from pathlib import Path

from hypernetworks.data.errors import DataError
from hypernetworks.data.files import md5


def subfolders(root: Path) -> list[str]:
    """Names of the folders in a folder, sorted, hidden ones (of notebooks, ...) left out."""
    from torchvision.datasets.folder import find_classes

    try:
        return [name for name in find_classes(root)[0] if not name.startswith(".")]
    except FileNotFoundError:  # there are none
        return []


def class_files(root: Path) -> dict[str, list[Path]]:
    """{class: its image files}, classes and files sorted.

    Raises:
        DataError: if a class is empty, or there are not two of them.
    """
    from torchvision.datasets.folder import IMG_EXTENSIONS, make_dataset

    def is_image(path: str) -> bool:
        name = Path(path).name
        return not name.startswith(".") and name.lower().endswith(IMG_EXTENSIONS)

    numbers = {name: number for number, name in enumerate(subfolders(root))}
    if len(numbers) < 2:
        alone = f"one class alone, {next(iter(numbers))}" if numbers else "no class folders"
        raise DataError(f"{root}: {alone}; a folder for each of two or more classes is needed")
    files: dict[str, list[Path]] = {name: [] for name in numbers}
    for file, number in make_dataset(str(root), numbers, is_valid_file=is_image, allow_empty=True):
        files[list(numbers)[number]].append(Path(file))
    for name, of in files.items():
        if not of:
            raise DataError(
                f"{root / name}: a class without images ({', '.join(IMG_EXTENSIONS)}); put some "
                "there or remove the folder"
            )
    return files


def checksum_of(root: Path, files: dict[str, list[Path]]) -> str:
    """The md5 of the files' names, sorted, and contents."""
    named = {path.relative_to(root).as_posix(): path for of in files.values() for path in of}
    checksum = hashlib.md5()
    for name, path in sorted(named.items()):
        checksum.update(f"{name} {md5(path)}\n".encode())
    return checksum.hexdigest()
