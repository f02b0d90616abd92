"""A training text cleaned and encoded once, into shards that are kept beside the data.

The corpora are read three times, as streams: which pairs are kept, the subword model, the ids. What
a killed process left is taken up again: every file is written whole and has a checksum.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from hypernetworks.atomic import write_bytes, write_text
from hypernetworks.data import kept
from hypernetworks.data.cleaning import Cleaning, share
from hypernetworks.data.errors import DataError
from hypernetworks.data.files import WRITABLE
from hypernetworks.data.pairs import Pairs, Shard
from hypernetworks.data.parallel import Corpus
from hypernetworks.data.selecting import SAMPLED, TAKEN, Selected, Sides, select, taken
from hypernetworks.data.subwords import Subwords, check_size

VERSION = 1  # of what is kept: what another has made is made anew
AT_ONCE = 4096  # pairs that are encoded at once: as Python's numbers, ids take much memory

log = logging.getLogger("hypernetworks")


@dataclass(frozen=True)
class Encoded:
    """A training text.

    Attributes:
        checksums: {file of a corpus: its checksum}.
        counts: lines read, and pairs left out, by reason.
        corpora: {corpus: pairs taken}.
    """

    pairs: Pairs
    subwords: Subwords
    checksums: dict[str, str]
    counts: dict[str, int]
    corpora: dict[str, int]


def encoded(
    folder: Path,
    corpora: Sequence[Corpus],
    cleaning: Cleaning,
    excerpt: float,
    size: int,
    checksum: Callable[[Path], str],
) -> Encoded:
    """The training text of the corpora, or what was kept of the same files and settings.

    Of processes that come at once, one encodes and the others wait for it.

    Args:
        folder: the text is kept in a folder of it: encoded-..., named by files and settings.
        excerpt: the share of the cleaned, distinct pairs.
        size: of the subword model, which is made of the training text.
        checksum: of a source, before it is read; it refuses a wrong one.
    Raises:
        DataError: if a corpus cannot be read, the folder not be written, or a setting not work.
    """
    share(excerpt)
    check_size(size)
    sources = [path for corpus in corpora for path in corpus.files]
    settings = {"version": VERSION, **cleaning.to_record(), "excerpt": excerpt, "subwords": size}
    settings["corpora"] = [(corpus.name, corpus.excerpt) for corpus in corpora]
    place = folder / f"encoded-{kept.key(folder, sources, settings)[:12]}"
    found = _open(place)
    if found is not None:
        return found
    try:
        place.mkdir(parents=True, exist_ok=True)
        with kept.alone(place):
            found = _open(place)  # another process may have written it meanwhile
            if found is None:
                checksums = {path.name: checksum(path) for path in sources}
                found = _build(place, corpora, cleaning, excerpt, size, checksums)
    except OSError as error:
        raise DataError(f"{place} cannot be written: {error}; {WRITABLE}") from error
    return found


def _open(place: Path) -> Encoded | None:
    """None if it is not there, not whole, or damaged."""
    index = _read(place / "index")
    if index is None:
        return None
    about = json.loads(index)
    subwords = _subwords(place, about["subwords"])
    if subwords is None:
        return None
    shards = [Shard.open(_shard(place, k), subwords.sha256) for k in range(about["shards"])]
    whole = [shard for shard in shards if shard is not None]
    if len(whole) < len(shards):
        return None
    return Encoded(Pairs(whole), subwords, about["checksums"], about["counts"], about["corpora"])


def _build(
    place: Path,
    corpora: Sequence[Corpus],
    cleaning: Cleaning,
    excerpt: float,
    size: int,
    checksums: dict[str, str],
) -> Encoded:
    if (place / "index").exists():
        log.warning("%s is damaged: what of it is not whole is made anew", place)
        (place / "index").unlink()
    kept_selection = _read(place / "selection")
    if kept_selection is None:
        selected = select(corpora, cleaning, excerpt)
        kept.write(place / "selection", selected.to_bytes())
    else:
        selected = Selected.from_bytes(kept_selection)
    subwords = _subwords(place, _noted(place))
    if subwords is None:
        subwords = _train(corpora, selected, size)
        write_bytes(place / "subwords.model", subwords.model)
        write_text(place / "subwords.model.sha256", f"{subwords.sha256}  subwords.model\n")
    shards = _encode(place, corpora, selected, subwords)
    about = {"subwords": subwords.sha256, "shards": len(shards), "checksums": checksums}
    about |= {"counts": selected.counts, "corpora": selected.pairs}
    kept.write(place / "index", json.dumps(about, indent=2).encode())
    return Encoded(Pairs(shards), subwords, checksums, selected.counts, selected.pairs)


def _read(path: Path) -> bytes | None:
    """What is kept in a file; None if it is not there or damaged."""
    try:
        body = kept.unsealed(memoryview(path.read_bytes()))
    except OSError:
        return None
    return None if body is None else bytes(body)


def _subwords(place: Path, sha256: str) -> Subwords | None:
    try:
        return Subwords.read(place / "subwords.model", sha256)
    except DataError:
        return None


def _noted(place: Path) -> str:
    """The subword model's checksum, as it was written after the model."""
    try:
        return (place / "subwords.model.sha256").read_text(encoding="utf-8").partition(" ")[0]
    except (OSError, UnicodeDecodeError):
        return ""


def _shard(place: Path, number: int) -> Path:
    return place / f"shard-{number:05d}.pairs"


def _train(corpora: Sequence[Corpus], selected: Selected, size: int) -> Subwords:
    count = int((selected.marks >= SAMPLED).sum())
    with tqdm(total=count, desc="subword model", unit=" pairs", disable=None, leave=False) as bar:

        def sentences() -> Iterator[str]:
            for source, target in taken(corpora, selected.marks, SAMPLED):
                yield from source
                yield from target
                bar.update(len(source))

        return Subwords.train(sentences(), size)


def _encode(
    place: Path, corpora: Sequence[Corpus], selected: Selected, subwords: Subwords
) -> list[Shard]:
    """The shards, of which those that are there are not made again.

    Threads suffice: sentencepiece encodes without Python's lock.
    """
    threads = torch.get_num_threads()
    total = sum(selected.pairs.values())
    pending: deque[Future[int]] = deque()
    count = 0
    with (
        tqdm(total=total, desc="encoding", unit=" pairs", disable=None, leave=False) as bar,
        ThreadPoolExecutor(threads) as pool,
    ):
        try:
            for sides in taken(corpora, selected.marks, TAKEN):
                pending.append(pool.submit(_make, _shard(place, count), subwords, sides))
                count += 1
                if len(pending) > threads:
                    bar.update(pending.popleft().result())
            for future in pending:
                bar.update(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    shards = [Shard.open(_shard(place, number), subwords.sha256) for number in range(count)]
    whole = [shard for shard in shards if shard is not None]
    if len(whole) < count:
        raise DataError(f"{place}: shards changed while they were written; run again")
    return whole


def _make(path: Path, subwords: Subwords, sides: Sides) -> int:
    """Leaves a shard in its file, unless it is there, and returns its pairs."""
    if Shard.open(path, subwords.sha256) is None:
        encode(subwords, *sides).write(path, subwords.sha256)
    return len(sides[0])


def encode(subwords: Subwords, source: Sequence[str], target: Sequence[str]) -> Shard:
    """The pairs as subword ids."""
    parts = []
    for start in range(0, len(source), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        ids = zip(subwords.encode(source[part]), subwords.encode(target[part]), strict=True)
        parts.append(Shard.of(list(ids)))
    return Shard.joined(parts)
