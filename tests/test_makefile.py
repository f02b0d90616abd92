"""What `make` runs, without running it."""

import shutil
import subprocess
from types import SimpleNamespace

import pytest

from hypernetworks.report.folders import tables_in
from hypernetworks.report.protocol import load_figures
from tests.conftest import ROOT, pytest_sessionfinish

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def commands(*arguments):
    done = subprocess.run(
        ["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ([], ["reproduce", '--seeds "0"', '--results "results"']),
        (["TABLE=7", "PROFILE=paper", "SEEDS=0,1"], ["--table 7", '--profile paper --seeds "0,1"']),
        (["TABLE=a1", "FORCE=1"], ["--table a1", "force=true"]),
        (["LAUNCHER=joblib", "ARGS=threads=1"], ["--launcher joblib", "threads=1"]),
        (["RESULTS=/a b", "JOBS=1"], ['--results "/a b"', "--jobs 1"]),
    ],
)
def test_reproduce_table(variables, words):
    text = commands("reproduce-table", *variables)
    assert all(word in text for word in words), text
    assert 'exec ".venv/bin/python" -m hypernetworks reproduce' in text
    assert ("--profile" in text) == any("PROFILE" in v for v in variables)


@pytest.mark.parametrize("target", ["outstanding", "test", "test-slurm", "torture", "bench"])
def test_a_signal_to_make_ends_what_it_runs(target, tmp_path):
    """To make alone, as `kill` sends it: no shell between is all that it ends."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\ncase $* in *pip*) exit;; esac\necho begun\nexec sleep 300\n")
    python.chmod(0o755)
    (tmp_path / "installed").touch()
    make = ["make", f"VENV={tmp_path}", "-o", f"{tmp_path}/installed", target]
    with subprocess.Popen(make, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline() != "begun\n":
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=10)  # which all that have its output have left


@pytest.mark.parametrize("target", ["outstanding", "reproduce-next"])
def test_three_seeds_are_outstanding_unless_others_are_asked_for(target):
    text = commands(target, "HOURS=0.5")
    assert f"-m hypernetworks {target}" in text
    assert ('--hours "0.5"' in text) == (target == "reproduce-next")
    assert "--seeds" not in text
    assert "--probe" not in text
    text = commands(target, "HOURS=8", "TABLE=3", "PROFILE=paper", "SEEDS=0", "PROBE=1", "JOBS=2")
    assert '--table 3 --profile paper --seeds "0" --jobs 2 --probe' in text


def test_ray_gets_an_environment_of_its_own():
    text = commands("reproduce-table", "LAUNCHER=ray", "-W", "pyproject.toml")
    assert '".venv-ray/bin/python" -m hypernetworks' in text
    assert "constraints-ray.txt" in text
    assert "--launcher ray" in text


@pytest.mark.parametrize("target", ["test-slurm", "test-ray"])
def test_what_is_asked_for_may_not_be_skipped(target):
    assert "HYPERNETWORKS_SKIP_NOTHING=1 " in commands(target)


def test_a_skipped_test_is_a_failure_where_nothing_may_be_skipped(monkeypatch):
    stats = {"skipped": ["a report"]}
    plugins = SimpleNamespace(get_plugin=lambda name: SimpleNamespace(stats=stats))
    session = SimpleNamespace(config=SimpleNamespace(pluginmanager=plugins), exitstatus=0)
    monkeypatch.delenv("HYPERNETWORKS_SKIP_NOTHING", raising=False)
    pytest_sessionfinish(session)
    assert session.exitstatus == 0
    monkeypatch.setenv("HYPERNETWORKS_SKIP_NOTHING", "1")
    pytest_sessionfinish(session)
    assert session.exitstatus == 1


def test_a_dashboard_of_all_tables_or_of_one():
    assert '-m hypernetworks dashboard --results "results"' in commands("dashboard")
    assert "--table 4 --entity team" in commands("dashboard", "TABLE=4", "ARGS=--entity team")


def test_the_site_is_built_strictly_with_the_pinned_packages():
    said = commands("docs", "--always-make")
    installed, built = "-c constraints.txt -e '.[docs]'", "mkdocs build --strict"
    assert -1 < said.find(installed) < said.find(built)


def test_torture_takes_its_options():
    text = commands("torture", "CASES=7", "SEED=3")
    assert "-m tests.torture --cases 7 --minutes 60 --seed 3" in text


@pytest.mark.parametrize("target", ["reproduce-table", "reproduce-figure"])
def test_a_table_and_a_figure_are_not_asked_for_at_once(target, tmp_path):
    """With an environment that is installed, and a program that must not be called."""
    (tmp_path / "installed").touch()
    given = ["TABLE=7", "FIGURE=2", f"VENV={tmp_path}", "-o", f"{tmp_path}/installed"]
    done = subprocess.run(["make", target, *given], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error: " in done.stderr.splitlines()[0]
    assert "say one of both" in done.stderr.splitlines()[0]


@pytest.mark.parametrize("word", ["TABEL=7", "table=7", "SEED=1"])
def test_a_slip_in_a_variable_runs_nothing(word):
    asked = ["make", "-n", "reproduce-table", word]
    done = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert word.partition("=")[0] in done.stderr
    assert "hypernetworks" not in done.stdout


def test_help_lists_every_target():
    text = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    for target in (
        "reproduce-table",
        "outstanding",
        "reproduce-next",
        "dashboard",
        "params",
        "docs",
        "test",
        "test-slurm",
        "test-ray",
        "torture",
        "check",
        "bench",
    ):
        assert f"make {target}" in text.stdout
    tables = " ".join(tables_in(ROOT / "experiments"))
    assert f"Tables:    {tables}" in text.stdout
    assert f"Figures:   {' '.join(load_figures(ROOT / 'experiments'))}" in text.stdout
    assert "sample table3/ln_hyperlstm_1000" in text.stdout
    assert "write table5/hyperlstm_900" in text.stdout
