"""Where the IAM on-line database has its lines and lists, and whether they are whole.

Under the folder: lineStrokes/a01/a01-000/a01-000u-01.xml ..., and in it or one below it the four
lists of forms of the task IAM-OnDB-t1.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from hypernetworks.data.errors import DataError

STROKES = "lineStrokes"
VALID = "testset_v.txt"
# Forms and lines of each list; those of Graves' training set first.
COUNTS = {
    "trainset.txt": (775, 5364),
    "testset_t.txt": (216, 1518),
    "testset_f.txt": (544, 3859),
    VALID: (192, 1438),
}
FORM = re.compile(r"[a-z]\d\d-\d{3}[a-z]?")
PAGE = "https://fki.tic.heia-fr.ch/databases/download-the-iam-on-line-handwriting-database"

log = logging.getLogger("hypernetworks")


@dataclass(frozen=True)
class Layout:
    """What the database's folder holds.

    Attributes:
        lists: {list: its file}, the training set's first.
        forms: {list: ids of its forms}.
        files: {form: the files of its lines, in order}, listed or not.
    """

    lists: dict[str, Path]
    forms: dict[str, list[str]]
    files: dict[str, list[Path]]

    @classmethod
    def of(cls, folder: Path) -> "Layout":
        """Finds the lists and the lines under the folder.

        Raises:
            DataError: if lists or lines are missing, or a form is listed twice.
        """
        lists = _find_lists(folder)
        forms = {name: read_list(path) for name, path in lists.items()}
        found = cls(lists, forms, _line_files(folder / STROKES))
        _check_once(forms)
        found._check_there(folder / STROKES)
        return found

    def listed(self, name: str) -> list[Path]:
        """The files of a list's lines."""
        return [path for form in self.forms[name] for path in self.files[form]]

    def unlisted(self) -> int:
        """How many lines are of no list."""
        return sum(map(len, self.files.values())) - sum(len(self.listed(n)) for n in self.lists)

    def _check_there(self, strokes: Path) -> None:
        members = [form for names in self.forms.values() for form in names]
        missing = [form for form in members if form not in self.files]
        if missing:
            first = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
            raise DataError(
                f"{strokes} has no lines of {len(missing):,} of the {len(members):,} listed "
                f"forms ({first}): unpack the whole of lineStrokes-all.tar.gz there"
            )

    def is_whole(self) -> bool:
        """Whether training and validation have the database's counts. One line warns of lists that
        have not, and of those that look swapped."""
        found = {n: (len(of), len(self.listed(n))) for n, of in self.forms.items()}
        others = [name for name in COUNTS if found[name] != COUNTS[name]]
        said = (
            "{} has {:,} forms and {:,} lines instead of {:,} and {:,}".format(
                name, *found[name], *COUNTS[name]
            )
            for name in others
        )
        swapped = (
            f"; {a} and {b} look swapped"
            for a, b in combinations(COUNTS, 2)
            if found[a][0] == COUNTS[b][0] and found[b][0] == COUNTS[a][0]
        )
        whole = _divided(found) == _divided(COUNTS)
        if others:
            log.warning(
                "IAM%s: %s%s",
                "" if whole else " is not whole, and numbers of it are none of table 5's",
                ", ".join(said),
                "".join(swapped),
            )
        return whole


def _divided(counts: Mapping[str, tuple[int, int]]) -> list[tuple[int, int]]:
    """(forms, lines) of validation and of the three lists for training together."""
    valid = counts[VALID]
    forms, lines = (sum(count[k] for count in counts.values()) - valid[k] for k in (0, 1))
    return [valid, (forms, lines)]


def _find_lists(folder: Path) -> dict[str, Path]:
    """The four lists.

    Raises:
        DataError: naming those that are missing, and lineStrokes, with where they come from.
    """
    places = {name: (folder / name, *sorted(folder.glob(f"*/{name}"))) for name in COUNTS}
    found = {name: [p for p in paths if p.is_file()] for name, paths in places.items()}
    missing = [name for name, paths in found.items() if not paths]
    missing += [] if (folder / STROKES).is_dir() else [f"{STROKES}/"]
    if missing:
        raise DataError(
            f"the IAM on-line database is not there. Missing in {folder}: {', '.join(missing)}. It "
            f"is free for research, but nobody may pass it on: register at {PAGE}, get "
            f"lineStrokes-all.tar.gz and the four lists of its task IAM-OnDB-t1, and unpack them "
            f"into {folder} (HYPERNETWORKS_DATA or data_dir=... sets another place). Without any "
            "data, the demo shows the machinery: make reproduce-table TABLE=5"
        )
    return {name: paths[0] for name, paths in found.items()}


def read_list(path: Path) -> list[str]:
    """The ids of a list's forms, one a line, whatever white space is around them.

    Raises:
        DataError: if the file is something else.
    """
    try:
        rows = path.read_text(encoding="latin-1").splitlines()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    for number, row in enumerate(rows, 1):
        if row.strip() and not FORM.fullmatch(row.strip()):
            raise DataError(f"{path}: line {number} is no form such as a01-000u; get the list anew")
    return [row.strip() for row in rows if row.strip()]


def _line_files(strokes: Path) -> dict[str, list[Path]]:
    """{form: the files of its lines, in order}."""
    found: dict[str, list[Path]] = {}
    for sheet in sorted(strokes.glob("*/*")):
        for path in sorted(sheet.glob("*.xml"), key=str):
            form = path.name.rpartition("-")[0]
            if (sheet.parent.name, sheet.name) == (form[:3], form[:7]):
                found.setdefault(form, []).append(path)
    return found


def _check_once(forms: Mapping[str, list[str]]) -> None:
    seen: dict[str, str] = {}
    for name, members in forms.items():
        for form in members:
            if form in seen:
                raise DataError(
                    f"the form {form} stands in {seen[form]} and again in {name}: lines of it "
                    "would be counted twice; get the four lists anew"
                )
            seen[form] = name
