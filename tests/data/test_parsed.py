"""Parsed lines kept in a file: taken again only for the same files and settings, undamaged."""

import logging
import multiprocessing
import os
import time

import pytest
import torch

from hypernetworks.data.errors import DataError
from hypernetworks.data.lines import Lines
from hypernetworks.data.parsed import Parsed, parsed


class Reader:
    """Counts how often it parses."""

    def __init__(self, folder):
        self.calls = 0
        self.cache = folder / "parsed.pt"
        self.sources = [folder / "a.txt", folder / "sub" / "b.txt"]
        (folder / "sub").mkdir(exist_ok=True)
        for path in self.sources:
            path.write_text(path.name)
            os.utime(path, ns=(10**9, 10**9))

    def __call__(self):
        self.calls += 1
        lines = Lines.of([torch.arange(12.0).reshape(4, 3), torch.zeros(2, 3)], [3, 5], [7, -1])
        return Parsed(lines, {"ink": "abc"}, {"empty": 2})

    def get(self, **settings):
        return parsed(self.cache, self.sources, settings, self)


@pytest.fixture
def reader(tmp_path):
    return Reader(tmp_path)


def equal(one, other):
    return (one.checksums, one.counts) == (other.checksums, other.counts) and all(
        torch.equal(getattr(one.lines, name), getattr(other.lines, name))
        and getattr(one.lines, name).dtype == getattr(other.lines, name).dtype
        for name in ("points", "starts", "groups", "characters")
    )


def test_the_second_time_it_is_read_from_the_cache(reader):
    first = reader.get(gap=None, jump=0.5)
    second = reader.get(jump=0.5, gap=None)
    assert reader.calls == 1
    assert equal(first, second)
    assert equal(first, reader())


def test_a_folder_that_is_moved_takes_its_cache_along(reader, tmp_path):
    reader.get()
    moved = tmp_path.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    reader.cache = moved / "parsed.pt"
    reader.sources = [moved / "a.txt", moved / "sub" / "b.txt"]
    reader.get()
    assert reader.calls == 1


@pytest.mark.parametrize("change", ["content", "time", "another", "fewer", "settings", "order"])
def test_other_files_or_settings_are_parsed_again(reader, tmp_path, change):
    reader.get(gap=1)
    first, second = reader.sources
    if change == "content":
        first.write_text("longer than before")
        os.utime(first, ns=(10**9, 10**9))
    elif change == "time":
        os.utime(second, ns=(10**9, 10**9 + 1))
    elif change == "another":
        (tmp_path / "c.txt").touch()
        reader.sources.append(tmp_path / "c.txt")
    elif change == "fewer":
        reader.sources.pop()
    elif change == "order":
        reader.sources.reverse()
    gap = 2 if change == "settings" else 1
    reader.get(gap=gap)
    reader.get(gap=gap)
    assert reader.calls == 2


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "foreign", "folder"])
def test_a_damaged_cache_is_parsed_and_written_anew(reader, damage, caplog):
    whole = reader.get()
    content = bytearray(reader.cache.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"flipped": bytes(content), "cut": bytes(content[:-100]), "empty": b""}
    if damage == "folder":
        reader.cache.unlink()
        reader.cache.mkdir()
    else:
        reader.cache.write_bytes(damaged.get(damage, b"PK another file, longer than a digest" * 9))
    assert equal(reader.get(), whole)
    assert equal(reader.get(), whole)
    assert reader.calls == (3 if damage == "folder" else 2)
    assert bool(caplog.records) == (damage == "folder")
    assert not list(reader.cache.parent.glob("*.part"))


def test_a_cache_of_another_format_is_parsed_anew(reader, monkeypatch):
    reader.get()
    monkeypatch.setattr("hypernetworks.data.parsed.FORMAT", 0)
    reader.get()
    assert reader.calls == 2


def test_where_nothing_can_be_written_it_parses_each_time_and_says_so_in_one_line(reader, caplog):
    reader.cache = reader.sources[0] / "parsed.pt"  # below a file
    with caplog.at_level(logging.WARNING):
        assert equal(reader.get(), reader())
    assert [r.message.count("\n") for r in caplog.records] == [0]
    assert "the next run parses them again" in caplog.text


def test_a_source_that_is_gone_is_one_line(reader):
    reader.sources[1].unlink()
    with pytest.raises(DataError, match=r"b.txt cannot be read: No such file or directory$"):
        reader.get()


def test_what_the_parser_raises_reaches_the_caller_and_leaves_nothing(reader):
    def fail():
        raise DataError("line 3")

    with pytest.raises(DataError, match="line 3"):
        parsed(reader.cache, reader.sources, {}, fail)
    assert not reader.cache.exists()
    assert equal(reader.get(), reader())


def _slowly(folder, counter):
    reader = Reader(folder)

    def parse():
        counter.put(1)
        time.sleep(0.3)
        return reader()

    assert equal(parsed(reader.cache, reader.sources, {}, parse), reader())


def test_of_two_processes_at_once_one_parses_and_the_other_waits(tmp_path):
    Reader(tmp_path)
    context = multiprocessing.get_context("fork")
    counter = context.Queue()
    both = [context.Process(target=_slowly, args=(tmp_path, counter)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert counter.get(timeout=10) == 1
    assert counter.empty()
