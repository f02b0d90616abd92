"""Downloads from a server on this machine, that break off and go on."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hypernetworks.atomic import write_text
from hypernetworks.data import download
from hypernetworks.data.download import fetch, first_use
from hypernetworks.data.errors import DataError

CONTENT = bytes(range(256)) * 4096  # 1 MiB
FIRST = 300_000  # bytes that a connection brings before it breaks


class Server(ThreadingHTTPServer):
    """Serves one file, as its attributes say."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.tag: str | None = '"one"'
        self.breaks = 0  # connections that are to break yet
        self.status = 200
        self.ranges = True
        self.says_size = True  # where there is nothing more to send
        self.asked: list[int] = []  # the first byte of each answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/corpus.tgz"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, start = self.server, 0
        if server.status != 200:
            self.send_error(server.status)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and server.ranges and self.headers["If-Range"] == server.tag:
            start = int(wanted[1])
        server.asked.append(start)
        if start >= len(server.content):
            self.send_response(416)
            if server.says_size:
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        self.send_header("Content-Length", str(len(server.content) - start))
        if server.tag:
            self.send_header("ETag", server.tag)
        self.end_headers()
        end = len(server.content)
        if server.breaks:
            server.breaks -= 1
            end = start + FIRST
        self.wfile.write(server.content[start:end])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def broken(server: Server, path: Path) -> None:
    """Leaves the first part of the file, as a process that was killed does."""
    server.breaks = 1
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(download.time, "sleep", _kill)
        with pytest.raises(KeyboardInterrupt):
            fetch(server.url, path)
    assert not path.exists()
    assert path.with_name("corpus.tgz.part").stat().st_size == FIRST
    server.asked.clear()


def _kill(seconds: float) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wmt14" / "corpus.tgz"


def test_at_once(server: Server, path: Path) -> None:
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT
    assert [left.name for left in path.parent.glob("[!.]*")] == ["corpus.tgz"]


def test_of_processes_at_once_one_downloads(server: Server, path: Path) -> None:
    threads = [threading.Thread(target=fetch, args=(server.url, path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == [0]
    assert path.read_bytes() == CONTENT


def test_a_broken_connection_is_gone_on_with(server: Server, path: Path) -> None:
    server.breaks = 3
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [0, FIRST, 2 * FIRST, 3 * FIRST]


def test_a_killed_download_is_gone_on_with(server: Server, path: Path) -> None:
    broken(server, path)
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [FIRST]


@pytest.mark.parametrize("change", ["another file", "no ranges", "no tag", "a shorter file"])
def test_what_is_not_of_the_file_is_not_kept(server: Server, path: Path, change: str) -> None:
    if change == "no tag":
        server.tag = None
    broken(server, path)
    if change == "another file":
        server.content, server.tag = CONTENT[::-1], '"two"'
    elif change == "no ranges":
        server.ranges = False
    elif change == "a shorter file":
        server.content = CONTENT[: FIRST - 1]
    fetch(server.url, path)
    assert path.read_bytes() == server.content
    assert server.asked[-1] == 0


@pytest.mark.parametrize("says_size", [True, False])
def test_a_process_killed_after_the_last_byte(server: Server, path: Path, says_size: bool) -> None:
    path.parent.mkdir()
    path.with_name("corpus.tgz.part").write_bytes(CONTENT)
    path.with_name("corpus.tgz.part.from").write_text('"one"')
    server.says_size = says_size
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == ([len(CONTENT)] if says_size else [len(CONTENT), 0])
    assert [left.name for left in path.parent.glob("[!.]*")] == ["corpus.tgz"]


def test_a_process_killed_when_the_file_had_changed(server: Server, path: Path) -> None:
    broken(server, path)
    server.content, server.tag = CONTENT[::-1], '"two"'

    def noted(file: Path, text: str) -> None:
        write_text(file, text)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(download, "write_text", noted)
        with pytest.raises(KeyboardInterrupt):
            fetch(server.url, path)
    fetch(server.url, path)
    assert path.read_bytes() == server.content


def test_a_place_that_has_nothing(server: Server, path: Path) -> None:
    server.status = 404
    with pytest.raises(DataError, match=r"corpus\.tgz could not be downloaded \(404 Not Found\)$"):
        fetch(server.url, path)


def test_a_place_that_fails_leaves_what_is_there(server: Server, path: Path) -> None:
    broken(server, path)
    server.status = 503
    with pytest.raises(DataError, match=r"\(503 .*\); 300,000 bytes are there, and the next run"):
        fetch(server.url, path)
    server.status = 200
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [FIRST]


def test_a_place_that_is_not_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DataError, match=r"could not be downloaded \(.*refused"):
        fetch("http://127.0.0.1:9/corpus.tgz", path)


def test_a_folder_that_cannot_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "wmt14").write_bytes(b"a file")
    with pytest.raises(DataError, match=r"wmt14 cannot be written: .*data_dir"):
        fetch(server.url, tmp_path / "wmt14" / "corpus.tgz")


def test_the_checksum_of_the_first_use_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tgz"
    path.write_bytes(b"one")
    known = hashlib.sha256(b"one").hexdigest()
    assert first_use(path) == known
    assert (tmp_path / "corpus.tgz.sha256").read_text() == f"{known}  corpus.tgz\n"
    assert first_use(path) == known
    path.write_bytes(b"two")
    with pytest.raises(DataError, match=f"instead of {known}, which it had when it was first used"):
        first_use(path)
    path.unlink()
    with pytest.raises(DataError, match="No such file"):
        first_use(path)
