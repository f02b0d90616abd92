"""Generated files and the manifest beside them, which says what they are and of what bytes."""

import hashlib
import json
from pathlib import Path

NAME = "sample.json"


def is_whole(folder: Path, wanted: dict[str, object]) -> bool:
    """Whether the folder holds what is wanted, undamaged."""
    try:
        manifest = json.loads((folder / NAME).read_text(encoding="utf-8"))
        files = {n: hashlib.md5((folder / n).read_bytes()).hexdigest() for n in manifest["md5"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return manifest == {**wanted, "md5": files}


def put_in_place(
    part: Path, folder: Path, wanted: dict[str, object], checksums: dict[str, str]
) -> None:
    """Moves the files of `part`, whose checksums these are, and their manifest into the folder.

    Of processes that generate at once, each puts the same bytes: in any order all are whole.
    """
    manifest = json.dumps({**wanted, "md5": checksums}, indent=2) + "\n"
    (part / NAME).write_text(manifest, encoding="utf-8")
    for name in (*checksums, NAME):
        (part / name).replace(folder / name)
