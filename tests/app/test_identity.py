"""A run's identity survives: what was published before is what its command composes now."""

import json
import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from hypernetworks.app import run as runner
from hypernetworks.app.identity import locate, protocol
from hypernetworks.app.params import compose_row, compose_words
from hypernetworks.report.folders import folder_name, table_of
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.records import find, read
from hypernetworks.report.upgrade import upgrade
from tests.app.conftest import composed
from tests.conftest import ROOT

PUBLISHED = sorted((ROOT / "results" / "published").rglob("*.json"))
V1 = json.loads((Path(__file__).parent / "v1_configurations.json").read_text())


def row_of(record):
    return f"{folder_name(record['table'])}/{record['row']}"


@pytest.mark.parametrize("name", list(V1))
def test_a_row_composes_what_it_composed_in_version_1(name):
    """22 rows in 3 profiles: the same identity, and every number of the old configuration."""
    row, profile = name.split()
    cfg = composed(row, profile)
    published = read(PUBLISHED[0])
    like = json.loads(published.path.read_text())
    table, _, row_id = row.partition("/")
    like |= {"table": table_of(table), "row": row_id, "profile": profile, **V1[name]}
    like["id"] = f"{profile}-seed{like['seed']}-{V1[name]['config_hash'][:8]}"
    assert protocol(cfg) == upgrade(like)["protocol"]
    old, new = V1[name]["config"], OmegaConf.to_container(cfg, resolve=True)
    for key, value in old["dataset"].items():
        assert new["dataset"][key] == value, key
    for key, value in old["trainer"].items():
        if key not in ("selection_metric", "selection_better", "log_every"):
            assert new["trainer"][key] == value, key
    assert (new["threads"], new["profile"]) == (old["threads"], old["profile"])


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda p: "/".join(p.parts[-3:]))
def test_a_published_record_is_what_its_command_composes(path):
    record = read(path)
    chosen = [f"trainer.precision={record['precision']}"] if record["profile"] == "paper" else []
    cfg = composed(row_of(record), record["profile"], *chosen)
    cfg.seed = record["seed"]
    assert config_hash(protocol(cfg)) == record["config_hash"]
    assert locate(cfg, [record]).id == path.stem


def test_a_finished_run_of_version_1_is_skipped(small, tmp_path, monkeypatch):
    path = next(p for p in PUBLISHED if p.parts[-3:-1] == ("a1", "mlp"))
    home = tmp_path / "results" / "runs" / "a1" / "mlp"
    home.mkdir(parents=True)
    shutil.copy(path, home)
    monkeypatch.setattr(runner, "prepare", lambda *_: pytest.fail("it ran again"))
    cfg = compose_row("table_a1/mlp", "paper", f"results_dir={tmp_path / 'results'}")
    assert runner.run(cfg) == read(path)["selection"]["value"]


@pytest.mark.parametrize(
    "same",
    ["device=cpu", "threads=3", "trainer.log_every=7", "logger=none", "dataset.baseline_order=2"],
)
def test_what_is_no_protocol_changes_no_identity(same):
    plain = protocol(compose_row("table3/lstm_1000", "lite"))
    assert protocol(compose_row("table3/lstm_1000", "lite", same)) == plain


@pytest.mark.parametrize(
    "other", ["trainer.lr=0.1", "trainer.ema_decay=0.9", "model.num_layers=3", "dataset.window=7"]
)
def test_what_is_protocol_changes_it(other):
    plain = protocol(compose_row("table3/lstm_1000", "lite"))
    assert protocol(compose_row("table3/lstm_1000", "lite", other)) != plain


def test_keys_at_their_defaults_are_left_out():
    found = protocol(compose_row("table7/hyper_cnn", "paper"))
    assert found == {
        "table": "7",
        "row": "hyper_cnn",
        "profile": "paper",
        "data": "real",
        "model": {"name": "hyper_cnn"},
        "dataset": {"name": "mnist", "pad": 1},
        "trainer": {"batch_size": 1000, "lr": 0.001, "patience": 20, "max_epochs": 100},
    }


def test_where_a_number_comes_from_does_not_matter():
    """From the data set's sizes or typed: the same run."""
    words = ("model=hyperlstm", "dataset=ptb", "profile=paper")
    typed = ("model.hidden_size=1000", "model.hyper_size=128", "trainer.batch_size=128")
    assert protocol(compose_words(*words)) == protocol(compose_words(*words, *typed))


def test_a_repeat_of_a_run_of_version_1_goes_by_a_name_of_its_own(tmp_path):
    (path, *_) = (p for p in PUBLISHED if p.parts[-3:-1] == ("a1", "mlp"))
    record = read(path)
    cfg = compose_row("table_a1/mlp", "paper", "force=true", f"seed={record['seed']}")
    assert locate(cfg, [record]).id.endswith("-2")
    cfg = compose_row("table_a1/mlp", "paper", f"seed={record['seed'] + 7}")
    assert locate(cfg, [record]).id.startswith(f"paper-seed{record['seed'] + 7}-")
    assert find(tmp_path) == []


def test_the_same_numbers_and_the_same_file_are_the_same_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("model=lstm", "dataset=text")
    paths = ("my.txt", "./my.txt", str(tmp_path / "my.txt"))
    found = [protocol(compose_words(*words, f"dataset.path={path}")) for path in paths]
    assert found[0] == found[1] == found[2]
    assert found[0]["dataset"]["path"] == "my.txt"
    tables = ("[[10,1],[20,0.5]]", "[[10.0,1.0],[20,0.5]]")
    rates = [compose_words(f"trainer.lr_table={table}", "trainer.lr=1") for table in tables]
    assert len({config_hash(protocol(cfg)) for cfg in rates}) == 1
