"""Generated text in the format of enwik8: a MediaWiki XML dump of pages of a small grammar."""

from pathlib import Path

import numpy as np

from hypernetworks.data.generated import grammar, manifest

NAME = "enwik8"
VERSION = 1  # of the grammar: raised when it would write another text

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.3/" version="0.3" xml:lang="en">
  <siteinfo>
    <sitename>Sample data, not Wikipedia</sitename>
  </siteinfo>
"""
PAGE = """  <page>
    <title>{title}</title>
    <id>{id}</id>
    <revision>
      <id>{revision}</id>
      <timestamp>200{year}-0{month}-1{day}T0{hour}:{minute}:00Z</timestamp>
      <contributor>
        <username>{user}</username>
      </contributor>
      <text xml:space="preserve">'''{title}''' is a [[{kind}]] in [[{place}]].
{body}

== History ==
{body}

== See also ==
* [[{place}]]
* [[{title} {kind}]]

[[Category:{kind}s of {place}]]</text>
    </revision>
  </page>
"""
WORDS = {
    "title": "Alder Birch Cedar Dogwood Elder Fir Ginkgo Hazel Ivy Juniper",
    "place": "Norland Süderau Westmark Ostheim Ézenas Aldova",
    "user": "Conversion Reader Editor Gardener",
    "kind": "river town castle mountain lake",
    "people": "farmers monks traders [[fishermen|fishers]] kings",
    "verb": "settled built crossed described left",
}
VALUES = {
    **{kind: words.split() for kind, words in WORDS.items()},
    "sentence": [
        "The {kind} was {verb} by {people} in [[1{day}{minute}]].",
        "It lies near the [[{kind}]] of [[{title}]] &amp; has {minute} inhabitants.",
        "In {place} the {people} call it &quot;{title}&quot;.",
        "Since 1{day}{minute} the [[{title} {kind}|{kind}]] belongs to [[{place}]].",
    ],
    "body": ["{sentence} {sentence}", "{sentence}", "{sentence} {sentence} {sentence}"],
    "minute": [str(n) for n in range(10, 60)],
    **{kind: list("123456789") for kind in ("year", "month", "day", "hour")},
}


def write(folder: Path, size: int = 600_000, seed: int = 0) -> None:
    """Writes `enwik8`, `size` bytes, and a manifest, unless they are there already.

    Args:
        folder: of the files, each of which is replaced at once.
        seed: the same seed writes the same text.
    """
    wanted: dict[str, object] = {"generated": "pages, not enwik8", "version": VERSION}
    wanted |= {"seed": seed, "size": size}
    if manifest.is_whole(folder, wanted):
        return
    with manifest.generating(folder, wanted) as part:
        (part / NAME).write_bytes(draw(size, seed))


def draw(size: int, seed: int) -> bytes:
    """Pages until there are `size` bytes; the last one is cut, as enwik8's is."""
    random = np.random.default_rng(seed)
    found, length, number = [HEAD.encode()], len(HEAD), 0
    while length < size:
        number += int(random.integers(1, 4))
        own = {"title": [grammar.choose(VALUES["title"], random)], "id": [str(number)]}
        own["place"] = [grammar.choose(VALUES["place"], random)]
        own["kind"] = [grammar.choose(VALUES["kind"], random)]
        own["revision"] = [str(1_000_000 + 37 * number)]
        page = grammar.expand(PAGE, VALUES | own, random).encode()
        found.append(page)
        length += len(page)
    return b"".join(found)[:size]
