"""Completion: what a shell is told, and bash itself with the installed script."""

import os
import shutil
import subprocess
import sys

import pytest

from hypernetworks.app.completion import _typed, of_commands

BASH = """
eval "$(hypernetworks -sc install=bash)"
complete_line() {
    COMP_LINE="$1" COMP_POINT=${#1} COMP_WORDS=($1) COMPREPLY=()
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    hydra_bash_completion
    echo "${COMPREPLY[*]}"
}
complete -p hypernetworks
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("experiment=table7/", ["experiment=table7/cnn", "experiment=table7/hyper_cnn"]),
        ("exper", ["experiment="]),
        ("model=layernorm_h", ["model=layernorm_hyperlstm"]),
        ("dataset=p", ["dataset=parallel_text", "dataset=ptb"]),
        ("-m sweep=table_", ["sweep=table_a1"]),
        ("experiment=table7/cnn trainer.lr_", ["trainer.lr_table."]),
        (
            "hydra/launcher=",
            [f"hydra/launcher={name}" for name in ("basic", "joblib", "ray", "slurm")],
        ),
        ("sc", []),
        ("short", []),
        ("tran", ["translate"]),
        ("sample table5/hyper", ["table5/hyperlstm_900"]),
        ("sample table5/hyperlstm_900 --le", []),
        ("trainer.lr=[1, mod", []),
        ("nonsense", []),
    ],
)
def test_a_shell_is_told_how_a_word_may_end(words, found, command, monkeypatch):
    """And nothing of what is wrong with a line that is not whole yet."""
    monkeypatch.setenv("COMP_LINE", f"hypernetworks {words}")
    done = command("-sc", "query=bash")
    assert [word for word in done.stdout.split() if word.startswith(words.split()[-1])] == found
    assert done.stderr == ""


def test_words_of_a_line():
    assert _typed("hypernetworks") == [""]
    assert _typed("hypernetworks ") == [""]
    assert _typed(".venv/bin/hypernetworks model=lstm dat") == ["model=lstm", "dat"]
    assert _typed("hypernetworks sample ") == ["sample", ""]
    assert of_commands([], "pub") == ["publish"]
    assert of_commands(["params"], "") == []
    assert "table7/cnn" in of_commands(["compare"], "")


def test_a_module_cannot_be_completed_and_says_what_can(cold):
    done = cold("-sc", "install=bash", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "error: shells complete the installed script, not python -m: "
        'eval "$(hypernetworks -sc install=bash)"\n'
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="the system has no bash")
def test_bash_completes_the_installed_script(tmp_path):
    # As pip makes it where the interpreter's path has spaces.
    script = tmp_path / "hypernetworks"
    start = f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n"
    script.write_text(f"{start}from hypernetworks.__main__ import main\nmain()\n")
    script.chmod(0o755)
    asked = "complete_line 'hypernetworks experiment=table7/'\ncomplete_line 'hypernetworks wri'\n"
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH + asked],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    rule, rows, commands = done.stdout.splitlines()
    assert "-F hydra_bash_completion hypernetworks" in rule
    assert rows == "experiment=table7/cnn experiment=table7/hyper_cnn"
    assert commands == "write"
    assert done.stderr == ""
