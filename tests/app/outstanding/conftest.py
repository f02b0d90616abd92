"""A place without results, and hand-made records in it."""

import copy
from functools import cache

import pytest
from omegaconf import OmegaConf

from hypernetworks.app import plan
from hypernetworks.app.identity import protocol
from hypernetworks.app.params import compose_row
from hypernetworks.app.plan import Here
from hypernetworks.data import mnist
from hypernetworks.locations import experiments_dir
from hypernetworks.report import records
from hypernetworks.report.claims import load_claims
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.provenance import config_hash
from tests.report.conftest import RECORD

DEVICE = "A processor"
TABLES = {table.id: table for table in load_tables(experiments_dir())}
CLAIMS = load_claims(experiments_dir(), list(TABLES.values()), load_figures(experiments_dir()))


composed = cache(compose_row)  # which takes most of the time here


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A place with MNIST's files, which nothing reads, and no results."""

    def compose(experiment, profile, *places):
        cfg = composed(experiment.partition("=")[2], profile.partition("=")[2])
        cfg.data_dir, cfg.results_dir = (place.partition("=")[2] for place in places)
        return cfg

    monkeypatch.setattr(plan, "compose_words", compose)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in mnist.MD5:
        (raw / f"{name}.gz").touch()
    words = (f"data_dir={tmp_path / 'data'}", f"results_dir={tmp_path / 'results'}")
    return Here(tmp_path / "results", words, DEVICE, "bfloat16", {})


@pytest.fixture
def put(here):
    """Writes the record of a run of a row as it is now; other names replace the record's fields."""

    def write(
        experiment="table7/cnn",
        profile="lite",
        seed=0,
        tree="runs",
        cpu=DEVICE,
        kind="real",
        **fields,
    ):
        cfg = composed(experiment, profile)
        identity = protocol(cfg)
        record = copy.deepcopy(RECORD) | {
            **{name: cfg[name] for name in ("table", "row")},
            "profile": profile,
            "seed": seed,
            "protocol": identity,
            "config_hash": config_hash(identity),
            "config": {"trainer": OmegaConf.to_container(cfg.trainer, resolve=True)},
            "id": f"{profile}-seed{seed}-{config_hash(identity)[:8]}",
        }
        record["metrics"] = {TABLES[cfg.table].metric.name: {"value": 1.0, "unit": "percent"}}
        record["machine"] |= {"device": "CPU", "cpu": cpu}
        record["data"]["kind"] = kind
        record |= fields
        if record["status"] != "finished":
            record |= {"stop_reason": None, "metrics": {}, "finished": None}
        return records.write(record, here.results / tree / cfg.table / cfg.row)

    return write
