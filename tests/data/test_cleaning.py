import hashlib

import pytest

from hypernetworks.data.cleaning import Cleaning, digest, share, tidy
from hypernetworks.data.errors import DataError


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"one two\n", "one two"),
        (b"one  two \r\n", "one two"),
        (b"\xef\xbb\xbfone two", "one two"),
        ("one\u2028two\u00a0three\tfour".encode(), "one two three four"),
        (b" \n", ""),
    ],
)
def test_white_space_is_one_space(line: bytes, text: str) -> None:
    assert tidy(line) == text


@pytest.mark.parametrize(
    ("source", "target", "fault"),
    [
        ("a b c", "a b c d", None),
        ("", "a b c", "empty"),
        ("a b", "a b c", "too_short"),
        ("a b c " * 16 + "a b c", "a " * 50 + "a", "too_long"),
        ("a b " + "c" * 1000, "a b c", "too_long"),
        ("a b c", "a " * 8 + "a", None),
        ("a b c", "a " * 9 + "a", "ratio"),
        ("a " * 9 + "a", "a b c", "ratio"),
        ("a b c", "<a b c", "markup"),
    ],
)
def test_what_is_left_out_and_why(source: str, target: str, fault: str | None) -> None:
    assert Cleaning().fault((source, target)) == fault


def test_an_excerpt_follows_the_published_rule() -> None:
    # The rule as it is published, word for word.
    source, target = "Resumption of the session", "Reprise de la session"
    known = hashlib.md5(f"{source}\t{target}".encode()).digest()
    assert digest(source, target) == known
    number = int.from_bytes(known[8:12], "big")
    for fraction in (0.1, 0.345, 0.5, 0.9, number / 2**32, (number + 1) / 2**32):
        assert (number < share(fraction)) == (number / 2**32 < fraction)


def test_what_cannot_work() -> None:
    with pytest.raises(DataError, match=r"dataset\.min_words=4 dataset\.max_words=3"):
        Cleaning(min_words=4, max_words=3)
    for ratio in (0.5, float("nan"), float("inf")):
        with pytest.raises(DataError, match=rf"dataset\.ratio={ratio}"):
            Cleaning(ratio=ratio)
    with pytest.raises(DataError, match=r"dataset\.max_characters=0"):
        Cleaning(max_characters=0)
    for fraction in (0, 1.5, float("nan")):
        with pytest.raises(DataError, match=r"dataset\.excerpt"):
            share(fraction)
