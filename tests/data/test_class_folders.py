"""Folders of classes as torchvision's ImageFolder finds them."""

import hashlib

import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from hypernetworks.data import class_folders
from hypernetworks.data.errors import DataError


@pytest.fixture
def root(tmp_path):
    for name in ("b/2.png", "b/10.PNG", "a/deep/er/1.jpg", "a/0.png", "a-b/1.bmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 3), len(name)).save(path)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    return tmp_path


def test_files_are_those_of_image_folder(root):
    files = class_folders.class_files(root)
    found = [(str(p), n) for n, paths in enumerate(files.values()) for p in paths]
    theirs = ImageFolder(root)
    assert list(files) == theirs.classes == ["a", "a-b", "b"]
    assert found == theirs.samples


def test_hidden_files_and_folders_are_left_out(root):
    before = class_folders.class_files(root)
    (root / ".ipynb_checkpoints").mkdir()
    (root / "a" / "._0.png").write_bytes(b"of a Mac")
    assert class_folders.class_files(root) == before


def test_a_folder_without_folders_has_none(tmp_path):
    assert class_folders.subfolders(tmp_path) == []
    with pytest.raises(DataError, match="no class folders"):
        class_folders.class_files(tmp_path)


def test_the_checksum_is_of_names_and_contents(root, tmp_path):
    def checksum():
        return class_folders.checksum_of(root, class_folders.class_files(root))

    lines = [
        f"{name} {hashlib.md5((root / name).read_bytes()).hexdigest()}\n"
        for name in sorted(["b/2.png", "b/10.PNG", "a/deep/er/1.jpg", "a/0.png", "a-b/1.bmp"])
    ]
    whole = checksum()
    assert whole == hashlib.md5("".join(lines).encode()).hexdigest()
    (root / "b" / "2.png").rename(root / "b" / "3.png")
    assert checksum() != whole
