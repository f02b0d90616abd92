"""The demo as a user gets it: rows train on generated data and beat a trivial baseline.

In every test run each row is stepped, and one of each of the paper's tables trains to its end; all
do in `make test-demo`.
"""

import math
import os

import numpy as np
import pytest

from hypernetworks.app.build import builder_of
from hypernetworks.app.build.models import count_parameters
from hypernetworks.app.experiments import of_paper, row_names
from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.locations import experiments_dir
from hypernetworks.models import writing
from hypernetworks.report.protocol import load_figures
from hypernetworks.report.records import find
from hypernetworks.tasks import characters

TEXT = ("3", "4", "ptb_choices", "enwik8_quarter")
TRANSLATED = ("6", "multi30k")
EXAMPLES = {
    **dict.fromkeys(TEXT, "characters"),
    **dict.fromkeys(TRANSLATED, "target subwords"),
    "5": "points",
}
COMPARED = {"test_accuracy": ["test_error"], "test_bleu": ["test_bleu", "test_log_perplexity"]}
HIGHER = {"test_bleu"}
ONE_OF_EACH = (
    *("table2/hyper_wrn_40_1", "table3/hyperlstm_1000", "table4/ln_lstm_1800"),
    *("table5/ln_lstm_900", "table6/gnmt_lstm", "table7/hyper_cnn", "table_a1/mlp"),
)
TO_THE_END = row_names() if "HYPERNETWORKS_WHOLE_DEMO" in os.environ else ONE_OF_EACH


@pytest.fixture
def of_row(tmp_path):
    """Runs a row in demo, on the data of a folder: its record."""

    def run_row(row, data, *words):
        places = (f"data_dir={data}", f"results_dir={tmp_path}", "threads=1")
        cfg = compose_row(row, "demo", "logger=none", *places, *words)
        value = run(cfg)
        (record,) = find(tmp_path)
        assert (record["status"], record["steps"]) == ("finished", cfg.trainer.max_steps)
        assert record["selection"]["value"] == value
        assert record["parameters"] == count_parameters(builder_of(cfg).full_size(cfg))
        assert record["throughput"]["value"] > 0
        assert record["throughput"]["unit"] == f"{EXAMPLES.get(record['table'], 'images')}/s"
        assert arrays_drawn(record) <= arrays_kept(record)
        assert_measured(record)
        return record

    return run_row


@pytest.mark.parametrize("row", row_names())
def test_a_demo_row_is_stepped(row, of_row, data_dir, monkeypatch):
    """With little to read and to draw, and nothing to stand beside."""
    monkeypatch.setattr(characters, "SAMPLE", 50)
    monkeypatch.setattr(writing, "POINTS", 20)
    steps = ("trainer.max_steps=2", "trainer.eval_every=2")
    assert of_row(row, data_dir, *steps, "profile.baseline=false")["baseline"] is None


@pytest.mark.parametrize("row", TO_THE_END)
def test_a_demo_row_trains_and_beats_its_baseline(row, of_row, demo_data):
    record = of_row(row, demo_data)
    trivial = {name: metric["value"] for name, metric in record["baseline"]["metrics"].items()}
    assert_plausible(trivial, record)
    for metric in COMPARED.get(record["headline"][0], record["headline"][:1]):
        ours = record["metrics"][metric]["value"]
        assert ours > trivial[metric] if metric in HIGHER else ours < trivial[metric]


def test_one_row_of_each_of_the_papers_tables_trains_to_its_end():
    assert set(ONE_OF_EACH) <= set(row_names())
    tables = {row.partition("/")[0] for row in row_names() if of_paper(row)}
    assert [row.partition("/")[0] for row in sorted(ONE_OF_EACH)] == sorted(tables)


def arrays_drawn(record):
    """The names of the record's arrays that figures show."""
    figures = load_figures(experiments_dir()).values()
    return {f.array for f in figures if (record["table"], record["row"]) in f.rows} - {None}


def arrays_kept(record):
    if not record["arrays"]:
        return set()
    with np.load(record.path.parent / record["arrays"]) as arrays:
        return set(arrays)


def assert_measured(record):
    """The metrics of its task."""
    measured = record["metrics"].keys()
    if record["table"] in TEXT:
        assert measured == {"test_bpc", "valid_bpc", "valid_estimate_bpc"}
    elif record["table"] == "5":
        assert measured == {"valid_log_loss"}
        assert {"mean", "std", "train_points"} <= record["data"]["split"].keys()
    elif record["table"] in TRANSLATED:
        metrics = ("log_perplexity", "bleu", "bleu_13a")
        assert measured == {f"{split}_{m}" for split in ("valid", "test") for m in metrics}
    else:
        assert {"test_error", "test_accuracy", "valid_error"} <= measured


def assert_plausible(trivial, record):
    """What a trivial baseline measured is no better and no worse than one can be."""
    if record["table"] in TEXT:
        assert trivial["test_bpc"] < 7
    elif record["table"] == "5":
        assert trivial["valid_log_loss"] < 2000
    elif record["table"] in TRANSLATED:
        assert 0 < trivial["test_bleu"] < 50
        subwords = record["config"]["dataset"]["subwords"]
        assert 0 < trivial["test_log_perplexity"] < math.log(subwords)
    else:
        assert trivial["test_error"] < 90
