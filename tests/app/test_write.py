"""`python -m hypernetworks write`: lines of a checkpoint, reproducibly, and clear refusals."""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import torch

from hypernetworks.app.build import models
from hypernetworks.app.found import HANDWRITING, find_run
from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.app.sample import main as sample
from hypernetworks.app.trained import load_handwriting_model
from hypernetworks.app.write import main
from hypernetworks.models.writing import write
from hypernetworks.report.records import find
from hypernetworks.training.files import Checkpoint
from tests.app.conftest import SMALL
from tests.app.test_sample import edited


@pytest.fixture(scope="module")
def ran(data_dir, tmp_path_factory):
    """The results of a run of six steps."""
    results = tmp_path_factory.mktemp("ran") / "results"
    places = (f"data_dir={data_dir}", f"results_dir={results}")
    run(compose_row("table5/hyperlstm_900", "demo", "logger=none", *places, *SMALL))
    return results


@pytest.fixture
def trained(ran, tmp_path):
    """The arguments that find a copy of the run and make little of it."""
    shutil.copytree(ran, tmp_path / "results")
    results = ["--results", str(tmp_path / "results")]
    return ["table5/hyperlstm_900", *results, "--length", "40", "--lines", "2"]


def written(arguments, capsys):
    """The files by suffix."""
    assert main(arguments) == 0
    paths = capsys.readouterr().out.split()
    found = {Path(path).name.partition(".")[2]: path for path in paths}
    return {suffix: Path(path).read_bytes() for suffix, path in found.items()}


def test_the_same_seed_writes_the_same_lines(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one = written([*trained, "--out", "a"], capsys)
    assert set(one) == {"png", "svg", "json"}
    assert written([*trained, "--out", "deeper/b"], capsys) == one
    other = written([*trained, "--out", "c", "--seed", "1"], capsys)
    neat = written([*trained, "--out", "c", "--bias", "2"], capsys)
    assert len({one["json"], other["json"], neat["json"]}) == 3


def test_the_points_are_those_of_the_model_in_pen_units(trained, tmp_path, capsys):
    assert main([*trained, "--bias", "0.25", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert "profile demo, GENERATED DATA, seed 0, weights of step" in captured.err
    assert "bias 0.25, drawn with seed 3" in captured.err
    stem = tmp_path / "results" / "written" / "5-hyperlstm_900-demo-seed3"
    assert captured.out.split() == [f"{stem}.{suffix}" for suffix in ("png", "svg", "json")]
    record = find_run(trained[0], "demo", tmp_path / "results", HANDWRITING)
    trained = load_handwriting_model(record)
    mean, std = trained.moments
    assert trained.step == record["selection"]["step"]
    split = record["data"]["split"]
    assert (mean.tolist(), std.tolist()) == (split["mean"], split["std"])
    expected = write(trained.model, (mean, std), 2, 40, 0.25, torch.Generator().manual_seed(3))
    lines = json.loads(stem.with_suffix(".json").read_text())
    for line, found in zip(expected.double().numpy(), lines, strict=True):
        ends = np.flatnonzero(line[:, 2]) + 1
        strokes = [part for part in np.split(line[:, :2].cumsum(0), ends) if len(part)]
        assert [len(stroke) for stroke in found] == [len(stroke) for stroke in strokes]
        np.testing.assert_allclose(np.concatenate(found), np.concatenate(strokes), atol=1e-3)


def test_the_first_line_moves_with_its_weight_changes(trained, small, tmp_path, capsys):
    files = written([*trained, "--animate"], capsys)
    page = files["animated.svg"].decode()
    ElementTree.fromstring(page)
    assert 'class="bar"' in page
    assert "GENERATED DATA" in page
    run(small("table5/lstm_900"))
    plain = written(["table5/lstm_900", *trained[1:], "--animate"], capsys)
    assert b'class="ink"' in plain["animated.svg"]
    assert b'class="bar"' not in plain["animated.svg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--length", "1"], "--length 1: it must be at least 2"),
        (["--lines", "0"], "--lines 0: it must be at least 1"),
        (["--length", str(10**20)], "at most 100,000 points"),
        (["--bias", "-1"], "--bias -1.0: it must be 0 or more"),
        (["--bias", "nan"], "--bias nan"),
        (["--bias", "inf"], "--bias inf"),
        (["--seed", "-1"], "--seed -1: choose 0 to"),
        (["--out", "/etc/hostname/a"], "--out /etc/hostname/a: nothing can be written to"),
        (["--out", "."], "--out .: it is a folder; give FOLDER/STEM"),
        (["--results", "/etc/hostname"], "--results /etc/hostname: it is no folder"),
        (["--results", "nowhere"], "--results nowhere: there is no such folder"),
        (["--profile", "paper"], "no run of profile paper with a checkpoint"),
    ],
)
def test_what_cannot_be_written_is_one_line(trained, arguments, message, tmp_path, capsys):
    foreseen_late = message.startswith("no run") or "nothing can be written" in message
    assert main([*trained, *arguments]) == (1 if foreseen_late else 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "results" / "written").exists()


def test_a_run_of_another_kind_is_refused_by_both(trained, small, tmp_path, capsys):
    run(small("table3/lstm_1000"))
    results = ["--results", str(tmp_path / "results")]
    assert main(["table3/lstm_1000", *results]) == 1
    told = "a run on ptb, no handwriting: not a handwriting model's run"
    assert told in capsys.readouterr().err
    assert sample(["table5/hyperlstm_900", *results]) == 1
    assert "a run on iam, no text: not a character model's run" in capsys.readouterr().err


def test_of_a_row_with_text_and_handwriting_each_takes_its_own(small, tmp_path, capsys):
    named = ("table=mine", "row=mixed")
    run(small("table5/lstm_900", *named))
    run(small("table3/lstm_1000", *named))
    results = ["--results", str(tmp_path / "results")]
    assert main(["mine/mixed", *results, "--length", "9"]) == 0
    assert sample(["mine/mixed", *results, "--length", "9"]) == 0


ODD = {
    "no mean": lambda fields: fields["data"]["split"].pop("mean"),
    "a mean that is none": lambda fields: fields["data"]["split"].update(mean=["a", 1]),
    "no deviations": lambda fields: fields["data"]["split"].pop("std"),
    "deviations of 0": lambda fields: fields["data"]["split"].update(std=[1.0, 0.0]),
    "three": lambda fields: fields["data"]["split"].update(std=[1.0, 2.0, 3.0]),
    "a word": lambda fields: fields["data"]["split"].update(std="wide"),
    "other mixtures": lambda fields: fields["config"]["dataset"].update(mixtures=3),
    "mixtures that are none": lambda fields: fields["config"]["dataset"].update(mixtures="x"),
    "no mixtures": lambda fields: fields["config"]["dataset"].pop("mixtures"),
    "both ends": lambda fields: fields["config"]["model"].update(bidirectional=True),
    "another model": lambda fields: fields["config"]["model"].update(name="lstm"),
}


def test_a_record_edited_by_hand_is_one_line(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    before = record.path.read_text()
    for change in ODD.values():
        edited(record.path, change)
        assert main(trained) == 1
        found = capsys.readouterr().err
        assert found.startswith("error: ")
        assert found.count("\n") == 1
        record.path.write_text(before)


def test_a_lost_or_damaged_checkpoint_is_named(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    checkpoint = Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
    checkpoint.save(checkpoint.load() | {"best_weights": {}})
    assert main(trained) == 1
    assert f"error: {checkpoint.path} does not hold" in capsys.readouterr().err
    for path in checkpoint.path.parent.glob("checkpoint*.pt"):
        path.unlink()
    assert main([str(record.path)]) == 1
    assert f"its checkpoint, {checkpoint.path}, is not there" in capsys.readouterr().err


def test_a_model_larger_than_the_memory_is_one_line(trained, capsys, monkeypatch):
    monkeypatch.setattr(models, "memory_of", lambda device: 1000)
    assert main(trained) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: not enough memory for the model of ")
    assert line.count("\n") == 1


def test_the_command_line_knows_it(command, trained, tmp_path):
    done = command("write", "table5/lstm_900", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: table5/lstm_900: no run of profile demo")
    assert "--bias" in command("write", "--help").stdout
    for out in ("/proc/nope/a", "/etc/hostname/a"):
        done = command("write", *trained, "--out", out, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1].startswith("error: ")
        assert out.removesuffix("/a") in done.stderr
