"""A parallel text of the size of Europarl's excerpt: cleaned, and encoded into shards.

Sentences are random words, frequent ones first as in a language, as long as those of speeches.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from hypernetworks.data.cleaning import Cleaning
from hypernetworks.data.encoding import Encoded, encoded
from hypernetworks.data.files import md5
from hypernetworks.data.parallel import Corpus

PAIRS = 631_780
WORDS, SUBWORDS = 40_000, 8_000
AT_ONCE = 10_000
MADE = ("selection", "subwords.model", "index")  # one after another


def words(random: np.random.Generator, count: int) -> list[str]:
    """Of syllables."""
    syllables = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er")]
    drawn = random.choice(syllables, (count, 4))
    lengths = random.integers(1, 5, count)
    return ["".join(row[:length]) for row, length in zip(drawn, lengths, strict=True)]


def write(path: Path, pairs: int, seed: int) -> None:
    """A side of the text: lines of 3 to 50 words."""
    random = np.random.default_rng(seed)
    known = np.array(words(random, WORDS))
    lengths = np.random.default_rng(0).lognormal(np.log(22), 0.6, pairs).round().clip(3, 50)
    with path.open("w", encoding="utf-8") as file:
        for first in range(0, pairs, AT_ONCE):
            part = lengths[first : first + AT_ONCE].astype(int)
            ranks = WORDS ** random.random(part.sum())  # the k-th word as often as 1 / k
            sentences = np.split(known[ranks.astype(int) - 1], part.cumsum()[:-1])
            file.writelines(" ".join(sentence) + "\n" for sentence in sentences)


def measure(pairs: int = PAIRS, subwords: int = SUBWORDS) -> Encoded:
    """Prints what encoding takes, and opening what was kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = [folder / f"text.{language}" for language in ("en", "fr")]
        for seed, side in enumerate(sides):
            write(side, pairs, seed)
        corpus = Corpus.of_files("text", *sides)
        seconds, worked, parts = list[float](), list[float](), list[float]()
        for _ in range(2):
            began, started, work = time.time(), time.perf_counter(), time.process_time()
            found = encoded(folder, [corpus], Cleaning(), 1.0, subwords, md5)
            seconds.append(time.perf_counter() - started)
            worked.append(time.process_time() - work)
            if not parts:
                made = [next(folder.glob(f"encoded-*/{part}")) for part in MADE]
                ends = [began, *(path.stat().st_mtime for path in made)]
                parts = np.diff(ends).tolist()
        cleaned, trained, written = parts
        print(
            f"encoding {pairs:,} pairs, {len(found.pairs):,} of them kept, into shards: "
            f"{seconds[0]:.0f} s: cleaning {cleaned:.0f} s, "
            f"the model of {len(found.subwords):,} subwords {trained:.0f} s, shards {written:.0f} s"
        )
        print(f"  of processors' time: {worked[0]:.0f} s; opened again in {seconds[1]:.2f} s")
        return found


def main() -> None:
    measure()
