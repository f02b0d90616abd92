"""The sample data of the test run: a small part of the demo's.

Runs of a few steps are evaluated on all of their valid and test sets, which takes seconds of each
with the demo's own.
"""

import inspect
import json
from functools import partial
from pathlib import Path

from filelock import FileLock

from hypernetworks.data.generated import (
    digits,
    iam_files,
    manifest,
    pages,
    sentences,
    textures,
    translations,
)

# With the names that Multi30k's files have.
MULTI30K = partial(translations.write, names=("train", "val", "test_2016_flickr"))
PAIRS = {"train": 2000, "others": 30}
SETS = {
    "MNIST/raw": (digits.write, {"train": 1500, "test": 200}),
    "cifar-10-batches-py": (textures.write, {"train": 150, "test": 100}),
    "iam": (iam_files.write, {"lines": 80}),
    "ptb": (sentences.write, {"train": 800, "others": 50}),
    "enwik8": (pages.write, {"size": 60_000}),
    "wmt14": (translations.write, PAIRS),
    "parallel_text": (MULTI30K, PAIRS),
}


def write(folder: Path) -> None:
    """Writes the sets under `folder`/generated, with manifests of the demo's sets: they are taken
    as those, by whatever process looks for them."""
    with FileLock(folder.with_suffix(".lock")):
        for name, (draw, sizes) in SETS.items():
            place = folder / "generated" / name
            if (place / manifest.NAME).exists():
                continue
            draw(place, **sizes)
            about = json.loads((place / manifest.NAME).read_text())
            about |= {size: inspect.signature(draw).parameters[size].default for size in sizes}
            (place / manifest.NAME).write_text(json.dumps(about))
