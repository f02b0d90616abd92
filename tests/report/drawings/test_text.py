import numpy as np
import pytest

from .small import TEXT, sampled


def test_text_is_the_bytes_of_the_sample(run, figure, drawn):
    run("cnn", sampled())
    run("hyper_cnn", sampled(b"\nOther"), kind="sample")
    figure("text", "sample")
    files = drawn()
    assert set(files) == {".txt", ".json"}
    assert TEXT in files[".txt"]
    assert b"Other" in files[".txt"]
    assert b"GENERATED DATA" in files[".txt"]


@pytest.mark.parametrize("kind", [np.int64, np.float16])
def test_symbols_are_whole_or_half_numbers(kind, run, figure, drawn):
    run("cnn", sampled(kind=kind))
    run("hyper_cnn", sampled(kind=kind))
    figure("text", "sample")
    assert drawn()[".txt"].count(TEXT) == 2


def test_characters_beyond_bytes(run, figure, drawn):
    symbols = np.array([ord(character) for character in "\nжук"], np.int64)
    for row in ("cnn", "hyper_cnn"):
        run(row, {"sample": symbols})
    figure("text", "sample")
    assert drawn()[".txt"].count("\nжук".encode()) == 2
