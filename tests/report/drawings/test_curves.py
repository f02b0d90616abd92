import json
import shutil

import pytest

from hypernetworks.report.drawn import drawn_fault
from hypernetworks.report.figures import draw
from hypernetworks.report.records import RecordError


def test_curves_of_all_rows(run, figure, experiments, results, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    lines = []
    real = Axes.plot

    def listen(self, *data, **options):
        lines.append((*data, options["label"]))
        return real(self, *data, **options)

    titles = []
    monkeypatch.setattr(Axes, "plot", listen)
    monkeypatch.setattr(Axes, "set_title", lambda self, text, **_: titles.append(text))
    run("cnn", {}, profile="lite", parameters={"total": 12})
    run("hyper_cnn", {}, curve=((100, 2.0),), profile="lite", parameters={"total": 1234})
    figure("curves")
    paths = draw("99", experiments, results, "lite", tmp_path / "out")
    assert [path.suffix for path in paths] == [".png", ".svg", ".json"]
    assert lines[:2] == [
        ([100, 200], [3.0, 2.5], "Normal Convnet, few epochs"),
        ([100], [2.0], "Small Hyper Convnet"),
    ]
    assert titles[0] == "A <figure>\nprofile lite, real data, seed 0"


@pytest.mark.parametrize(
    "text",
    [
        '{"step": 100}',
        "[1]",
        "3",
        '"x"',
        '{"step": Infinity, "valid_bpc": 1}',
        '{"step": 1, "valid_bpc": NaN}',
        '{"step": 1, "valid_bpc": {}}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_damaged_curve_is_named(text, run, figure, drawn):
    path = run("cnn", {}).with_suffix(".curve.jsonl")
    run("hyper_cnn", {})
    path.write_text(f"{text}\n")
    figure("curves")
    with pytest.raises(RecordError, match=r"curve.jsonl: no curve of valid_bpc"):
        drawn()


@pytest.fixture
def two_tables(experiments):
    """Figure 99 of the rows of table 7 and of a table 8 like it."""
    shutil.copytree(experiments / "table7", experiments / "table8")
    path = experiments / "table8" / "table.yaml"
    path.write_text(path.read_text().replace('"7"', '"8"'))
    rows = ", ".join(f"table{k}/{row}" for k in (7, 8) for row in ("cnn", "hyper_cnn"))
    with (experiments / "figures.yaml").open("a") as file:
        file.write(f"'99': {{title: T, paper: P, rows: [{rows}], drawing: curves}}\n")


@pytest.fixture
def plots(monkeypatch):
    """What each plot shows: its title, its curves, its words."""
    from matplotlib.axes import Axes

    found = []

    def keep(kind):
        real = getattr(Axes, kind)

        def listen(self, *given, **options):
            shown = next((plot for plot in found if plot["axes"] is self), None)
            if shown is None:
                shown = {"axes": self, "set_title": [], "plot": [], "text": []}
                found.append(shown)
            shown[kind].append(given)
            return real(self, *given, **options)

        monkeypatch.setattr(Axes, kind, listen)

    for kind in ("set_title", "plot", "text"):
        keep(kind)
    return found


def test_two_tables_have_a_plot_each_with_its_own_metric(run, two_tables, drawn, plots):
    for row in ("cnn", "hyper_cnn"):
        run(row, {})
        run(row, {}, ((10, -3.0),), "valid_log_loss", table="8")
    files = drawn()
    assert json.loads(files[".json"])["missing"] == []
    left, right = plots
    assert left["plot"] == [([100, 200], [3.0, 2.5])] * 2
    assert right["plot"] == [([10], [-3.0])] * 2
    assert left["set_title"] == [("Table 7\nprofile paper, real data, seed 0",)]
    assert right["axes"].get_ylabel() == "valid_log_loss, during training"


def test_a_table_without_runs_is_said_to_be_missing(
    run, two_tables, plots, experiments, results, tmp_path
):
    for row in ("cnn", "hyper_cnn"):
        run(row, {})
    *_, path = draw("99", experiments, results, "paper", tmp_path)
    said = json.loads(path.read_text())
    (words,) = said["missing"]
    assert words == (
        "figure 99 without table 8, which has no finished run in profile paper; "
        "make reproduce-table TABLE=8 PROFILE=paper"
    )
    assert [drawing["table"] for drawing in said["drawn_from"]] == ["7", "7"]
    ((_, _, text),) = plots[1]["text"]
    assert " ".join(text.split()) == words
    assert plots[1]["plot"] == []


def test_a_table_of_which_some_rows_are_missing_is_refused(run, two_tables, drawn):
    for table in "78":
        run("cnn", {}, table=table)
    run("hyper_cnn", {})
    with pytest.raises(RecordError, match="no finished run with curve of table8/hyper_cnn; make"):
        drawn()


def test_without_any_run_all_rows_are_missing(two_tables, drawn):
    with pytest.raises(RecordError, match="of table7/cnn, table7/hyper_cnn, table8/cnn, table8/hy"):
        drawn()


def test_curves_of_different_metrics_in_one_plot_are_refused(run, figure, drawn):
    run("cnn", {})
    run("hyper_cnn", {}, metric="valid_error")
    figure("curves")
    with pytest.raises(RecordError, match="curves of different metrics: valid_bpc, valid_error"):
        drawn()


def test_what_was_drawn_before_a_table_was_added_is_recognised(
    run, two_tables, experiments, results, tmp_path
):
    """And no longer once that table has published runs."""
    for row in ("cnn", "hyper_cnn"):
        run(row, {})
    (results / "runs").rename(results / "published")
    *_, path = draw("99", experiments, results, "paper", tmp_path)
    said = json.loads(path.read_text())
    assert drawn_fault(tmp_path, experiments, results) is None
    del said["missing"]
    path.write_text(json.dumps(said))
    assert drawn_fault(tmp_path, experiments, results) is None
    for row in ("cnn", "hyper_cnn"):
        run(row, {}, table="8")
    (results / "runs" / "8").rename(results / "published" / "8")
    assert "not drawn from what is published now" in drawn_fault(tmp_path, experiments, results)
