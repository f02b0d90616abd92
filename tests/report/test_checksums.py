import subprocess

import pytest

from hypernetworks.report import checksums
from hypernetworks.report.records import RecordError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "a.json").write_text("{}")
    (tmp_path / "7" / "a b.npz").write_bytes(b"\0")
    (tmp_path / "TABLES.md").write_text("a page")
    return tmp_path


def test_the_sums_are_those_of_sha256sum(folder):
    path = checksums.extend(folder)
    assert path == folder / "SHA256SUMS"
    names = ["7/a b.npz", "7/a.json"]
    command = ["sha256sum", *names]
    expected = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert path.read_text() == expected.stdout
    assert checksums.fault(folder) is None


def test_new_files_are_added(folder):
    before = checksums.extend(folder).read_text()
    (folder / "7" / "b.json").write_text("[]")
    assert checksums.fault(folder) == f"{folder / '7' / 'b.json'}: not in SHA256SUMS"
    after = checksums.extend(folder).read_text()
    assert set(before.splitlines()) < set(after.splitlines())
    assert checksums.fault(folder) is None


def change(path):
    path.write_text("{ }")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change, "not what SHA256SUMS says; published files are immutable"),
        (lambda path: path.unlink(), "in SHA256SUMS, but missing; published files stay"),
    ],
)
def test_what_is_listed_never_changes(damage, message, folder):
    before = checksums.extend(folder).read_text()
    path = folder / "7" / "a.json"
    damage(path)
    assert checksums.fault(folder) == f"{path}: {message}"
    for call in (checksums.extend, checksums.refuse_changes):
        with pytest.raises(RecordError, match=message):
            call(folder)
    assert (folder / "SHA256SUMS").read_text() == before


def test_a_damaged_list_is_one_line(folder):
    (folder / "SHA256SUMS").write_text("nonsense\n")
    with pytest.raises(RecordError, match="SHA256SUMS: line 1 is no checksum and name"):
        checksums.fault(folder)


def test_nothing_to_list(tmp_path):
    assert checksums.extend(tmp_path) is None
    assert checksums.fault(tmp_path / "missing") is None


def test_a_file_that_is_listed_twice_is_one_line(folder):
    path = checksums.extend(folder)
    first = path.read_text().splitlines(keepends=True)[0]
    path.write_text(f"{'0' * 64}{first[64:]}{path.read_text()}")
    with pytest.raises(RecordError, match="SHA256SUMS: a file is listed twice"):
        checksums.fault(folder)
