from hypernetworks.report import records
from hypernetworks.report.cli import main
from hypernetworks.report.custom import all_tables, custom_tables, row_key
from hypernetworks.report.protocol import Metric
from hypernetworks.report.tables import terminal_table

BOTH = {
    "test_bpc": {"value": 1.5, "unit": "bits"},
    "valid_bpc": {"value": 1.625, "unit": "bits"},
}
SELECTION = {"metric": "valid_bpc", "better": "lower", "value": 1.6, "step": 1}


def text(put, **fields):
    headline = ["test_bpc", "valid_bpc"]
    return put(table="mine", metrics=BOTH, selection=SELECTION, headline=headline, **fields)


def test_a_table_from_its_records_alone(put, results, experiments):
    text(put, row="wide", label="Wide", profile="lite")
    text(put, row="deep", label="Deep, 3 layers", profile="lite", seed=1)
    seventh, mine = all_tables(experiments, results)
    assert (seventh.id, mine.id, mine.paper) == ("7", "mine", None)
    assert mine.metrics == (
        Metric("test_bpc", "bits", "lower", 3),
        Metric("valid_bpc", "bits", "lower", 3),
    )
    assert [(row.id, row.label) for row in mine.rows] == [
        ("deep", "Deep, 3 layers"),
        ("wide", "Wide"),
    ]
    shown = terminal_table(mine, results, "lite")
    assert shown.startswith("Table mine: of your own\ntest_bpc, bits, lower is better\n")
    assert "paper" not in shown
    assert "1.500 (n=1)" in shown
    assert "1.625" in shown


def test_runs_of_another_profile_are_shown_marked(put, results, experiments):
    text(put, row="wide", label="Wide", profile="lite")
    shown = terminal_table(all_tables(experiments, results)[1], results, "demo")
    assert "1.500 lite (n=1)" in shown


def test_unnamed_runs_are_told_apart_by_their_configuration(put, results, experiments):
    for rate in (0.1, 0.2):
        record = {"table": "custom", "row": "custom", "label": "custom", "trainer": {"lr": rate}}
        put(**record, overrides=["model=cnn"], seed=round(10 * rate))
    table = all_tables(experiments, results)[1]
    found = records.find(results / "runs", "custom")
    assert {row.id for row in table.rows} == {row_key(record) for record in found}
    assert {row.label for row in table.rows} == {f"cnn on mnist, {row_key(r)}" for r in found}
    assert terminal_table(table, results, "paper").count("0.72 (n=1)") == 2


def test_labels_are_those_of_the_newest_run(make):
    runs = [
        make(table="mine", label="New", created="2025-02-01T00:00:00Z"),
        make(table="mine", label="Old"),
    ]
    [table] = custom_tables([records.Record(run, None) for run in runs], {"7"})
    assert [row.label for row in table.rows] == ["New"]


def test_a_metric_that_nothing_was_selected_by(make):
    run = make(table="mine", headline=["test_score"], status="interrupted")
    [table] = custom_tables([records.Record(run, None)], ())
    assert table.metric == Metric("test_score", "unit unknown", None, 4)


def test_texts_and_images_are_tables_of_their_own(put, results, experiments, capsys):
    """No number in common: in one table every other run would look as if it had not run."""
    unnamed = {"table": "custom", "row": "custom", "label": "custom"}
    put(**unnamed, overrides=["model=cnn", "trainer.lr=0.1"], seed=1)
    headline = ["test_bpc", "valid_bpc"]
    put(**unnamed, metrics=BOTH, selection=SELECTION, headline=headline, trainer={"lr": 0.2})
    assert (
        main(["report", "--table", "custom", "--profile", "paper", "--results", str(results)]) == 0
    )
    shown = capsys.readouterr().out
    assert "0.72 (n=1)" in shown
    assert "1.500 (n=1)" in shown
    assert shown.count("not run") == 2, "the published column of either table, no cell of yours"
    assert "not counted" not in shown
    assert "cnn on mnist, trainer.lr=0.1, " in shown
