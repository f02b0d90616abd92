"""The demo as a user gets it: each row on generated data better than a trivial baseline."""

import pytest

from hypernetworks.app.experiments import row_names
from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.report.records import find

COMPARED = {"test_accuracy": ["test_error"], "test_bleu": ["test_bleu", "test_log_perplexity"]}
HIGHER = {"test_bleu"}


@pytest.mark.parametrize("row", row_names())
def test_a_demo_row_beats_its_baseline(row, data_dir, tmp_path):
    places = (f"data_dir={data_dir}", f"results_dir={tmp_path}", "threads=1")
    run(compose_row(row, "demo", "logger=none", *places))
    (record,) = find(tmp_path)
    for metric in COMPARED.get(record["headline"][0], record["headline"][:1]):
        ours = record["metrics"][metric]["value"]
        trivial = record["baseline"]["metrics"][metric]["value"]
        assert ours > trivial if metric in HIGHER else ours < trivial
