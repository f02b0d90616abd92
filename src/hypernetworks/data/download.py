"""Large downloads that go on where they ended, and the checksums of files that have none published.

Beside the file: NAME.part, what there is of it; NAME.part.from, which version of it that is;
NAME.sha256, its checksum of the first use, as `sha256sum -c` reads it.
"""

import hashlib
import time
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from hypernetworks.atomic import write_text
from hypernetworks.data import kept
from hypernetworks.data.errors import NO_DOWNLOAD, DataError
from hypernetworks.data.files import TIMEOUT, WRITABLE

BLOCK = 1 << 20  # bytes
TRIES = 5  # that bring nothing, one after another
PAUSE = 2.0  # seconds before the next try
GONE, NO_MORE = (401, 403, 404, 410), 416  # of HTTP


def fetch(url: str, path: Path) -> None:
    """Downloads a file, whole or not at all; what a broken download left is gone on with.

    Of processes that come at once, one downloads and the others wait for it.

    Raises:
        DataError: if the place does not have it or cannot be reached, or the folder be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with kept.alone(path):
            if not path.exists():
                _download(url, path)
    except OSError as error:
        raise DataError(f"{path.parent} cannot be written: {error}; {WRITABLE}") from error


def _download(url: str, path: Path) -> None:
    part, tries = path.with_name(f"{path.name}.part"), 0
    while tries < TRIES:
        before = _size(part)
        try:
            if _go_on(url, part):
                part.replace(path)
                _version(part).unlink(missing_ok=True)
                return
            reason = "the connection ended early"
        except HTTPError as error:
            reason = f"{error.code} {error.reason}"
            if error.code in GONE:
                break
        except URLError as error:
            reason = str(error.reason)
        except (HTTPException, ConnectionError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
        tries = 0 if _size(part) > before else tries + 1
        time.sleep(PAUSE)
    has = f"; {_size(part):,} bytes are there, and the next run goes on" if _size(part) else ""
    raise DataError(f"{url} {NO_DOWNLOAD} ({reason}){has}")


def first_use(path: Path) -> str:
    """The file's SHA-256, which must be that of its first use; the first time it is noted.

    Raises:
        DataError: if the file has changed, or cannot be read.
    """
    note = path.with_name(f"{path.name}.sha256")
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if not note.exists():
            write_text(note, f"{found}  {path.name}\n")
        first = note.read_text(encoding="utf-8").partition(" ")[0]
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}; {WRITABLE}") from error
    if found != first:
        raise DataError(
            f"{path}: SHA-256 {found} instead of {first}, which it had when it was first used; get "
            f"it anew, or delete {note.name} if the new one is right"
        )
    return found


def _go_on(url: str, part: Path) -> bool:
    """Appends what the place sends; whether that is all of it."""
    version, start = _version(part), _size(part)
    asked = Request(url)
    known = version.read_text(encoding="utf-8") if start and version.exists() else ""
    if known:  # else nothing says that the rest would be of the same file
        asked.add_header("Range", f"bytes={start}-")
        asked.add_header("If-Range", known)
    try:
        answer: HTTPResponse = urlopen(asked, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != NO_MORE:
            raise
        whole = error.headers.get("Content-Range") == f"bytes */{start}"
        if not whole or _named(error.headers) not in ("", known):
            part.unlink()  # longer than the place's file, or of another: not of it
            return False
        return True
    with answer:
        goes_on = answer.status == 206 and _sent_from(answer) == start
        if answer.status == 206 and not goes_on:
            part.unlink()
            return False
        if not goes_on:
            start = 0
            part.unlink(missing_ok=True)  # before it would pass for a part of the new version
            write_text(version, _named(answer.headers))
        length = answer.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with (
            part.open("ab" if goes_on else "wb") as file,
            tqdm(
                desc=part.stem,
                total=total,
                initial=start,
                unit="B",
                unit_scale=True,
                disable=None,
                leave=False,
            ) as bar,
        ):
            while block := answer.read(BLOCK):
                file.write(block)
                bar.update(len(block))
    return total is None or _size(part) == total


def _named(headers: Message) -> str:
    """What tells this version of the file from others; a weak ETag does not."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _sent_from(answer: HTTPResponse) -> int:
    sent = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(sent) if sent.isdigit() else -1


def _version(part: Path) -> Path:
    return part.with_name(f"{part.name}.from")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
