import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hypernetworks.report import cli
from hypernetworks.report.cli import main


@pytest.fixture
def run(results, experiments, capsys):
    """Runs a command: (status, lines of stdout, lines of stderr)."""

    results.mkdir(exist_ok=True)

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
    assert (status, out) == (2, [])
    assert err == ["error: no table '77'; did you mean 7? there are: 7"]


@pytest.mark.parametrize("command", ["table", "report", "claims"])
def test_a_damaged_record_is_named_and_the_others_are_shown(run, put, results, command):
    for seed in range(3):
        put("published", seed=seed)
        put("published", row="hyper_cnn", seed=seed, value=0.72 + 0.01 * seed)
    damaged = put("published", seed=3)
    damaged.write_text(damaged.read_text()[:700])
    status, out, err = run(command)
    (line,) = err
    assert (status, line.startswith(f"error: left out: {damaged}: cannot be read")) == (1, True)
    assert "n=3" in "\n".join(out)
    assert (results / "report" / "index.html").exists() == (command == "report")


def test_so_is_one_of_a_table_of_ones_own(run, put):
    damaged = put(table="mine", row="net")
    damaged.write_text("{")
    status, _, err = run("table", "--table", "mine")
    assert (status, len(err)) == (2, 2)
    assert err[0].startswith(f"error: left out: {damaged}: ")


def test_what_is_published_and_checked_is_all_sound(run, put, results):
    put()
    put(seed=1, tree="published").write_text("{")
    for words in (["check"], ["index"]):
        status, _, err = run(*words)
        assert (status, len(err)) == (1, 1)
        assert "cannot be read as JSON" in err[0]


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
    assert run("publish", str(path))[2] == [f"error: {path}: may not be published: generated data"]
    status, _, err = run("publish", "--table", "7")
    assert status == 1
    assert err[-1] == "error: table 7, profile paper: no run that may be published"
    assert run("publish")[0] == 2
    assert run("publish", str(path), "--table", "7")[0] == 2


def test_the_claims_of_published_and_of_own_runs(run, put):
    status, out, err = run("claims")
    assert (status, err) == (0, [])
    assert out[0] == "C1: NOT RUN (not run: 2)"
    for seed, difference in enumerate((0.0, 0.01, 0.02)):
        fields = {"profile": "demo", "kind": "sample", "seed": seed}
        put(value=5.0, **fields)
        parts = {"total": 9, "second_kernel": 4244}
        put(value=5.0 + difference, row="hyper_cnn", parameters=parts, **fields)
    assert run("claims", "--profile", "demo")[1][0] == "C1: NOT RUN (not run: 2)"
    _, out, _ = run("claims", "--profile", "demo", "--runs")
    assert out[0] == "C1: HOLDS (holds: 2; demo · generated)"
    assert any("+0.01 ± 0.01 (n=3), from -0.01 to +0.03" in line for line in out)


def test_a_mistake_in_the_claims_is_one_line(run, experiments):
    path = experiments / "claims.yaml"
    path.write_text(path.read_text().replace("metric: test_error", "metric: error"))
    line = f"error: {path}: C1, comparison 1: no metric of the table 'error'; "
    for command in ("claims", "check", "index"):
        status, out, err = run(command)
        assert (status, out, len(err)) == (1, [], 1)
        assert err[0].startswith(line)


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
    assert done.returncode == 2
    assert done.stderr.startswith("error: no table 'nonsense'")
    assert done.stderr.count("\n") == 1


def test_the_names_of_tables_are_found_in_capitals(run, put):
    put(table="mine", row="wide", label="Wide")
    status, out, _ = run("report", "--table", "MINE")
    assert (status, out[0]) == (0, "Table mine: of your own")
    assert run("table", "--table", "other")[2][0].endswith("there are: 7, mine")


def test_a_table_of_ones_own_comes_after_the_papers(run, put, results):
    path = put(table="mine", row="wide", label="Wide")
    _, out, _ = run("report")
    heads = [line for line in out if line.startswith("Table ")]
    assert heads == ["Table 7: Two networks", "Table mine: of your own"]
    target = results / "published" / "mine" / "wide" / path.name
    assert run("publish", "--table", "mine")[:2] == (0, [str(target)])
    assert run("check")[0] == 0


def test_commands_that_are_mounted_elsewhere(results, experiments, capsys):
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    results.mkdir()
    places = ["--results", str(results), "--experiments", str(experiments)]
    assert cli.run(parser.parse_args(["report", "--table", "7", *places])) == 0
    assert capsys.readouterr().out.startswith("Table 7")


def test_a_results_folder_that_is_none_is_one_line(experiments, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for name, reason in {"file": "it is no folder", "missing": "there is no such folder"}.items():
        assert main(["report", "--results", name, "--experiments", str(experiments)]) == 2
        assert capsys.readouterr().err == f"error: --results {name}: {reason}\n"
    assert main(["report", "--experiments", "missing"]) == 2
    assert capsys.readouterr().err == "error: --experiments missing: there is no such folder\n"
    # The default one may be missing, since nothing has run yet.
    assert main(["report", "--experiments", str(experiments)]) == 0


def test_whoever_reads_may_leave(experiments, results):
    results.mkdir()
    command = [sys.executable, "-u", "-m", "hypernetworks.report", "report"]
    places = ["--results", str(results), "--experiments", str(experiments)]
    with subprocess.Popen(
        [*command, *places], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_without_the_characters(put, experiments, results):
    for seed in (0, 1):
        put(seed=seed)
    command = [sys.executable, "-m", "hypernetworks.report", "report", "--profile", "paper"]
    places = ["--results", str(results), "--experiments", str(experiments)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([*command, *places], capture_output=True, env=environment, check=True)
    assert b"0.72 ? 0.00 (n=2)" in done.stdout


def test_report_prints_the_tables_and_says_where_the_page_is(run, put, results):
    put()
    status, out, err = run("report", "--table", "7", "--profile", "paper")
    assert (status, err) == (0, [])
    assert out[0] == "Table 7: Two networks"
    assert out[-1].endswith(f": {results / 'report' / 'index.html'}")
    assert "0.72 (n=1)" in (results / "report" / "index.html").read_text()
    assert run("table")[0] == 0
    assert "index.html" not in run("table")[1][-1]


def test_tables_are_printed_also_where_no_page_can_be_written(run, put, results):
    put()
    (results / "report").write_text("no folder")
    status, out, err = run("report")
    assert status == 1
    assert out[0] == "Table 7: Two networks"
    assert len(err) == 1
    assert err[0].startswith("error: the page is not written: ")
    assert str(results / "report") in err[0]
