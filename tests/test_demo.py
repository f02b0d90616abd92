"""The demo as a user gets it: all rows on sample data, each better than a trivial baseline."""

from hypernetworks.app.experiments import experiment_files
from hypernetworks.report.records import find


def test_every_demo_row_beats_its_baseline(command, tmp_path):
    command("sweep=all", "logger=none")
    found = find(tmp_path / "results" / "runs")
    assert len(found) == len(experiment_files())
    for record in found:
        metric = {"3": "test_bpc", "4": "test_bpc"}.get(record["table"], "test_error")
        ours = record["metrics"][metric]["value"]
        assert ours < record["baseline"]["metrics"][metric]["value"], record["row"]

    text = command("table", module="hypernetworks.report").stdout
    assert text.count("SAMPLE DATA") >= 4
    assert text.count("baseline: linear classifier") == 3
    assert "make reproduce-table PROFILE=paper" in text.splitlines()[-1]
