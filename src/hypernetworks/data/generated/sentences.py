"""Generated text in the format of the Penn Treebank files: sentences of a small grammar.

Lower case, <unk> for rare words and N for numbers, a space at both ends of every line.
"""

from pathlib import Path

import numpy as np

from hypernetworks.data.generated import grammar, manifest

VERSION = 1  # of the grammar: raised when it would write another text

WORDS = {
    "company": "bank insurer carrier maker retailer broker utility exchange airline brewer",
    "person": "analyst trader chairman economist spokesman lawyer director investor",
    "thing": "stock bond contract plan dividend merger report index loan offer",
    "quality": "new large small federal weak strong common foreign annual quarterly",
    "acts": "bought sold approved rejected raised cut announced reviewed completed",
    "moves": "rose fell climbed slipped closed opened traded",
    "says": "said added noted argued denied",
}
VALUES = {kind: words.split() for kind, words in WORDS.items()}
VALUES["when"] = ["yesterday", "today", "in october", "last year", "this week"]
VALUES["amount"] = ["N million", "$ N billion", "N %", "about N", "N cents a share"]
PATTERNS = (
    "the {company} 's {thing} {moves} {amount} {when}",
    "the {quality} {company} {acts} a {quality} {thing} {when}",
    "{says} the {person} of the {company} that <unk> {thing} {moves} {amount}",
    "mr. <unk> a {person} at the {quality} {company} {says} the {thing} {moves} {amount}",
    "{when} the {person} {acts} the {thing} of a {company} for {amount}",
    "the {person} {says} the {company} {acts} {amount} of its {quality} {thing}",
)


def write(folder: Path, train: int = 8000, others: int = 500, seed: int = 0) -> None:
    """Writes ptb.{train,valid,test}.txt and a manifest, unless they are there already.

    Args:
        folder: of the files, each of which is replaced at once.
        train: lines of the training text.
        others: lines of each of the other two.
        seed: the same seed writes the same text.
    """
    wanted = {"generated": "sentences, not the Penn Treebank", "version": VERSION}
    wanted |= {"seed": seed, "train": train, "others": others}
    if manifest.is_whole(folder, wanted):
        return
    with manifest.generating(folder, wanted) as part:
        for stream, (name, lines) in enumerate(
            (("train", train), ("valid", others), ("test", others))
        ):
            (part / f"ptb.{name}.txt").write_bytes(draw(lines, 3 * seed + stream).encode())


def draw(lines: int, seed: int) -> str:
    """Lines of the grammar."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(lines):
        pattern = grammar.choose(PATTERNS, random)
        found.append(f" {grammar.expand(pattern, VALUES, random)} \n")
    return "".join(found)
