"""`python -m hypernetworks compare`: which runs are meant, and what is written."""

import csv
import json

import pytest

from hypernetworks.report import records
from hypernetworks.report.cli import main
from hypernetworks.report.drawings.compared import readings

UNNAMED = {"table": "custom", "row": "custom", "label": "custom"}


@pytest.fixture
def shown(results, experiments, capsys, monkeypatch, tmp_path):
    """The lines of the tables for some words, and those on stderr."""
    monkeypatch.chdir(tmp_path)  # where no file is called as a row is

    def run(*words, status=0):
        places = ("--results", str(results), "--experiments", str(experiments))
        assert main(["compare", *words, *places]) == status
        out, err = capsys.readouterr()
        return out.splitlines(), err.splitlines()

    return run


def names(lines):
    return {line.split()[0] for line in lines if line[:2] in ("7/", "mi")}


def test_files_folders_and_patterns(put, shown, results):
    paths = [put(), put(row="hyper_cnn", profile="lite"), put(table="mine", row="wide")]
    (results / "written").mkdir()
    (results / "written" / "5-cnn-demo-seed1.json").write_text("[]")
    folder = paths[1].with_suffix("")
    folder.mkdir()
    assert names(shown()[0]) == {"7/cnn", "7/hyper_cnn", "mine/wide"}
    assert names(shown(str(results))[0]) == {"7/cnn", "7/hyper_cnn", "mine/wide"}
    assert names(shown(str(paths[0]), str(folder))[0]) == {"7/cnn", "7/hyper_cnn"}
    assert names(shown(str(paths[0].parent))[0]) == {"7/cnn"}
    assert names(shown("table7/*cnn")[0]) == {"7/cnn", "7/hyper_cnn"}
    assert names(shown("mine", "7/c*")[0]) == {"mine/wide", "7/cnn"}
    assert names(shown("--profile", "lite")[0]) == {"7/hyper_cnn"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere/*"], "nowhere/*: no record there; give a record's file, a folder, or TABLE/"),
        (["../*"], "../*: no record there"),
        (["--figure", "curves.pdf"], "--figure curves.pdf: its name must end in .png or .svg"),
        (["--profile", "demo"], "no run of profile demo there"),
        (["--csv", "/proc/nowhere/a.csv"], "/proc/nowhere"),
    ],
)
def test_a_mistake_is_one_line(put, shown, words, told):
    put()
    lines, (line,) = shown(*words, status=2 if told.startswith("--") else 1)
    assert lines == []
    assert line.startswith("error: ")
    assert told in line


def test_a_damaged_record_is_one_line_and_the_others_are_shown(put, shown):
    put()
    damaged = put(row="hyper_cnn")
    damaged.write_text(damaged.read_text().replace("0.72", "0.11"))
    lines, (line,) = shown(status=1)
    assert names(lines) == {"7/cnn"}
    assert line.startswith(f"error: left out: {damaged}: ")


def test_a_line_a_run_with_all_that_differs(put, shown, tmp_path):
    put(**UNNAMED, trainer={"lr": 0.1 + 0.2}, seed=0)
    put(**UNNAMED, trainer={"lr": 0.5}, seed=1, status="diverged")
    bits = {"test_bpc": {"value": 1.5, "unit": "bits"}}
    put(row="text", headline=["test_bpc"], metrics=bits)
    file = tmp_path / "deeper" / "runs.csv"
    shown("--csv", str(file))
    with file.open(newline="") as lines:
        three, one, two = csv.DictReader(lines)
    assert one["trainer.lr"] == "0.30000000000000004"
    assert (one["test_error (percent)"], one["test_bpc (bits)"]) == ("0.72", "")
    assert (two["state"], two["test_error (percent)"], two["seed"]) == ("diverged", "", "1")
    assert (three["run"], three["test_bpc (bits)"]) == ("7/text", "1.5")
    assert [records.read(tmp_path / row["record"])["seed"] for row in (one, two)] == [0, 1]


CURVE = [{"step": 2, "valid_error": 3.0}, {"step": 4, "valid_error": 1.5}]


def with_curve(put, **fields):
    path = put(**fields, curve="a.curve.jsonl")
    path.with_name("a.curve.jsonl").write_text("".join(f"{json.dumps(e)}\n" for e in CURVE))
    return path


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_of_all_curves(put, shown, tmp_path, suffix):
    with_curve(put)
    put(row="hyper_cnn", status="interrupted")
    put(row="other", kind="sample")
    file = tmp_path / f"curves.{suffix}"
    shown("--figure", str(file))
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")


def test_a_lost_curve_is_one_line_and_the_others_are_drawn(put, shown, tmp_path):
    path = with_curve(put)
    path.with_name("a.curve.jsonl").unlink()
    _, (line,) = shown("--figure", str(tmp_path / "a.png"), status=1)
    assert "a.curve.jsonl: cannot be read" in line
    assert (tmp_path / "a.png").exists()


def test_a_run_that_is_not_over_has_the_readings_that_it_logged(put):
    assert readings(records.read(with_curve(put))) == ([2, 4], [3.0, 1.5])
    path = put(row="hyper_cnn", status="diverged")
    assert readings(records.read(path)) == ([], [])
    path.with_suffix("").mkdir()
    logged = ['{"step": 1, "train_loss": 2.0}', json.dumps(CURVE[0]), "[]", '{"step": 4, "valid_']
    (path.with_suffix("") / "metrics.jsonl").write_text("\n".join(logged))
    assert readings(records.read(path)) == ([2], [3.0])
