import subprocess
import sys
from pathlib import Path

import pytest

from hypernetworks.report import cli
from hypernetworks.report.cli import main


@pytest.fixture
def run(results, experiments, capsys):
    """Runs a command: (status, lines of stdout, lines of stderr)."""

    def call(*arguments):
        places = ["--results", str(results), "--experiments", str(experiments)]
        status = main([*arguments, *places])
        output = capsys.readouterr()
        return status, output.out.splitlines(), output.err.splitlines()

    return call


def test_the_demo_table_ends_with_the_real_command(run):
    status, out, err = run("table", "--table", "7")
    assert (status, err) == (0, [])
    assert out[0] == "Table 7: Two networks"
    assert out[-1].endswith(": make reproduce-table TABLE=7 PROFILE=paper SEEDS=0,1,2")
    assert run("table")[1][-1].endswith(": make reproduce-table PROFILE=paper SEEDS=0,1,2")


def test_a_chosen_profile_ends_with_the_table(run):
    assert "make reproduce-table TABLE=7 PROFILE=lite" in run("table", "--table", "7")[1][-2]
    for profile in ("demo", "paper"):
        assert "make reproduce-table" not in "\n".join(run("table", "--profile", profile)[1])


def test_an_unknown_table_is_one_line(run):
    status, out, err = run("table", "--table", "77")
    assert (status, out) == (1, [])
    assert err == ["error: no table '77'; did you mean 7? there are: 7"]


def test_publish_index_check(run, put, results):
    path = put()
    target = results / "published" / "7" / "cnn" / path.name
    assert run("publish", str(path)) == (0, [str(target)], [])
    assert run("check") == (0, [], [])
    (results / "published" / "INDEX.md").write_text("")
    status, _, err = run("check")
    assert status == 1
    assert err[0].startswith("error: ")
    assert len(err) == 1
    assert run("index")[0] == 0
    assert run("check")[0] == 0


def test_publish_a_table_leaves_out_what_may_not_be(run, put, results):
    good = put(seed=0)
    bad = put(seed=1, status="interrupted")
    put(seed=2, profile="lite")
    status, out, err = run("publish", "--table", "7", "--profile", "paper")
    assert status == 0
    assert out == [str(results / "published" / "7" / "cnn" / good.name)]
    assert err == [f"{bad}: left out: not finished (interrupted)"]


def test_publish_refusals_are_one_line(run, put):
    path = put(kind="sample")
    assert run("publish", str(path))[2] == [f"error: {path}: may not be published: sample data"]
    status, _, err = run("publish", "--table", "7")
    assert status == 1
    assert err[-1] == "error: table 7, profile paper: no run that may be published"
    assert run("publish")[0] == 1
    assert run("publish", str(path), "--table", "7")[0] == 1


MODULES = sorted(path.stem for path in Path(cli.__file__).parent.glob("[a-z]*.py"))


def test_importing_the_report_imports_neither_torch_nor_matplotlib():
    imports = "; ".join(f"import hypernetworks.report.{module}" for module in MODULES)
    assert "figures" in MODULES
    code = f"import sys; {imports}; print({{'torch', 'matplotlib'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_module_is_a_command():
    command = [sys.executable, "-m", "hypernetworks.report", "table", "--table", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: no table 'nonsense'")
    assert done.stderr.count("\n") == 1
