"""An offline wandb run, read back, holds the numbers of the record; no failure of wandb is one of
the run."""

import json
from pathlib import Path

import pytest
import torch
import wandb
from omegaconf import OmegaConf

from hypernetworks.app.mirror import start_wandb
from hypernetworks.app.run import run
from hypernetworks.locations import conf_dir
from hypernetworks.report.records import find
from hypernetworks.training.files import load_checkpoint
from tests.app.offline import read_back, summary_of


def test_an_offline_run_holds_the_numbers_of_the_record(small, tmp_path):
    run(small("table7/hyper_cnn", logger="wandb"))
    (record,) = find(tmp_path / "results" / "runs")
    found = read_back(tmp_path / "results" / "wandb")

    (about,) = found["run"]
    assert (about["run_group"], about["job_type"]) == ("table 7", "hyper_cnn")
    assert about["tags"] == ["demo", "data:sample"]
    assert about["config"]["update"]["trainer"] == record["config"]["trainer"]

    summary = summary_of(found)
    for name, metric in record["metrics"].items():
        assert summary[f"mnist_generated/final/{name}"] == pytest.approx(metric["value"])
    assert (summary["status"], summary["stop_reason"]) == ("finished", "max_steps")
    assert summary["best_step"] == record["selection"]["step"]
    best = summary["mnist_generated/curve/valid_error"]["min"]
    assert best == pytest.approx(record["selection"]["value"])
    assert summary["parameters"] == record["parameters"]["total"]
    assert summary["parameters_second_kernel"] == 4244
    assert about["config"]["update"]["overrides"] == record["overrides"]

    curve = (record.path.parent / record["curve"]).read_text().splitlines()
    expected = {line["step"]: line["valid_error"] for line in map(json.loads, curve)}
    logged = {e["step"]["num"]: e["item"] for e in found["history"]}
    assert values_of(logged, "mnist_generated/curve/valid_error") == expected
    assert set(values_of(logged, "mnist_generated/paper/test_error").values()) == {0.76}
    for name in ("train_loss", "lr", "gradient_norm"):
        assert list(values_of(logged, f"mnist_generated/curve/{name}")) == [1, 2, 3, 4, 5, 6]
    for name in ("steps_per_second", "examples_per_second"):
        rates = values_of(logged, f"mnist_generated/curve/{name}")
        assert list(rates) == [2, 3, 4, 5, 6]
        assert min(rates.values()) > 0
    assert values_of(logged, "progress")[3] == 50
    assert values_of(logged, "step") == {n: n for n in range(1, 7)}

    assert logged[6]["mnist_generated/media/second_kernel._type"] == "image-file"

    (artifact,) = found["artifact"]
    assert artifact["type"] == "record"
    assert artifact["manifest"]["contents"][0]["path"] == record.path.name


def values_of(logged, name):
    return {step: item[name] for step, item in logged.items() if name in item}


def test_a_resumed_run_goes_on_in_the_same_wandb_run(small, tmp_path, caplog):
    run(small("table7/cnn", "trainer.max_time=0.0001", logger="wandb"))
    caplog.set_level("INFO")
    caplog.clear()
    run(small("table7/cnn", "logger.weights=true", "logger.tags=[mine]", logger="wandb"))
    found = read_back(tmp_path / "results" / "wandb")
    assert found["run"][1]["tags"] == ["mine", "demo", "data:sample"]
    first, second = (about["run_id"] for about in found["run"])
    assert first == second
    assert [e["step"]["num"] for e in found["history"]] == [1, 2, 3, 4, 5, 6]

    said = [r.getMessage() for r in caplog.records if "wandb sync" in r.getMessage()]
    parts = sorted((tmp_path / "results" / "wandb").glob("offline-run-*"))
    assert len(parts) == 2
    assert [all(str(part) in line for part in parts) for line in said] == [True]

    (weights,) = [a for a in found["artifact"] if a["type"] == "model"]
    (file,) = weights["manifest"]["contents"]
    (record,) = find(tmp_path / "results" / "runs")
    expected = load_checkpoint(record.path.parent / record["id"] / "checkpoint.pt")["best_weights"]
    kept = torch.load(file["local_path"], weights_only=True)
    torch.testing.assert_close(kept, expected, rtol=0, atol=0)


@pytest.fixture
def finished(small, tmp_path, caplog):
    """Trains a row with wandb; its record is whole, and returned are the warnings about wandb."""

    def train():
        run(small("table7/cnn", logger="wandb"))
        (record,) = find(tmp_path / "results" / "runs")
        assert record["status"] == "finished"
        assert record["metrics"]["test_error"]
        warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
        assert not [text for text in warnings if "\n" in text]
        return [text for text in warnings if text.startswith("wandb")]

    return train


def test_rows_after_one_that_wandb_did_not_answer_do_not_wait_again(
    finished, monkeypatch, tmp_path
):
    asked = []

    def init(mode, **others):
        asked.append(mode)
        if mode == "online":
            raise RuntimeError("no answer\nnow")
        return FakeRun()

    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setattr(wandb, "login", lambda **options: True)
    monkeypatch.setattr(wandb, "init", init)
    (warning,) = finished()
    assert warning.endswith("(wandb sync uploads it): no answer now")
    assert start_wandb(OmegaConf.load(conf_dir() / "logger" / "wandb.yaml"), tmp_path)
    assert asked == ["online", "offline", "offline"]


class FakeRun:
    """A wandb run whose methods named in `broken` fail."""

    def __init__(self, *broken):
        self.broken = broken
        self.summary = self
        self.id = "a-run"

    def __getattr__(self, name):
        def answer(*values, **named):
            if name in self.broken:
                raise ConnectionResetError(f"{name}: the service\nis gone")

        return answer


@pytest.mark.parametrize("broken", ["define_metric", "log", "update", "log_artifact", "finish"])
def test_a_wandb_that_fails_later_is_one_warning_too(finished, monkeypatch, broken):
    monkeypatch.setattr(wandb, "init", lambda **options: FakeRun(broken))
    (warning,) = finished()
    assert warning.endswith(f"going on without it: {broken}: the service is gone")


def test_the_offline_runs_of_a_sweep_are_told_of_once_at_its_end(command, tmp_path):
    short = ("trainer.max_steps=1", "trainer.batch_size=10", "results_dir=mine")
    done = command("-m", "experiment=table7/cnn,table_a1/mlp", *short)
    place = Path("mine", "wandb")
    (said,) = [line for line in done.stdout.splitlines() if "wandb sync" in line]
    assert said.startswith(f"wandb: offline in 2 folders of {tmp_path / place}; `wandb sync ")
    assert done.stdout.rstrip().endswith(said)


def test_wandbs_service_that_began_in_another_folder_writes_to_the_results(tmp_path, monkeypatch):
    """As in a notebook that changes its folder between two runs."""
    logger = OmegaConf.load(conf_dir() / "logger" / "wandb.yaml")
    start_wandb(logger, tmp_path / "first").finish()
    monkeypatch.chdir(tmp_path)
    second = start_wandb(logger, Path("second"))
    print("This stands in output.log.")
    second.finish()
    (log,) = (tmp_path / "second" / "wandb").glob("offline-run-*/files/output.log")
    assert log.read_text() == "This stands in output.log.\n"


def test_without_a_logger_nothing_is_written(small, tmp_path):
    run(small("table7/cnn"))
    assert not (tmp_path / "results" / "wandb").exists()
