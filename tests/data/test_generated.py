"""Half-made folders of generated data are swept up, but not those that somebody is at work on."""

import os
import time

import pytest
from filelock import FileLock

from hypernetworks.data.generated import manifest, sentences


def abandoned(folder, age=2 * manifest.ABANDONED):
    folder.mkdir(parents=True)
    (folder / "half").write_text("half a fi")
    (folder / manifest.LOCK).touch()
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


def test_what_a_kill_left_is_removed_by_the_next_run(tmp_path):
    left = abandoned(tmp_path / f"{manifest.PART}1")
    young = abandoned(tmp_path / f"{manifest.PART}2", age=1)
    other = abandoned(tmp_path / "mine")
    sentences.write(tmp_path / "ptb", train=5, others=2)
    assert not left.exists()
    assert young.exists()
    assert other.exists()
    assert (tmp_path / "ptb" / "ptb.train.txt").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"ptb", young.name, "mine"}


def test_a_folder_in_which_another_process_works_stays(tmp_path):
    busy = abandoned(tmp_path / f"{manifest.PART}1")
    with FileLock(busy / manifest.LOCK):
        then = time.time() - 2 * manifest.ABANDONED
        os.utime(busy, (then, then))
        sentences.write(tmp_path / "ptb", train=5, others=2)
    assert busy.exists()


def test_what_is_whole_is_not_written_again(tmp_path):
    sentences.write(tmp_path / "ptb", train=5, others=2)
    before = (tmp_path / "ptb" / "ptb.train.txt").stat().st_mtime_ns
    sentences.write(tmp_path / "ptb", train=5, others=2)
    assert (tmp_path / "ptb" / "ptb.train.txt").stat().st_mtime_ns == before
    (tmp_path / "ptb" / "ptb.test.txt").write_text("damaged")
    sentences.write(tmp_path / "ptb", train=5, others=2)
    assert (tmp_path / "ptb" / "ptb.test.txt").read_text() != "damaged"


@pytest.mark.parametrize("text", ["", "[]", '{"md5": 3}', '{"md5": {"": 1}}', "[" * 100_000])
def test_with_a_damaged_manifest_all_is_written_again(text, tmp_path):
    sentences.write(tmp_path / "ptb", train=5, others=2)
    before = (tmp_path / "ptb" / manifest.NAME).read_text()
    (tmp_path / "ptb" / manifest.NAME).write_text(text)
    sentences.write(tmp_path / "ptb", train=5, others=2)
    assert (tmp_path / "ptb" / manifest.NAME).read_text() == before
