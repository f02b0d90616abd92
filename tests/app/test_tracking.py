"""An offline wandb run, read back from its file, holds the numbers of the record."""

import json
import subprocess
import sys

import pytest

from hypernetworks.app.run import run
from hypernetworks.report.records import find


def read_back(folder):
    """All records of all offline runs below a folder: {kind: [values]}, by wandb's own reader."""
    found = {}
    for path in sorted(folder.rglob("run-*.wandb")):
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            for kind, value in json.loads(line).items():
                found.setdefault(kind, []).append(value)
    return found


def test_an_offline_run_holds_the_numbers_of_the_record(small, tmp_path):
    run(small("table7/hyper_cnn", logger="wandb"))
    (record,) = find(tmp_path / "results" / "runs")
    found = read_back(tmp_path / "results" / "wandb")

    (about,) = found["run"]
    assert (about["run_group"], about["job_type"]) == ("table 7", "hyper_cnn")
    assert about["tags"] == ["demo", "data:sample"]
    assert about["config"]["update"]["trainer"] == record["config"]["trainer"]

    summary = {k: v for entry in found["summary"] for k, v in entry["update"].items()}
    for name, metric in record["metrics"].items():
        assert summary[name] == pytest.approx(metric["value"])
    assert summary["status"] == "finished"

    curve = (record.path.parent / record["curve"]).read_text().splitlines()
    expected = {line["step"]: line["valid_error"] for line in map(json.loads, curve)}
    logged = {e["step"]["num"]: e["item"] for e in found["history"]}
    assert {n: i["valid_error"] for n, i in logged.items() if "valid_error" in i} == expected

    assert logged[6]["second_kernel._type"] == "image-file"

    (artifact,) = found["artifact"]
    assert artifact["type"] == "record"
    assert artifact["manifest"]["contents"][0]["path"] == record.path.name


def test_a_resumed_run_goes_on_in_the_same_wandb_run(small, tmp_path):
    run(small("table7/cnn", "trainer.max_time=0.0001", logger="wandb"))
    run(small("table7/cnn", logger="wandb"))
    found = read_back(tmp_path / "results" / "wandb")
    first, second = (about["run_id"] for about in found["run"])
    assert first == second
    assert [e["step"]["num"] for e in found["history"]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("mode", "key"), [("online", "short"), ("nonsense", "")])
def test_a_wandb_that_cannot_start_does_not_stop_the_run(
    small, tmp_path, caplog, monkeypatch, mode, key
):
    monkeypatch.setenv("WANDB_MODE", mode)
    monkeypatch.setenv("WANDB_API_KEY", key)
    run(small("table7/cnn", logger="wandb"))
    (record,) = find(tmp_path / "results" / "runs")
    assert record["status"] == "finished"
    (warning,) = [m for m in caplog.messages if m.startswith("wandb did not start")]
    assert "\n" not in warning


def test_without_a_logger_nothing_is_written(small, tmp_path):
    run(small("table7/cnn"))
    assert not (tmp_path / "results" / "wandb").exists()
