"""What the data sets share: checksums, and downloads from one of several places."""

import hashlib
import socket
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from hypernetworks.data.errors import NO_DOWNLOAD, DataError

Unpack = Callable[[Path, Path, list[str]], None]
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


def generate(folder: Path, write: Callable[[Path], None]) -> None:
    """Has generated data written into the folder.

    Raises:
        DataError: if it cannot be.
    """
    try:
        write(folder)
    except OSError as error:
        raise DataError(f"generated data cannot be written: {error}; {WRITABLE}") from error


def provide(
    title: str, folder: Path, missing: list[str], urls: tuple[str, ...], inside: str, unpack: Unpack
) -> None:
    """Leaves the missing files of an archive in the folder, each at once.

    Args:
        title: what the data set is called.
        inside: where the files lie in the archive, for the error's advice.
        unpack: puts verified files of a downloaded archive into the folder.
    Raises:
        DataError: if no place has it, or the folder cannot be written.
    """
    if not missing:
        return

    try:
        with tempfile.TemporaryDirectory(dir=there(folder), prefix=".download-") as temporary:
            archive, files = Path(temporary) / urls[0].rpartition("/")[2], Path(temporary) / "files"
            files.mkdir()
            found = fetch_first(urls, archive, lambda path: unpack(path, files, missing))
            if found:
                folder.mkdir(parents=True, exist_ok=True)
                for name in missing:
                    (files / name).replace(folder / name)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error}; {WRITABLE}") from error
    if not found:
        raise DataError(
            f"{title} is not there and {NO_DOWNLOAD}. Missing: {', '.join(missing)}. "
            f"Get {urls[0]} and put what is in its {inside} into {folder} (HYPERNETWORKS_DATA or "
            "data_dir=... sets another place). "
            "Without any data, the demo shows the machinery: make reproduce-table"
        )


def there(folder: Path) -> Path:
    """The folder, or what there is of its parents: on the same disk, a place for half files.

    Made in it, the folder itself would be left behind where no place has the data.
    """
    return next(path for path in (folder, *folder.parents) if path.exists())


def unpack_tar(
    archive: Path, folder: Path, names: list[str], inside: str, checksums: dict[str, str]
) -> None:
    """Puts verified files of a tar archive into the folder, each at once.

    Raises:
        DataError: if the archive is damaged or holds something else.
    """
    try:
        with tarfile.open(archive) as tar:
            members = {Path(m.name).name: m for m in tar.getmembers() if inside in m.name}
            for name in names:
                source = tar.extractfile(members[name])
                assert source is not None
                unpacked = archive.with_name(name)
                unpacked.write_bytes(source.read())
                verified(unpacked, checksums[name], archive)
                unpacked.replace(folder / name)
    except (KeyError, AssertionError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{archive} is damaged or is another archive ({error})") from error
