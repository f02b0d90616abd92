"""How what is outstanding is printed, by hand-made records."""

import re
from dataclasses import replace

import pytest

from hypernetworks.app.outstanding import _probed, here_of, parser, table_of
from hypernetworks.app.plan import FIRST, FURTHER, in_order, outstanding
from hypernetworks.report.costs import HERE, UNKNOWN
from hypernetworks.training import precision
from tests.app.outstanding.conftest import CLAIMS, DEVICE, TABLES

EUROPARL = "needs data: europarl/europarl-632k.en and 1 more"


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


@pytest.mark.parametrize(("units", "products"), [(True, "bfloat16"), (False, "float32")])
def test_here_is_what_bfloat16_products_would_be_computed_in(
    units, products, tmp_path, monkeypatch
):
    monkeypatch.setattr(precision, "has_bfloat16_units", lambda device: units)
    said = parser("outstanding", None).parse_args(["--results", str(tmp_path), "device=cpu"])
    assert here_of(said).bfloat16 == products
