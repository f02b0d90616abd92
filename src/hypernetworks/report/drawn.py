"""The figures that are drawn and committed: held to the records that they would be drawn of now."""

import hashlib
import json
from pathlib import Path

from hypernetworks.report.errors import RecordError
from hypernetworks.report.figures import origin, panels_of
from hypernetworks.report.protocol import load_figures, load_tables, pick


def drawn_fault(folder: Path, experiments: Path, results: Path) -> str | None:
    """What is wrong with the figures of a folder, in one line; None if nothing.

    The JSON of each names the published records, the labels and the files: all must be the ones of
    now, each file that lies there with the checksum that the JSON says.
    """
    try:
        for path in sorted(folder.glob("figure*.json")):
            fault = _fault(path, experiments, results)
            if fault is not None:
                return f"{path}: {fault}"
    except RecordError as error:
        return str(error)
    return None


def _fault(path: Path, experiments: Path, results: Path) -> str | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        sums = {path.with_name(file): sum_ for file, sum_ in said.pop("files").items()}
        said.pop("missing", None)  # follows from what it is drawn of
        name, profile = str(said["figure"]), str(said["profile"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return f"does not say what is drawn ({error!r}); draw the figure again"
    figure = pick(load_figures(experiments), name, "figure")
    panels = panels_of(figure, load_tables(experiments), results, profile, ("published",))
    again = f"python -m hypernetworks figure {name} --profile {profile} --out {path.parent}"
    if origin(figure, profile, panels) != said:
        return f"not drawn from what is published now; draw the figure again: {again}"
    for beside, checksum in sums.items():
        if beside.is_file() and hashlib.sha256(beside.read_bytes()).hexdigest() != checksum:
            return f"{beside.name} is not as it was drawn; draw the figure again: {again}"
    return None
