"""What `make` runs, without running it."""

import shutil
import subprocess

import pytest

from hypernetworks.app.experiments import sweeps
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def commands(*arguments):
    done = subprocess.run(
        ["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ([], ["sweep=all", "profile=demo", "seed=0"]),
        (["TABLE=7", "PROFILE=paper", "SEEDS=0,1"], ["sweep=table7 ", "profile=paper seed=0,1"]),
        (["TABLE=a1", "FORCE=1"], ["sweep=table_a1 ", "force=true"]),
        (["LAUNCHER=joblib", "ARGS=threads=1"], ["hydra/launcher=joblib", "threads=1"]),
        (["RESULTS=/x"], ["results_dir=/x", "--results /x"]),
    ],
)
def test_reproduce_table(variables, words):
    text = commands("reproduce-table", *variables)
    assert all(word in text for word in words), text
    assert "exec .venv/bin/python -m hypernetworks.app.reproduce" in text
    assert ("--profile" in text) == any("PROFILE" in v for v in variables)


def test_every_table_has_its_sweep():
    for name in sweeps():
        if name.startswith("table"):
            table = name.removeprefix("table").removeprefix("_")
            assert f"sweep={name} " in commands("reproduce-table", f"TABLE={table}")


def test_ray_gets_an_environment_of_its_own():
    text = commands("reproduce-table", "LAUNCHER=ray")
    assert ".venv-ray/bin/python -m hypernetworks" in text
    assert "constraints-ray.txt" in text
    assert "hydra/launcher=ray" in text


def test_help_lists_every_target():
    text = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    for target in ("reproduce-table", "reproduce-figure", "params", "test", "check", "bench"):
        assert f"make {target}" in text.stdout
