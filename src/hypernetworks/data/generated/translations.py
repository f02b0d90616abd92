"""Generated English and French sentences that are translations of each other, in plain text files.

A small grammar with what makes translation more than a dictionary: articles, adjectives and verbs
agree in gender and number, most adjectives follow their noun, vowels elide, negation has two parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hypernetworks.data.generated import manifest
from hypernetworks.data.generated.grammar import choose

VERSION = 1  # of the grammar: raised when it would write another text
TRAIN = "generated"
OTHERS = ("newstest2012", "newstest2013", "newstest2014")
VOWELS = "aeiouhéêè"

# English singular and plural, French singular and plural, gender.
NOUNS = """
cat cats chat chats m; child children enfant enfants m; woman women femme femmes f
friend friends ami amis m; house houses maison maisons f; teacher teachers professeur professeurs m
girl girls fille filles f; horse horses cheval chevaux m; city cities ville villes f
bird birds oiseau oiseaux m; school schools école écoles f; letter letters lettre lettres f
minister ministers ministre ministres m; tree trees arbre arbres m; law laws loi lois f
boat boats bateau bateaux m; road roads route routes f; farmer farmers paysan paysans m
"""
# English, French masculine and feminine singular, whether it goes before the noun.
ADJECTIVES = """
small petit petite before; big grand grande before; red rouge rouge after; young jeune jeune before
green vert verte after; important important importante after; white blanc blanche after
pretty joli jolie before; tired fatigué fatiguée after; strong fort forte after
"""
# English of one and of many, French of one and of many.
VERBS = """
sees see voit voient; likes like aime aiment; follows follow suit suivent
finds find trouve trouvent; hears hear entend entendent; waits-for wait-for attend attendent
knows know connaît connaissent; loses lose perd perdent; paints paint peint peignent
forgets forget oublie oublient
"""
# English of one and of many; French masculine, feminine, before a vowel, of many.
DETERMINERS = """
the the le la l' les; a some un une - des; this these ce cette cet ces; my my mon ma mon mes
"""
TIMES = (
    ("", ""),
    (" today", " aujourd'hui"),
    (" every day", " tous les jours"),
    (" in the evening", " le soir"),
    (" in 1996", " en 1996"),
)


def rows(table: str) -> list[str]:
    """The rows of a table as above."""
    return [row.strip() for row in table.replace("\n", ";").split(";") if row.strip()]


@dataclass(frozen=True)
class Phrase:
    """A phrase in both languages. many: whether its verb stands in the plural."""

    english: str
    french: str
    many: bool


def write(
    folder: Path,
    train: int = 8000,
    others: int = 200,
    seed: int = 0,
    names: Sequence[str] = (TRAIN, *OTHERS),
) -> None:
    """Writes NAME.en and NAME.fr of each name, unless they are there already.

    Args:
        folder: of the files, each of which is replaced at once.
        train: pairs of the training text.
        others: pairs of each of the others.
        seed: the same seed writes the same pairs.
        names: of the training text and of the others.
    """
    wanted: dict[str, object] = {"generated": "sentence pairs, not WMT'14", "version": VERSION}
    wanted |= {"seed": seed, "train": train, "others": others}
    if tuple(names) != (TRAIN, *OTHERS):
        wanted["names"] = list(names)
    if manifest.is_whole(folder, wanted):
        return
    with manifest.generating(folder, wanted) as part:
        for stream, name in enumerate(names):
            pairs = draw(others if stream else train, 4 * seed + stream)
            for language, sentences in zip(("en", "fr"), zip(*pairs, strict=True), strict=True):
                text = "".join(f"{sentence}\n" for sentence in sentences)
                (part / f"{name}.{language}").write_bytes(text.encode())


def draw(count: int, seed: int) -> list[tuple[str, str]]:
    """So many sentences, English and French."""
    random = np.random.default_rng(seed)
    return [sentence(random) for _ in range(count)]


def sentence(random: np.random.Generator) -> tuple[str, str]:
    """Subject, verb, object, perhaps a time; denied one time in four."""
    subject, thing = noun_phrase(random), noun_phrase(random)
    of_one, of_many, un, plusieurs = choose(rows(VERBS), random).split()
    time, quand = TIMES[int(random.integers(len(TIMES)))]
    english, french = (of_many, plusieurs) if subject.many else (of_one, un)
    if random.random() < 0.25:
        english = f"{'do' if subject.many else 'does'} not {of_many}"
        french = f"n'{french} pas" if french[0] in VOWELS else f"ne {french} pas"
    english = english.replace("-", " ")
    sides = (
        f"{subject.english} {english} {thing.english}{time}.",
        f"{subject.french} {french} {thing.french}{quand}.",
    )
    return sides[0][0].upper() + sides[0][1:], sides[1][0].upper() + sides[1][1:]


def noun_phrase(random: np.random.Generator) -> Phrase:
    """A determiner, perhaps an adjective, and a noun."""
    one, several, un, plusieurs, gender = choose(rows(NOUNS), random).split()
    many = bool(random.random() < 0.4)
    noun, nom = (several, plusieurs) if many else (one, un)
    if random.random() < 0.5:
        adjective, masculine, feminine, place = choose(rows(ADJECTIVES), random).split()
        adjectif = (masculine if gender == "m" else feminine) + ("s" if many else "")
        noun = f"{adjective} {noun}"
        nom = f"{adjectif} {nom}" if place == "before" else f"{nom} {adjectif}"
    article, articles, le, la, before_vowel, les = choose(rows(DETERMINERS), random).split()
    determinant = les if many else le if gender == "m" else la
    if not many and nom[0] in VOWELS and before_vowel != "-":
        determinant = before_vowel
    # "cette école", but "cet ami": only the masculine changes there.
    if determinant == "cet" and gender == "f":
        determinant = "cette"
    gap = "" if determinant.endswith("'") else " "
    return Phrase(f"{articles if many else article} {noun}", f"{determinant}{gap}{nom}", many)
