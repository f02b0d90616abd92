"""A folder of our own in `experiments/`, no table of the paper's: every command knows it."""

import shutil
import subprocess

import pytest

from hypernetworks.app.experiments import rows_of_sweep
from hypernetworks.report.records import find
from tests.conftest import ROOT, warm_starts

FILES = {
    "table.yaml": """\
table: digits10k
title: Two networks, compared by us
metrics:
  - {name: test_error, unit: percent, better: lower, digits: 2}
shared:
  defaults: [override /dataset: mnist, override /trainer: adam]
""",
    "lite.yaml": """\
words: one epoch
label: "{paper}, one epoch"
shared: {trainer: {max_epochs: 1}}
""",
    "demo.yaml": """\
label: "{paper}, six steps"
shared:
  threads: 1
  dataset: {valid_size: 500}
  trainer: {batch_size: 50, max_epochs: null, max_steps: 6, eval_every: 2}
""",
    "plain.yaml": "defaults: [override /model: mlp]\npaper: {label: Plain, order: 1}\n",
    "coordinates.yaml": """\
defaults: [override /model: coordinate_mlp]
paper: {label: From coordinates, order: 2, compare_with: plain}
""",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout with one table more."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("src", "conf", "experiments"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "Makefile"):
        shutil.copy(ROOT / name, root)
    for name, text in FILES.items():
        path = root / "experiments" / "digits10k" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture(scope="module")
def call(checkout, data_dir, tmp_path_factory):
    """Runs the checkout's command line in it."""
    printed = tmp_path_factory.mktemp("printed")
    outputs = (printed / "stdout", printed / "stderr")
    variables = {"PYTHONPATH": str(checkout / "src"), "HYPERNETWORKS_DATA": str(data_dir)}
    with warm_starts(**variables) as run:
        yield lambda *words: run(words, checkout, outputs)


def test_it_is_run_reported_and_has_no_number_of_the_papers(call, checkout):
    done = call("reproduce", "--table", "digits10k", "--jobs", "1", "logger=none")
    assert done.returncode == 0, done.stderr
    records = find(checkout / "results" / "runs", "digits10k")
    assert {r["label"] for r in records} == {"Plain, six steps", "From coordinates, six steps"}
    shown = call("table", "--table", "digits10k").stdout
    assert shown in done.stdout
    head, plain, coordinates = (
        next(line for line in shown.splitlines() if line.startswith(word))
        for word in ("row", "Plain", "From")
    )
    assert "paper" not in head
    assert "generated" in plain
    assert "six steps" in coordinates
    assert "From coordinates, six steps - Plain, six steps, paired by seed: yours" in shown
    assert "make reproduce-table TABLE=digits10k PROFILE=lite" in shown
    assert "reproduc" not in shown.replace("make reproduce-table", "")


def test_it_comes_after_the_papers_tables(call, checkout):
    wrong = call("reproduce", "--table", "8")
    assert wrong.stderr.strip().endswith(
        ", 7, a1, a1_choices, digits10k, enwik8_quarter, multi30k, ptb_choices, wrn_48_epochs"
    )
    rows = ["digits10k/plain", "digits10k/coordinates"]
    assert rows_of_sweep("digits10k", checkout / "experiments") == rows
    everything = rows_of_sweep("all", checkout / "experiments")
    assert everything[-1].startswith("table_a1/"), "one's own are run by name"
    assert "digits10k/ coordinates, plain" in call("--help").stdout
    lite = call("experiment=digits10k/plain", "profile=lite", "--explain", "trainer.max_epochs")
    assert lite.stdout.splitlines()[-1].endswith("experiments/digits10k/lite.yaml: 1")


def test_its_parameters_are_counted_and_need_no_exact_number(call):
    done = call("params")
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("digits10k/plain"))
    assert line.split() == ["digits10k/plain", "total", "203,530", "-", "ok"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_help_lists_it(checkout):
    listed = subprocess.check_output(["make", "help"], cwd=checkout, text=True)
    assert next(line for line in listed.splitlines() if "Tables:" in line).endswith(
        "a1 a1_choices digits10k enwik8_quarter multi30k ptb_choices wrn_48_epochs "
    )
