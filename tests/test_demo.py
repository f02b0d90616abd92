"""The demo as a user gets it: each row trains on generated data and beats a trivial baseline."""

import math

import numpy as np
import pytest

from hypernetworks.app.build import builder_of
from hypernetworks.app.build.models import count_parameters
from hypernetworks.app.experiments import row_names
from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.locations import experiments_dir
from hypernetworks.report.protocol import load_figures
from hypernetworks.report.records import find

TEXT = ("3", "4", "ptb_choices", "enwik8_quarter")
TRANSLATED = ("6", "multi30k")
EXAMPLES = {
    **dict.fromkeys(TEXT, "characters"),
    **dict.fromkeys(TRANSLATED, "target subwords"),
    "5": "points",
}
COMPARED = {"test_accuracy": ["test_error"], "test_bleu": ["test_bleu", "test_log_perplexity"]}
HIGHER = {"test_bleu"}


@pytest.mark.parametrize("row", row_names())
def test_a_demo_row_trains_and_beats_its_baseline(row, data_dir, tmp_path):
    places = (f"data_dir={data_dir}", f"results_dir={tmp_path}", "threads=1")
    cfg = compose_row(row, "demo", "logger=none", *places)
    value = run(cfg)
    (record,) = find(tmp_path)
    steps = cfg.trainer.max_steps
    assert (record["status"], record["steps"]) == ("finished", steps)
    assert record["selection"]["value"] == value
    assert record["throughput"]["value"] > 0
    assert record["throughput"]["unit"] == f"{EXAMPLES.get(record['table'], 'images')}/s"
    assert record["parameters"] == count_parameters(builder_of(cfg).full_size(cfg))
    assert arrays_drawn(record) <= arrays_kept(record)
    trivial = {name: metric["value"] for name, metric in record["baseline"]["metrics"].items()}
    measures_of_the_task(record, trivial)
    for metric in COMPARED.get(record["headline"][0], record["headline"][:1]):
        ours = record["metrics"][metric]["value"]
        assert ours > trivial[metric] if metric in HIGHER else ours < trivial[metric]


def arrays_drawn(record):
    """The names of the record's arrays that figures show."""
    figures = load_figures(experiments_dir()).values()
    return {f.array for f in figures if (record["table"], record["row"]) in f.rows} - {None}


def arrays_kept(record):
    if not record["arrays"]:
        return set()
    with np.load(record.path.parent / record["arrays"]) as arrays:
        return set(arrays)


def measures_of_the_task(record, trivial):
    measured = record["metrics"].keys()
    if record["table"] in TEXT:
        assert measured == {"test_bpc", "valid_bpc", "valid_estimate_bpc"}
        assert trivial["test_bpc"] < 7
    elif record["table"] == "5":
        assert measured == {"valid_log_loss"}
        assert trivial["valid_log_loss"] < 2000
        assert {"mean", "std", "train_points"} <= record["data"]["split"].keys()
    elif record["table"] in TRANSLATED:
        metrics = ("log_perplexity", "bleu", "bleu_13a")
        assert measured == {
            f"{split}_{metric}" for split in ("valid", "test") for metric in metrics
        }
        assert 0 < trivial["test_bleu"] < 50
        subwords = record["config"]["dataset"]["subwords"]
        assert 0 < trivial["test_log_perplexity"] < math.log(subwords)
    else:
        assert {"test_error", "test_accuracy", "valid_error"} <= measured
        assert trivial["test_error"] < 90
