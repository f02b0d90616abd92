"""A few cases of each kind, and that a case that fails is told."""

import subprocess
import sys

from tests.conftest import ROOT
from tests.torture.__main__ import KINDS, main
from tests.torture.damage import damage
from tests.torture.processes import Ended


def test_a_case_of_each_kind_holds():
    command = [sys.executable, "-m", "tests.torture", "--cases", str(len(KINDS))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    ended = [line.split() for line in done.stdout.splitlines()]
    assert ended[1:] == [[kind, "1", "1", "0"] for kind in KINDS]


def test_a_case_that_fails_is_told_with_how_to_run_it_again(monkeypatch, capsys):
    monkeypatch.setitem(KINDS, "words", lambda draw, bench: "it broke")
    assert main(["--kinds", "words", "--cases", "2", "--seed", "5"]) == 1
    text = capsys.readouterr().out
    assert "FAILED words: it broke\n  again: --seed 5 --first 1 --cases 1 --kinds words" in text
    assert text.split()[-4:] == ["words", "2", "0", "2"]
    assert main(["--kinds", "weather"]) == 2


def test_how_a_run_may_end():
    assert Ended(0, "all is well").fault() is None
    assert Ended(1, "a warning\nerror: no such file\n").fault() is None
    assert Ended(-9, "").fault() is None
    assert (
        "a traceback: ValueError: x"
        in Ended(1, "Traceback (most recent call last):\n  ...\nValueError: x").fault()
    )
    assert Ended(1, "killed").fault() == "status 1 after: killed"


def test_damage_changes_a_file(tmp_path):
    from random import Random

    path = tmp_path / "file"
    for seed in range(50):
        path.write_bytes(b"some content " * 100)
        said = damage(path, Random(seed))
        assert said.startswith("file: ")
        assert path.read_bytes() != b"some content " * 100
