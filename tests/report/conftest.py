"""A made-up table of two rows, and records as a run would leave them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypernetworks.report import records
from hypernetworks.report.provenance import config_hash

COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
RECORD: dict[str, Any] = {
    "schema_version": 2,
    "id": "paper-seed0-1a2b3c4d",
    "table": "7",
    "row": "cnn",
    "label": "Normal Convnet",
    "profile": "paper",
    "seed": 0,
    "status": "finished",
    "stop_reason": "early_stopping",
    "error": None,
    "data": {
        "name": "mnist",
        "kind": "real",
        "checksums": {"t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea"},
        "split": {"train": 55000, "valid": 5000, "test": 10000},
    },
    "config": {"trainer": {"lr": 0.001, "clip_norm": None}},
    "protocol": {
        "table": "7",
        "row": "cnn",
        "profile": "paper",
        "data": "real",
        "model": {"name": "cnn"},
        "dataset": {"name": "mnist"},
        "trainer": {"batch_size": 1000, "lr": 0.001},
    },
    "config_hash": "",
    "overrides": [],
    "versions": {"python": "3.11.7", "torch": "2.14.1", "cuda": None},
    "machine": {
        "device": "NVIDIA H100",
        "device_count": 1,
        "cpu": "Some CPU",
        "cores": 2,
        "threads": 2,
        "platform": "Linux x86_64",
    },
    "precision": "float32",
    "parameters": {"total": 28234, "second_kernel": 12544},
    "segments": [
        {
            "commit": COMMIT,
            "clean": True,
            "source_hash": "ab" * 32,
            "device": "NVIDIA H100",
            "started": "2025-01-01T10:00:00+00:00",
            "first_step": 0,
            "last_step": 1100,
            "seconds": 90.0,
        }
    ],
    "wall_seconds": 90.0,
    "steps": 1100,
    "epochs": 20,
    "throughput": {"value": 12000.0, "unit": "images/s"},
    "selection": {"metric": "valid_error", "better": "lower", "value": 0.8, "step": 990},
    "headline": ["test_error"],
    "metrics": {"test_error": {"value": 0.72, "unit": "percent"}},
    "baseline": None,
    "curve": None,
    "arrays": None,
    "created": "2025-01-01T10:00:00+00:00",
    "finished": "2025-01-01T10:01:30+00:00",
}

Make = Callable[..., dict[str, Any]]
Put = Callable[..., Path]

TABLE = """\
table: "7"
title: Two networks
paper: appendix Z
metrics:
  - {name: test_error, unit: percent, better: lower, digits: 2}
  - {name: valid_error, unit: percent, better: lower, digits: 1}
shared: {defaults: [override /dataset: mnist]}
quoted:
  - {label: Somebody else, test_error: 1.5, params: 1.7e6}
"""
LITE = """\
words: fewer epochs
label: "{paper}, few epochs"
shared: {trainer: {max_epochs: 2}}
rows:
  hyper_cnn: {label: Small Hyper Convnet, model: {embedding_size: 2}}
"""
ROW = """\
defaults:
  - override /model: anything
paper: {label: %s, order: %d, test_error: %s, params_exact: {second_kernel: %d}%s}
"""
FIGURES = """\
"2":
  title: Two kernels
  paper: section Z
  rows: [table7/cnn, table7/hyper_cnn]
  array: second_kernel
  drawing: kernels
"""
CLAIMS = """\
C1:
  says: A generated kernel of a third of the weights is as good
  paper: section Z
  comparisons:
    - {metric: test_error, rows: [table7/hyper_cnn, table7/cnn], below: 0.1}
    - {parameters: second_kernel, rows: [table7/hyper_cnn, table7/cnn], below: 0.35}
"""


@pytest.fixture
def make() -> Make:
    """Makes a record: `make(row="hyper_cnn", seed=1, value=0.8, kind="sample", attempt=2,
    trainer={"lr": 0.1}, ...)`; other names replace the record's fields."""

    def build(
        value: float = 0.72,
        kind: str = "real",
        attempt: int = 1,
        trainer: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        record = copy.deepcopy(RECORD)
        record["metrics"]["test_error"]["value"] = value
        record["data"]["kind"] = kind
        record |= fields
        named = {key: record[key] for key in ("table", "row", "profile")}
        record["protocol"] |= {**named, "data": kind}
        record["protocol"]["trainer"] |= trainer or {}
        record["config_hash"] = fields.get("config_hash", config_hash(record["protocol"]))
        again = "" if attempt == 1 else f"-{attempt}"
        record["id"] = f"{record['profile']}-seed{record['seed']}-1a2b3c4d{again}"
        if record["status"] != "finished":
            record |= {"stop_reason": None, "metrics": {}, "finished": None}
        return record

    return build


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def put(make: Make, results: Path) -> Put:
    """Writes a made record into a tree, with an array file if `array` is given."""

    def write(tree: str = "runs", array: Any = None, **fields: Any) -> Path:
        record = make(**fields)
        folder = records.folder_of(results / tree, record["table"], record["row"])
        if array is not None:
            folder.mkdir(parents=True, exist_ok=True)
            record["arrays"] = f"{record['id']}.npz"
            np.savez(folder / record["arrays"], second_kernel=array)
        return records.write(record, folder)

    return write


@pytest.fixture
def leave(make: Make, results: Path) -> Callable[..., None]:
    """Writes a published run with arrays and a curve."""

    def write(row: str, arrays: Any, curve: Any, **fields: Any) -> None:
        record = make(row=row, **fields)
        folder = records.folder_of(results / "published", "7", row)
        folder.mkdir(parents=True, exist_ok=True)
        record |= {"arrays": f"{record['id']}.npz", "curve": f"{record['id']}.curve.jsonl"}
        np.savez(folder / record["arrays"], **arrays)
        lines = [json.dumps({"step": step, "valid_error": error}) + "\n" for step, error in curve]
        (folder / record["curve"]).write_text("".join(lines))
        records.write(record, folder)

    return write


@pytest.fixture
def experiments(tmp_path: Path) -> Path:
    folder = tmp_path / "experiments"
    (folder / "table7").mkdir(parents=True)
    (folder / "figures.yaml").write_text(FIGURES)
    (folder / "claims.yaml").write_text(CLAIMS)
    (folder / "table7" / "table.yaml").write_text(TABLE)
    (folder / "table7" / "lite.yaml").write_text(LITE)
    compare = ", compare_with: cnn"
    rows = {
        "hyper_cnn": ROW % ("Hyper Convnet", 2, "0.76", 4244, compare),
        "cnn": ROW % ("Normal Convnet", 1, "0.72", 12544, ""),
    }
    for name, text in rows.items():
        (folder / "table7" / f"{name}.yaml").write_text(text)
    return folder
