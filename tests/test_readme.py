"""README.md and docs/: their examples run, their project is tested."""

import re

import pytest

import hypernetworks
from tests.app.test_own_project import FILES
from tests.conftest import ROOT

EXAMPLES = [
    pytest.param(code, id=f"{name}-{number}")
    for name in ("README.md", "docs/library.md")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_runs_by_itself(code, warm, tmp_path):
    """In a process where every module of the package is imported: an example reaches by attribute
    what the package exports alone."""
    reached = re.findall(r"(?<!from )(?<!import )\bhypernetworks\.(\w+)", code)
    assert set(reached) <= set(hypernetworks.__all__)
    outputs = (tmp_path / "stdout", tmp_path / "stderr")
    assert warm(["-c", code], tmp_path, outputs).returncode == 0, outputs[1].read_text()


def test_both_pages_have_examples():
    assert {example.id.partition("-")[0] for example in EXAMPLES} == {
        "README.md",
        "docs/library.md",
    }


def test_the_readme_is_a_page():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("|")]) <= 120


@pytest.mark.parametrize("name", [name for name in FILES if name != "text.txt"])
def test_the_documented_project_is_the_one_that_is_tested(name):
    """docs/suite.md shows every file of tests/app/test_own_project.py, indented."""
    shown = "".join(f"    {line}\n" if line else "\n" for line in FILES[name].splitlines())
    assert shown in (ROOT / "docs" / "suite.md").read_text(encoding="utf-8")
