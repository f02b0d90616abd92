from pathlib import Path

import pytest

from hypernetworks.data import kept


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256))])
def test_what_is_written_is_read(tmp_path: Path, content: bytes) -> None:
    kept.write(tmp_path / "a", content)
    read = (tmp_path / "a").read_bytes()
    assert kept.unsealed(memoryview(read)) == content
    for damaged in (read[:-1], read[1:], b"x" + read, read.replace(b"sha256", b"sha255"), b""):
        assert kept.unsealed(memoryview(damaged)) is None
