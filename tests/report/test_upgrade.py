"""Records of version 1: every configuration that there was, every record that is published."""

import copy
import json
from pathlib import Path

import pytest

from hypernetworks.report import records
from hypernetworks.report.records import RecordError
from hypernetworks.report.upgrade import upgrade
from hypernetworks.report.validation import validate

TESTS = Path(__file__).parents[1]
PUBLISHED = TESTS.parent / "results" / "published"
CONFIGURATIONS = json.loads((TESTS / "app" / "v1_configurations.json").read_text())
IDENTITIES = json.loads((TESTS / "report" / "published_identities.json").read_text())


@pytest.fixture
def old(make):
    """A record of version 1 with a configuration: `old("table7/cnn demo")`."""

    def build(name):
        config = copy.deepcopy(CONFIGURATIONS[name]["config"])
        record = make(
            table=config["table"],
            row=config["row"],
            profile=config["profile"]["name"],
            kind=config["profile"]["data"],
            config=config,
            config_hash=CONFIGURATIONS[name]["config_hash"],
        )
        for field in ("label", "protocol", "headline", "throughput"):
            del record[field]
        del record["selection"]["better"]
        validate({**record, "schema_version": 1}, Path("record"), 1)
        return {**record, "schema_version": 1}

    return build


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_of_version_1(name, old):
    before = old(name)
    kept = copy.deepcopy(before)
    after = upgrade(before)
    assert before == kept
    validate(after, Path("record"))
    config, protocol = after["config"], after["protocol"]
    assert after["label"] == before["config"]["paper"]["label"]
    assert "_target_" not in json.dumps(protocol)
    was, now = before["config"]["trainer"], config["trainer"]
    assert {k: v for k, v in was.items() if not k.startswith("selection")} == now
    assert protocol["data"] == before["config"]["profile"]["data"]


def test_configurations_stay_apart(old):
    """Two configurations of version 1 are the same run only if they were the same run then."""
    hashes = [upgrade(old(name))["config_hash"] for name in CONFIGURATIONS]
    assert len(set(hashes)) == len({entry["config_hash"] for entry in CONFIGURATIONS.values()})


def test_a_protocol_by_hand(old):
    assert upgrade(old("table7/hyper_cnn paper"))["protocol"] == {
        "table": "7",
        "row": "hyper_cnn",
        "profile": "paper",
        "data": "real",
        "model": {"name": "hyper_cnn"},
        "dataset": {"name": "mnist", "pad": 1},
        "trainer": {"batch_size": 1000, "lr": 0.001, "max_epochs": 100, "patience": 20},
    }


def test_scales_are_multiplied_out(old):
    after = upgrade(old("table4/ln_hyperlstm_2048 lite"))
    # a scale of 1 / 8: 2048 units, 512 hyper units, rates 0.1 and 0.15; embeddings as given
    assert after["config"]["model"] == {
        "name": "layernorm_hyperlstm",
        "hidden_size": 256,
        "hyper_size": 64,
        "embedding_size": 8,
        "num_layers": 1,
        "recurrent_dropout": 0.01875,
        "hyper_recurrent_dropout": 0.01875,
        "input_dropout": 0.0,
        "output_dropout": 0.0,
    }
    assert after["config"]["dataset"]["symbols"] == 205
    dataset = {"name": "enwik8", "prefix": 4154399, "window": 100}
    assert after["protocol"]["dataset"] == dataset


@pytest.mark.parametrize(
    ("name", "better", "headline"),
    [
        ("table2/wrn_40_1 lite", "lower", ["test_error"]),
        ("table_a1/mlp paper", "lower", ["test_accuracy"]),
        ("table3/lstm_1000 demo", "lower", ["test_bpc", "valid_bpc"]),
    ],
)
def test_what_a_table_shows(name, better, headline, old):
    after = upgrade(old(name))
    assert (after["selection"]["better"], after["headline"]) == (better, headline)


def test_another_metric_of_selection_is_kept(old):
    record = old("table7/cnn paper")
    record["config"]["trainer"]["selection_metric"] = "valid_loss"
    assert upgrade(record)["protocol"]["trainer"]["selection_metric"] == "valid_loss"


def test_a_model_of_ones_own_keeps_its_target(old):
    record = old("table7/cnn paper")
    record["config"]["model"] = {"_target_": "mine.Net", "width": 3}
    assert upgrade(record)["protocol"]["model"] == {"_target_": "mine.Net", "width": 3}


def test_what_never_was_version_1_is_one_line(old, tmp_path):
    record = old("table7/cnn paper")
    del record["config"]["dataset"]
    path = tmp_path / f"{record['id']}.json"
    path.write_text(json.dumps(record))
    with pytest.raises(RecordError) as refusal:
        records.read(path)
    assert str(refusal.value).startswith(f"{path}: $.config is none of version 1 (KeyError")


def test_reading_upgrades_in_memory_alone(old, tmp_path):
    record = old("table7/cnn paper")
    path = tmp_path / f"{record['id']}.json"
    path.write_text(json.dumps(record))
    assert records.read(path)["schema_version"] == 2
    assert json.loads(path.read_text()) == record


def test_every_published_identity_is_pinned():
    found = records.find(PUBLISHED)
    identities = {r.path.relative_to(PUBLISHED).as_posix(): r["config_hash"] for r in found}
    assert {name: identities.get(name) for name in IDENTITIES} == IDENTITIES
    upgraded = [r for r in found if json.loads(r.path.read_text())["schema_version"] == 1]
    assert {r.path.relative_to(PUBLISHED).as_posix() for r in upgraded} == set(IDENTITIES)
