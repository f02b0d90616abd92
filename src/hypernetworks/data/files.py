"""What the data sets share: checksums, and downloads from one of several places."""

import hashlib
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from hypernetworks.data.errors import DataError

WRITABLE = "set data_dir=... or HYPERNETWORKS_DATA to a folder that can be"
TIMEOUT = 20.0  # seconds without an answer from a mirror


def md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def verified(path: Path, expected: str, origin: Path | None = None) -> str:
    """The file's md5, if it is the expected one.

    Args:
        origin: the file to name in the error, where `path` is a temporary copy.
    Raises:
        DataError: if it is another.
    """
    found = md5(path)
    if found != expected:
        raise DataError(
            f"{origin or path}: md5 {found} instead of {expected}; delete the file, "
            "and the next run downloads it again"
        )
    return found


def fetch_first(urls: Iterable[str], download: Path, unpack: Callable[[Path], None]) -> bool:
    """Downloads to `download` and unpacks it, from the first place that has it right.

    Returns:
        whether one of the places had it.
    """
    from torchvision.datasets.utils import download_url

    for url in urls:
        download.unlink(missing_ok=True)  # else a place's half file is taken for the next one's
        try:
            with _socket_timeout():
                download_url(url, str(download.parent), filename=download.name)
            unpack(download)
        except (OSError, RuntimeError, HTTPException, DataError):
            continue  # the next place; all of them failing is the caller's error
        return True
    return False


@contextmanager
def _socket_timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
