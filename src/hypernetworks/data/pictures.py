"""Picture files as arrays of one shape, held in memory.

Shapes:
    N  images    C, H, W  channels, height, width
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hypernetworks.data.errors import DataError
from hypernetworks.data.images import Images

MOST = 4 * 2**30  # bytes of pixels
Pixels = NDArray[np.uint8]


class PictureReader:
    """Reads images to one shape: grey if all of them are, and of one size.

    Args:
        files: {split: {class: its files}}, all of them.
        size: side to which images are brought: the shorter side resized, the middle cut out; None
            where all have one size.
    Raises:
        DataError: if one cannot be read, or they differ in size, or are too many for memory.
    """

    def __init__(self, files: dict[str, dict[str, list[Path]]], size: int | None) -> None:
        every = [p for of in files.values() for paths in of.values() for p in paths]
        heads = [self._head(path) for path in every]
        self.size = size
        self.mode = "L" if all(grey for _, grey in heads) else "RGB"
        self.shape = heads[0][0] if size is None else (size, size)
        for path, (shape, _) in zip(every, heads, strict=True):
            if size is None and shape != self.shape:
                raise DataError(
                    f"{every[0]} has {self.shape[1]} x {self.shape[0]} pixels, {path} "
                    f"{shape[1]} x {shape[0]}; dataset.size=32 brings all to one size"
                )
        total = len(every) * self.channels * math.prod(self.shape)
        if total > MOST:
            raise DataError(
                f"{len(every):,} images of {self.shape[1]} x {self.shape[0]} are "
                f"{total / 2**30:.1f} GiB, more than the {MOST / 2**30:.0f} that are held in "
                "memory; dataset.size=... makes them smaller"
            )

    @property
    def channels(self) -> int:
        return 1 if self.mode == "L" else 3

    def images(self, files: dict[str, list[Path]]) -> Images:
        """Those of a split, (N, C, H, W), with their classes' numbers."""
        labels = [number for number, paths in enumerate(files.values()) for _ in paths]
        pixels = torch.empty(len(labels), self.channels, *self.shape, dtype=torch.uint8)
        for number, path in enumerate(path for paths in files.values() for path in paths):
            array = torch.from_numpy(self._pixels(path).reshape(*self.shape, self.channels))
            pixels[number] = array.permute(2, 0, 1)
        return Images(pixels, torch.tensor(labels))

    def _pixels(self, path: Path) -> Pixels:
        from PIL import Image, ImageOps

        with _named(path), Image.open(path) as image:
            whole = image.convert(self.mode)
            if self.size is not None:
                whole = ImageOps.fit(whole, self.shape[::-1])
            return np.array(whole, np.uint8)

    @staticmethod
    def _head(path: Path) -> tuple[tuple[int, int], bool]:
        """(height, width), and whether it is grey, without decoding the pixels."""
        from PIL import Image

        with _named(path), Image.open(path) as image:
            if image.mode[0] in "IF":
                raise ValueError(f"more than 8 bits a channel (mode {image.mode}) are not read")
            return (image.height, image.width), image.mode in ("1", "L", "LA")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever Pillow raises for a damaged file, with the file's name."""
    try:
        yield
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {error}; remove it") from error
