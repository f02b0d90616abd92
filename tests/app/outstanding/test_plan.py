"""What is outstanding, in which order, and what it would cost, by hand-made records."""

import copy

import pytest

from hypernetworks.app.identity import protocol
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
from hypernetworks.report import records
from hypernetworks.report.provenance import config_hash
from tests.app.outstanding.conftest import CLAIMS, DEVICE, TABLES, composed


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
