"""One run: its record, and what is skipped, resumed, repeated and refused."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from hypernetworks.app import lead as leader
from hypernetworks.app import run as runner
from hypernetworks.app.identity import deviations, locate
from hypernetworks.app.run import run
from hypernetworks.holder import HeldError, Hold
from hypernetworks.report.records import find, why_not_published
from hypernetworks.training import precision
from hypernetworks.training.files import load_checkpoint
from hypernetworks.training.stopping import Diverged, Interrupted
from tests.app.conftest import SMALL


@pytest.fixture
def records(tmp_path):
    return lambda: find(tmp_path / "results")


def test_the_record_and_what_lies_beside_it(small, records):
    run(small())
    (record,) = records()
    assert (record["table"], record["row"], record["profile"]) == ("7", "hyper_cnn", "demo")
    assert record["data"]["kind"] == "sample"
    assert record["stop_reason"] == "max_steps"
    assert record["machine"]["threads"] == 1
    assert record["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert "data_dir" not in record["config"]
    assert len(record["segments"]) == 1
    lines = (record.path.parent / record["curve"]).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4, 6]
    with np.load(record.path.parent / record["arrays"]) as arrays:
        assert arrays["second_kernel"].shape == (16, 16, 7, 7)
    best = min(json.loads(line)["valid_error"] for line in lines)
    assert record["selection"]["value"] == record["metrics"]["valid_error"]["value"] == best


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(small, records):
    run(small())
    run(small("table7/hyper_cnn", "force=true"))
    run(small("table7/hyper_cnn", "seed=1"))
    first, forced, other = sorted(records(), key=lambda r: (r["seed"], len(r["id"])))
    assert (forced["id"], other["seed"]) == (first["id"] + "-2", 1)
    assert first["metrics"] == forced["metrics"]
    assert first["metrics"] != other["metrics"]
    assert first["config_hash"] == other["config_hash"]


def test_the_threads_of_a_run_are_its_own(small, records):
    before = torch.get_num_threads()
    run(small("table7/cnn", "threads=2"))
    assert torch.get_num_threads() == before
    (record,) = records()
    assert record["machine"]["threads"] == 2


def test_a_finished_run_is_skipped(small, records, monkeypatch):
    value = run(small())
    before = records()
    monkeypatch.setattr(runner, "_train", lambda *_: pytest.fail("it ran again"))
    assert run(small()) == value
    assert records() == before


def test_a_time_limit_is_resumed_by_the_same_call(small, records):
    assert run(small("table7/cnn", "trainer.max_time=0.0001")) is None
    (record,) = records()
    assert record["status"] == "time_limit"
    assert record["steps"] == 1
    assert "test_error" not in record["metrics"]
    run(small("table7/cnn"))
    (record,) = records()
    assert (record["status"], record["steps"]) == ("finished", 6)
    assert [(s["first_step"], s["last_step"]) for s in record["segments"]] == [(0, 1), (1, 6)]


def test_a_damaged_checkpoint_is_resumed_from_the_one_before(small, records, tmp_path, caplog):
    """Which lies in an earlier invocation: its record forgets the later one's part."""
    cfg = small("table7/cnn")
    cfg.results_dir = str(tmp_path / "whole")
    run(cfg)
    for _ in range(3):
        run(small("table7/cnn", "trainer.max_time=0.0001"))
    (path,) = (tmp_path / "results").rglob("checkpoint.pt")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    caplog.clear()
    run(small("table7/cnn"))
    assert [m for m in caplog.messages if str(path) in m] == [
        f"{path} cannot be loaded (damaged: its SHA-256 is another): "
        "taking the one before it, checkpoint.previous.pt"
    ]
    (record,), (whole,) = records(), find(tmp_path / "whole")
    parts = [(s["first_step"], s["last_step"]) for s in record["segments"]]
    assert parts == [(0, 1), (1, 2), (2, 2), (2, 6)]
    assert record["metrics"] == whole["metrics"]
    curves = [(r.path.parent / r["curve"]).read_text() for r in (record, whole)]
    assert curves[0] == curves[1]


def test_the_curve_is_the_checkpoints_whatever_becomes_of_the_metrics_file(small, records):
    run(small("table7/hyper_cnn", "trainer.max_time=0.0001", "trainer.eval_every=1"))
    (metrics,) = records()[0].path.parent.rglob("metrics.jsonl")
    metrics.write_text("[1]\nnonsense\n")
    run(small("table7/hyper_cnn", "trainer.eval_every=1"))
    (record,) = records()
    lines = [json.loads(line) for line in record.content(record["curve"]).splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert record["files"].keys() == {record["curve"], record["arrays"]}


def test_a_checkpoint_of_before_takes_its_curve_from_the_metrics_file(small, records):
    run(small("table7/cnn", "trainer.max_time=0.0001", "trainer.eval_every=1"))
    (record,) = records()
    path = record.path.parent / record["id"] / "checkpoint.pt"
    state = load_checkpoint(path)
    torch.save({k: v for k, v in state.items() if k != "curve"}, path)
    run(small("table7/cnn", "trainer.eval_every=1"))
    (record,) = records()
    lines = [json.loads(line) for line in record.content(record["curve"]).splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_hyper_residual_network_resumes_in_the_middle_of_its_cycle(small, records):
    row = "table2/hyper_wrn_40_1"
    run(small(row, "trainer.max_time=0.0001"))
    run(small(row))
    run(small(row, "force=true"))
    resumed, whole = sorted(records(), key=lambda r: len(r["id"]))
    assert [(s["first_step"], s["last_step"]) for s in resumed["segments"]] == [(0, 1), (1, 6)]
    assert resumed["config"]["trainer"]["scheduler"] == "OneCycleLR"
    assert len(whole["segments"]) == 1
    assert resumed["metrics"] == whole["metrics"]
    curves = [(r.path.parent / r["curve"]).read_text() for r in (resumed, whole)]
    assert curves[0] == curves[1]


def test_a_nan_leaves_a_clear_record(small, records, monkeypatch):
    cfg = small("table7/cnn", "trainer.lr=1e30", "trainer.scheduler=null")
    with pytest.raises(Diverged):
        run(cfg)
    (record,) = records()
    assert record["status"] == "diverged"
    assert "NaN or infinite" in record["error"]
    assert record["metrics"] == {}


def test_a_metric_that_is_not_finite_ends_a_run_too(small, records):
    """One step breaks the weights; the loss of that step was still finite."""
    options = ("trainer.lr=1e30", "trainer.max_steps=1", "trainer.log_every=50")
    cfg = small("table7/cnn", *options)
    with pytest.raises(Diverged):
        run(cfg)
    (record,) = records()
    assert (record["status"], record["selection"]["value"]) == ("diverged", None)


@pytest.mark.parametrize("batches", [1, 2])
def test_a_signal_during_the_final_evaluation_leaves_none_of_it(
    small, records, monkeypatch, batches
):
    """Nor is the run a finished one; the same command evaluates all again."""
    shown = []

    def bar_over(found, *_):
        for batch in found:
            shown.append(batch)
            if len(shown) == batches:
                signal.raise_signal(signal.SIGINT)
            yield batch

    cfg = small("table7/cnn")
    with monkeypatch.context() as patched:
        patched.setattr(leader, "bar_over", bar_over)
        with pytest.raises(Interrupted, match="at step 6; the same command resumes it"):
            run(cfg)
    (record,) = records()
    assert (record["status"], record["metrics"], record["finished"]) == ("interrupted", {}, None)
    run(small("table7/cnn"))
    run(small("table7/cnn", "force=true"))
    resumed, whole = sorted(records(), key=lambda r: len(r["id"]))
    assert resumed["status"] == "finished"
    assert resumed["metrics"] == whole["metrics"]


def test_force_tries_a_diverged_run_anew(small, records):
    options = ("table7/cnn", "trainer.lr=1e30")
    for force in ("false", "true"):
        with pytest.raises(Diverged):
            run(small(*options, f"force={force}"))
    first, second = sorted(records(), key=lambda r: len(r["id"]))
    assert second["id"] == first["id"] + "-2"


def test_a_signal_at_the_very_end_keeps_the_run_and_stops_the_sweep(small, records, monkeypatch):
    def evaluate_and_be_stopped(*arguments):
        _evaluate(*arguments)
        os.kill(os.getpid(), signal.SIGTERM)

    _evaluate = leader._evaluate
    monkeypatch.setattr(leader, "_evaluate", evaluate_and_be_stopped)
    with pytest.raises(Interrupted, match="interrupted; this run is finished"):
        run(small())
    (record,) = records()
    assert record["status"] == "finished"


def test_a_run_that_another_process_finished_meanwhile_is_skipped(small, records, monkeypatch):
    value = run(small())
    before = records()
    monkeypatch.setattr(runner.records, "find", lambda *_: [])
    monkeypatch.setattr(runner, "_train", lambda *_: pytest.fail("it ran again"))
    assert run(small()) == value
    assert records() == before


def test_a_record_of_changed_sources_is_kept_and_not_published(small, records, monkeypatch):
    run(small("table7/cnn", "trainer.max_time=0.0001"))
    changed = {"commit": "0" * 40, "clean": True, "source_hash": "1" * 64}
    monkeypatch.setattr(runner.provenance, "examine", lambda root: (changed, None))
    run(small("table7/cnn"))
    (record,) = records()
    record["profile"], record["overrides"] = "paper", []
    record["data"]["kind"] = "complete"
    record["segments"][0] |= {"commit": "0" * 40, "clean": True}
    assert why_not_published(record) == "sources that changed between its segments"


def test_two_processes_do_not_train_the_same_run(small):
    cfg = small()
    files = locate(cfg, {})
    files.folder.mkdir(parents=True)
    hold = Hold(files.folder)
    with pytest.raises(HeldError, match=rf"another process runs this, process {os.getpid()} on "):
        run(cfg)
    hold.release()
    run(cfg)


def test_what_deviates_from_a_row():
    free = ["experiment=table7/cnn", "profile=paper", "seed=3", "logger=none", "device=cuda"]
    free += ["logger.mode=offline", "threads=1", "force=true", "trainer.max_time=9", "sweep=table7"]
    free += ["logger.tags=[a,b]", "logger.weights=true"]
    free += ["hydra/launcher=joblib", "+hydra.launcher.x=1", "data_dir=/x", "results_dir=/y"]
    assert deviations(free) == []
    other = ["trainer.lr=0.1", "model=mlp", "dataset.pad=0", "trainer.precision=bfloat16"]
    assert deviations([*free, *other]) == other
    # The paper's protocol says nothing of the precision.
    assert deviations([*free, *other], of_paper=True) == other[:-1]


def arguments(data_dir, results, *more):
    places = [f"data_dir={data_dir}", f"results_dir={results}", "logger=none"]
    steps = ["trainer.max_steps=60", "trainer.eval_every=10"]
    return ["experiment=table7/hyper_cnn", *SMALL, *steps, *places, *more]


def wait_for_step(results, step):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in results.rglob("checkpoint.pt"):
            if load_checkpoint(path)["progress"]["step"] >= step:
                return path
        time.sleep(0.02)
    pytest.fail("no checkpoint")


def weights(results):
    (path,) = results.rglob("checkpoint.pt")
    state = load_checkpoint(path)
    return {
        "last": state["model"],
        "best": state["best_weights"],
        "opt": state["optimizer"]["state"],
    }


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_resumes_to_the_same_bits(command, data_dir, tmp_path, signum):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command(*arguments(data_dir, whole))

    often = arguments(data_dir, killed, "trainer.checkpoint_every=0")
    cold = [sys.executable, "-m", "hypernetworks", *often]
    with subprocess.Popen(cold, stderr=subprocess.PIPE, text=True) as process:
        wait_for_step(killed, 5)
        os.kill(process.pid, signum)
        _, errors = process.communicate(timeout=60)
    (record,) = find(killed)
    if signum == signal.SIGTERM:
        assert process.returncode == 128 + signal.SIGTERM
        assert errors.strip().splitlines()[-1].startswith("error: interrupted at step")
        assert record["status"] == "interrupted"
    else:
        assert record["status"] == "running"
    command(*arguments(data_dir, killed))

    torch.testing.assert_close(weights(killed), weights(whole), rtol=0, atol=0)
    (one,), (two,) = find(whole), find(killed)
    assert two["status"] == "finished"
    assert one["metrics"] == two["metrics"]
    curves = [(r.path.parent / r["curve"]).read_text() for r in (one, two)]
    assert curves[0] == curves[1]
    parts = [(s["first_step"], s["last_step"]) for s in two["segments"]]
    assert parts[0][0] == 0
    assert parts[0][1] == parts[1][0] >= 5
    assert parts[1][1] == 60


def test_without_bfloat16_units_the_same_row_is_computed_in_float32(
    small, records, monkeypatch, caplog
):
    """Whichever processor: the same run by identity, and the record says what it was."""
    for name in ("avx512_bf16", "avx2"):
        monkeypatch.setattr(precision, "processor_features", lambda name=name: {name: True})
        run(small("table7/hyper_cnn", "device=cpu", "trainer.precision=bfloat16", "force=true"))
    units, none = sorted(records(), key=lambda record: len(record["id"]))
    run(small("table7/hyper_cnn", "device=cpu", "trainer.precision=float32"))
    single = next(r for r in records() if r["precision"] == "float32")
    assert units["config_hash"] == none["config_hash"] != single["config_hash"]
    assert units["precision"] == none["precision"] == "bfloat16"
    assert [r["segments"][0]["computed_in"] for r in (units, none, single)] == [
        "bfloat16",
        "float32",
        "float32",
    ]
    assert none["metrics"] == single["metrics"] != units["metrics"]
    warned = [line for line in caplog.messages if "no bfloat16 units" in line]
    assert len(warned) == 1
