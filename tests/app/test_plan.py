"""What is outstanding, in which order, and what it would cost, by hand-made records."""

import copy
import re
from dataclasses import replace
from functools import cache

import pytest
from omegaconf import OmegaConf

from hypernetworks.app import plan
from hypernetworks.app.data_there import Missing, missing
from hypernetworks.app.identity import protocol
from hypernetworks.app.outstanding import _probed, table_of
from hypernetworks.app.params import compose_row
from hypernetworks.app.plan import (
    BEGUN,
    CLAIM,
    FIRST,
    FURTHER,
    MEASURED,
    Here,
    in_order,
    outstanding,
)
from hypernetworks.data import mnist
from hypernetworks.locations import experiments_dir
from hypernetworks.report import records
from hypernetworks.report.claims import load_claims
from hypernetworks.report.costs import HERE, UNKNOWN
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.provenance import config_hash
from tests.report.conftest import RECORD

DEVICE = "A processor"
EUROPARL = "needs data: europarl/europarl-632k.en and 1 more"
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


def listed(found):
    return [(run.known.row.id, run.seed, run.reason) for run in found]


def test_without_records_the_first_seeds_come_first(here):
    found = in_order(outstanding(TABLES["7"], "lite", [0, 1], here, CLAIMS))
    assert listed(found) == [
        ("cnn", 0, FIRST),
        ("hyper_cnn", 0, FIRST),
        ("cnn", 1, FURTHER),
        ("hyper_cnn", 1, FURTHER),
    ]
    assert {(run.seconds, run.known.whole.source) for run in found} == {(None, "unknown")}
    assert {run.obstacle for run in found} == {None}


def test_the_order(here, put):
    """A begun run; seeds that a claim lacks, the cheaper first; rows without a number; lite before
    paper; and nothing of a seed that is there, published or run here."""
    put("table7/cnn", wall_seconds=200.0)
    put("table7/hyper_cnn", tree="published", wall_seconds=100.0)
    put("table7/cnn", "paper", 1, status="interrupted", steps=10, epochs=25, wall_seconds=50.0)
    found = [
        run
        for profile in ("paper", "lite")
        for table in ("a1", "7")
        for run in outstanding(TABLES[table], profile, [0, 1], here, CLAIMS)
    ]
    assert [
        (run.known.profile, *of)
        for run, of in zip(in_order(found), listed(in_order(found)), strict=True)
    ] == [
        ("paper", "cnn", 1, BEGUN),
        ("lite", "hyper_cnn", 1, CLAIM),
        ("lite", "cnn", 1, CLAIM),
        ("lite", "mlp", 0, FIRST),
        ("lite", "coord_mlp", 0, FIRST),
        ("lite", "mlp", 1, FURTHER),
        ("lite", "coord_mlp", 1, FURTHER),
        ("paper", "cnn", 0, FIRST),
        ("paper", "mlp", 0, FIRST),
        ("paper", "coord_mlp", 0, FIRST),
        ("paper", "hyper_cnn", 0, FIRST),
        ("paper", "mlp", 1, FURTHER),
        ("paper", "coord_mlp", 1, FURTHER),
        ("paper", "hyper_cnn", 1, FURTHER),
    ]


def test_seeds_are_a_claims_where_its_comparisons_need_them(here, put):
    """The LSTM of 1250 units is in a comparison of C3; lstm_900_plain is in none of a claim's,
    though its table compares it."""
    for row in ("hyperlstm_1000", "lstm_1250", "lstm_2x1000"):
        put(f"table3/{row}")
    found = outstanding(TABLES["3"], "lite", [0, 1], here, CLAIMS)
    reasons = {row: reason for row, seed, reason in listed(found) if seed == 1}
    assert reasons["hyperlstm_1000"] == reasons["lstm_1250"] == CLAIM
    assert reasons["lstm_2x1000"] == FURTHER
    put("table5/lstm_900", kind="stand-in")
    put("table5/lstm_900_plain", kind="stand-in")
    found = outstanding(TABLES["5"], "lite", [0, 1], here, CLAIMS)
    assert ("lstm_900_plain", 1, FURTHER) in listed(found)


def test_a_comparison_of_one_row_lacks_its_seeds(here, put):
    put("table4/ln_hyperlstm_1800")  # figure 4, C7
    found = outstanding(TABLES["4"], "lite", [0, 1], here, CLAIMS)
    assert ("ln_hyperlstm_1800", 1, CLAIM) in listed(found)


def test_a_row_that_is_compared_with_none_that_ran_has_further_seeds(here, put):
    put("table7/cnn")
    found = outstanding(TABLES["7"], "lite", [0, 1], here, CLAIMS)
    assert ("cnn", 1, FURTHER) in listed(found)


def test_what_the_paper_profile_has_measured_comes_last_in_lite(here, put):
    put("table7/cnn", "paper", 2)
    (run,) = [
        r for r in outstanding(TABLES["7"], "lite", [2], here, CLAIMS) if r.known.row.id == "cnn"
    ]
    assert run.reason == MEASURED


@pytest.mark.parametrize(
    "fields",
    [
        {"overrides": ["trainer.lr=1"]},
        {"metrics": {}},
        {"kind": "sample", "tree": "published"},
        {"config_hash": "ab" * 32},  # of the row as it was
    ],
)
def test_records_that_do_not_count_leave_their_seed_outstanding(here, put, fields, monkeypatch):
    monkeypatch.setattr(records, "validate", lambda *args: None)
    put("table7/cnn", **fields)
    found = outstanding(TABLES["7"], "lite", [0], here, CLAIMS)
    assert [run.known.row.id for run in found] == ["cnn", "hyper_cnn"]


def test_a_number_of_the_papers_protocol_in_another_precision_is_one(here, put):
    def left(profile):
        return listed(outstanding(TABLES["7"], profile, [0, 1], here, CLAIMS))[:2]

    for profile in ("paper", "lite"):
        cfg = copy.deepcopy(composed("table7/cnn", profile))
        cfg.trainer.precision = "bfloat16"
        identity = protocol(cfg)
        named = {"id": f"{profile}-seed0-{config_hash(identity)[:8]}", "precision": "bfloat16"}
        put(profile=profile, protocol=identity, config_hash=config_hash(identity), **named)
    assert left("paper") == [("cnn", 1, FURTHER), ("hyper_cnn", 0, FIRST)]
    # In lite it is a part of the row.
    assert left("lite") == [("cnn", 0, MEASURED), ("cnn", 1, FURTHER)]


def test_a_table_of_our_own_has_no_paper_profile(here):
    assert outstanding(TABLES["multi30k"], "paper", [0], here, CLAIMS) == []
    assert len(outstanding(TABLES["multi30k"], "lite", [0], here, CLAIMS)) == 2


def test_costs_are_of_this_device_then_of_a_probe_then_of_others(here, put):
    def whole(here):
        return outstanding(TABLES["7"], "lite", [9], here, CLAIMS)[0].known.whole

    key = outstanding(TABLES["7"], "lite", [9], here, CLAIMS)[0].known.key
    assert key.startswith("table7/cnn lite ")
    assert key.endswith(f" on {DEVICE}, float32")
    put(seed=0, cpu="Another", wall_seconds=500.0)
    assert (whole(here).seconds, whole(here).source) == (500.0, "record, other device")
    probed = Here(here.results, here.words, DEVICE, "bfloat16", {key: 70.0})
    assert (whole(probed).seconds, whole(probed).source) == (70.0, "probe")
    # Five of fifteen epochs in twenty seconds.
    put(seed=1, status="interrupted", steps=400, epochs=5, wall_seconds=20.0)
    assert (whole(probed).seconds, whole(probed).source) == (60.0, "record, this device")
    put(seed=2, wall_seconds=100.0)
    put(seed=3, wall_seconds=200.0)
    assert whole(probed).seconds == 150.0  # whole runs say more than a begun one


def test_a_begun_run_shows_its_step_and_what_is_left(here, put):
    path = put(seed=1, status="time_limit", steps=400, epochs=5, wall_seconds=20.0)
    run = next(
        run for run in outstanding(TABLES["7"], "lite", [1], here, CLAIMS) if run.reason == BEGUN
    )
    assert run.path == path
    assert run.begun["steps"] == 400
    assert run.seconds == pytest.approx(40.0)
    put(seed=1, status="interrupted", steps=800, epochs=10, wall_seconds=40.0)
    assert run.now().seconds == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("status", "obstacle"),
    [("diverged", "diverged"), ("failed", None), ("running", None), ("interrupted", None)],
)
def test_a_diverged_run_is_not_chosen_again(here, put, status, obstacle):
    """One that is recorded as running, with no process behind it, was killed."""
    put(status=status, steps=3, error="why" if status in ("diverged", "failed") else None)
    run = outstanding(TABLES["7"], "lite", [0], here, CLAIMS)[0]
    assert (run.obstacle or "").startswith(obstacle or "")
    assert (run.obstacle is None) == (obstacle is None)
    assert (run.reason == BEGUN) == (obstacle is None)


@pytest.mark.parametrize(
    ("experiment", "profile", "files", "lacks"),
    [
        ("table7/cnn", "lite", [], "MNIST/raw/train-images-idx3-ubyte"),
        ("table2/wrn_40_1", "lite", [], "cifar-10-batches-py/data_batch_1"),
        ("table3/lstm_1000", "paper", ["ptb/ptb.train.txt"], "ptb/ptb.valid.txt"),
        ("table4/lstm_1800", "lite", ["enwik8/enwik8.prefix4154399"], None),
        ("table4/lstm_1800", "lite", ["enwik8/enwik8"], None),
        ("table4/lstm_1800", "paper", ["enwik8/enwik8.prefix4154399"], "enwik8/enwik8"),
        ("table5/lstm_900", "paper", [], "iam/lineStrokes"),
        ("table5/lstm_900", "lite", ["unipen/train_r01_v07/data/8/a/b.dat"], None),
        ("table6/gnmt_lstm", "paper", ["wmt14/dev.tgz", "wmt14/un.tgz"], "wmt14/europarl-v7"),
        ("multi30k/lstm", "lite", ["multi30k/train.en"], "multi30k/train.fr"),
        ("table7/cnn", "demo", [], None),
    ],
)
def test_data_are_looked_for_and_not_read(tmp_path, experiment, profile, files, lacks):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = missing(compose_row(experiment, profile, f"data_dir={tmp_path}"))
    assert [*found.by_hand, *found.by_run][:1] == ([] if lacks is None else [lacks])
    if lacks is not None:
        assert bool(found.by_hand) == lacks.startswith(("iam/", "multi30k/"))


def test_translation_needs_each_set_in_one_of_its_forms(tmp_path):
    cfg = compose_row("table6/gnmt_lstm", "lite", f"data_dir={tmp_path}")
    names = ["europarl/europarl-632k.en", "europarl/europarl-632k.fr", "wmt14/x/newstest2013.en"]
    names += ["wmt14/x/newstest2013.fr", "wmt14/newstest2014-fren-src.en.sgm"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert missing(cfg) == Missing([], ["wmt14/newstest2014"])
    (tmp_path / "wmt14" / "newstest2014-fren-ref.fr.sgm").touch()
    assert missing(cfg) == Missing([], [])


def test_it_is_listed_with_the_reasons_and_where_costs_are_from(here, put):
    put("table7/cnn", wall_seconds=600.0)
    put("table7/hyper_cnn", seed=1, status="interrupted", steps=400, epochs=5, wall_seconds=60.0)
    found = outstanding(TABLES["7"], "lite", [0, 1, 2], here, CLAIMS)
    found += outstanding(TABLES["6"], "lite", [0, 1], here, CLAIMS)
    shown = table_of(in_order(found), DEVICE)
    assert [
        re.split(r"\s{2,}", line) for line in shown.splitlines() if line.startswith("table")
    ] == [
        ["table7/hyper_cnn", "lite", "1", "interrupted at step 400", "2 min left", HERE],
        ["table7/hyper_cnn", "lite", "0", FIRST, "3 min", HERE],
        ["table7/hyper_cnn", "lite", "2", FURTHER, "3 min", HERE],
        ["table7/cnn", "lite", "1, 2", FURTHER, "10 min", HERE],
        *(
            [f"table6/gnmt_{cell}", "lite", "0, 1", EUROPARL, "-", UNKNOWN]
            for cell in ("lstm", "hyperlstm")
        ),
    ]
    last = f"5 runs outstanding, 28 min one after another on this device ({DEVICE})"
    assert shown.splitlines()[-1] == f"{last}; 4 more are not to be run here."
    assert "Where data are from that no run downloads" in shown
    with_data = table_of([run for run in found if run.obstacle is None], DEVICE)
    assert with_data.splitlines()[-1] == f"{last}."
    assert "downloads" not in with_data


def test_seeds_of_a_line_are_in_order_and_a_probe_is_of_so_many_threads_and_a_precision(here):
    found = outstanding(TABLES["6"], "lite", [2, 0, 1], here, CLAIMS)
    assert "  0, 1, 2  " in table_of(found, DEVICE)
    how = f" on {DEVICE}, threads=1"  # as its lite.yaml says
    assert found[0].known.key.endswith(f"{how}, bfloat16")
    without_units = replace(here, bfloat16="float32")
    first = outstanding(TABLES["6"], "lite", [0], without_units, CLAIMS)[0]
    assert first.known.key.endswith(f"{how}, float32")


def test_what_a_run_downloads_is_no_obstacle(here, monkeypatch):
    run, _ = outstanding(TABLES["6"], "paper", [0], here, CLAIMS)
    assert run.obstacle is None
    assert f"{FIRST}; downloads first" in table_of([run], DEVICE)
    assert "wmt14/europarl-v7" in run.to_download()
    monkeypatch.setattr("hypernetworks.app.outstanding.probe", None)
    assert _probed([run], here) == [run]
