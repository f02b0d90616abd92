"""WMT'14's files for English and French: where they come from and where they lie.

Under data_dir/wmt14: the official archives, whose members are streamed, or what is in them, in any
subfolder, both languages in the same one. No checksums are published: those of the first use are
noted.
"""

import gzip
import html
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from hypernetworks.data.download import fetch
from hypernetworks.data.errors import DataError
from hypernetworks.data.parallel import Corpus, Opener, Texts, readable, text_lines

PLACE = "https://www.statmt.org"
SEGMENT = re.compile(r"<seg[^>]*>(.*?)</seg>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Official:
    """A corpus: its archive's address, and its files' name without the language."""

    url: str
    stem: str


CORPORA = {
    "europarl-v7": Official("wmt13/training-parallel-europarl-v7.tgz", "europarl-v7.fr-en"),
    "commoncrawl": Official("wmt13/training-parallel-commoncrawl.tgz", "commoncrawl.fr-en"),
    "un": Official("wmt13/training-parallel-un.tgz", "undoc.2000.fr-en"),
    "news-commentary-v9": Official("wmt14/training-parallel-nc-v9.tgz", "news-commentary-v9.fr-en"),
    "giga-fren": Official("wmt10/training-giga-fren.tar", "giga-fren.release2.fixed"),
}
# Development and test sets: as plain text, or as SGML in the archive.
NEWSTESTS = {
    "newstest2012": Official("wmt14/dev.tgz", "newstest2012"),
    "newstest2013": Official("wmt14/dev.tgz", "newstest2013"),
    "newstest2014": Official("wmt14/test-full.tgz", "newstest2014-fren"),
}


def corpus(folder: Path, name: str) -> Corpus:
    """One of CORPORA, from plain files if they are there, else from its archive.

    Raises:
        DataError: if neither is there and the archive cannot be downloaded.
    """
    official = CORPORA[name]
    source, target = f"{official.stem}.en", f"{official.stem}.fr"
    plain = _found(folder, source, target)
    if plain:
        return Corpus.of_files(name, *plain)
    archive = _archive(folder, official, f"{official.stem}.{{en,fr}}")
    return Corpus(name, (archive,), _opener(archive, source), _opener(archive, target))


def newstest(folder: Path, name: str) -> tuple[Texts, tuple[Path, ...]]:
    """One of NEWSTESTS and the files that it is read from: plain text, or the official SGML.

    Raises:
        DataError: if neither is there and the archive cannot be downloaded, or it is damaged.
    """
    plain = _found(folder, f"{name}.en", f"{name}.fr")
    if plain:
        return Texts.read(*plain), plain
    official = NEWSTESTS[name]
    marked = f"{official.stem}-src.en.sgm", f"{official.stem}-ref.fr.sgm"
    unpacked = _found(folder, *marked)
    if unpacked:
        source, target = (segments(path.read_bytes(), str(path)) for path in unpacked)
        return Texts.of(source, target, f"{unpacked[0]} and {unpacked[1]}"), unpacked
    archive = _archive(folder, official, f"{name}.{{en,fr}}")
    source, target = (_segments_of(archive, member) for member in marked)
    return Texts.of(source, target, str(archive)), (archive,)


def is_there(folder: Path, name: str) -> bool:
    """Whether one of CORPORA or NEWSTESTS lies there in some form; nothing is read."""
    official = (CORPORA | NEWSTESTS)[name]
    stem, sgml = official.stem, (f"{official.stem}-src.en.sgm", f"{official.stem}-ref.fr.sgm")
    pairs = [(f"{part}.en", f"{part}.fr") for part in dict.fromkeys((stem, name))]
    archive = folder / PurePosixPath(official.url).name
    return archive.is_file() or any(_found(folder, *pair) for pair in (*pairs, sgml))


def segments(content: bytes, name: str) -> list[str]:
    """The sentences of an SGML file of WMT.

    Raises:
        DataError: as for `text_lines`.
    """
    text = "\n".join(text_lines(content, name))
    return [html.unescape(" ".join(found.split())) for found in SEGMENT.findall(text)]


def _segments_of(archive: Path, member: str) -> list[str]:
    with readable(str(archive)), _member(archive, member) as file:
        return segments(file.read(), f"{archive}: {member}")


def _found(folder: Path, source: str, target: str) -> tuple[Path, Path] | None:
    """The files of these names in the first folder, this one or below, that has both; or None."""
    for path in sorted(folder.rglob(source)):
        found = path, path.with_name(target)
        if all(side.is_file() for side in found):
            return found
    return None


def _archive(folder: Path, official: Official, plain: str) -> Path:
    url = f"{PLACE}/{official.url}"
    path = folder / PurePosixPath(official.url).name
    if not path.exists():
        try:
            fetch(url, path)
        except DataError as error:
            raise DataError(
                f"{error}. Get it and put it, or {plain} of it, into {folder} (HYPERNETWORKS_DATA "
                "or data_dir=... sets another place). Without any data, the demo shows the "
                "machinery: make reproduce-table"
            ) from error
    return path


def _opener(archive: Path, name: str) -> Opener:
    return lambda: _member(archive, name)


@contextmanager
def _member(archive: Path, name: str) -> Iterator[IO[bytes]]:
    """A file of an archive as a stream, itself perhaps gzipped; nothing is unpacked to the disk.

    Raises:
        DataError: if the archive has none of that name.
    """
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            if PurePosixPath(member.name).name not in (name, f"{name}.gz"):
                continue
            file = tar.extractfile(member)
            if file is None:
                continue
            zipped = member.name.endswith(".gz")
            with gzip.GzipFile(fileobj=file) if zipped else file as opened:
                yield cast(IO[bytes], opened)
            return
    raise DataError(f"{archive} has no {name} in it: another archive; delete it and get it anew")
