"""A folder of our own in `experiments/`: rows and labels from files, no number of the paper's."""

import re

import pytest

from hypernetworks.report.cli import main
from hypernetworks.report.folders import folder_name, in_order, table_of, tables_in
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.records import RecordError
from hypernetworks.report.tables import terminal_table

FILES = {
    "table.yaml": """\
table: multi30k
title: Two cells
metrics:
  - {name: test_error, unit: percent, better: lower, digits: 2}
  - {name: valid_error, unit: percent, better: lower, digits: 1}
""",
    "lite.yaml": 'words: ten minutes a row\nlabel: "{paper}, 2 + 2 layers"\n',
    "lstm.yaml": "paper: {label: LSTM, order: 1, params_exact: {total: 999}}\n",
    "hyperlstm.yaml": "paper: {label: HyperLSTM, order: 2, compare_with: lstm}\n",
}


@pytest.fixture
def folder(experiments):
    place = experiments / "multi30k"
    place.mkdir()
    for name, text in FILES.items():
        (place / name).write_text(text)
    return place


@pytest.fixture
def runs(folder, put):
    """Three seeds of both rows; by hand: differences of -0.1, -0.2, -0.3."""

    def write(tree, profile="lite", kind="stand-in"):
        for seed, (lstm, hyper) in enumerate([(0.8, 0.7), (0.8, 0.6), (1.1, 0.8)]):
            of_run = {"seed": seed, "table": "multi30k", "profile": profile, "kind": kind}
            put(tree, row="lstm", value=lstm, **of_run)
            put(tree, row="hyperlstm", value=hyper, **of_run)

    return write


def test_rows_labels_and_no_place_in_the_paper(folder, experiments):
    seventh, ours = load_tables(experiments)
    assert (seventh.id, ours.id, ours.paper) == ("7", "multi30k", None)
    assert [(row.id, row.values) for row in ours.rows] == [("lstm", {}), ("hyperlstm", {})]
    assert ours.label(ours.rows[1], "lite") == "HyperLSTM, 2 + 2 layers"


@pytest.mark.parametrize("kind", ["stand-in", "part", "real"])
@pytest.mark.parametrize("profile", ["lite", "paper"])
def test_the_tables_show_differences_and_nothing_of_the_papers(
    profile, kind, runs, results, experiments
):
    runs("published", profile, kind)
    runs("runs", profile, kind)
    ours = load_tables(experiments)[1]
    for text in (terminal_table(ours, results, profile), page(results, experiments)):
        assert re.search(r": published -0\.20 ± 0\.10 (lite )?\(n=3\)", text)
        assert text.count("0.90 ± 0.17") >= 1
        assert "†" not in text
        assert "reproduc" not in text
        assert not re.search(
            r"paper [+\d-]|\| paper +\||the paper's (say|order)|in the paper", text
        )
        words = ("ten minutes a row", "HyperLSTM, 2 + 2 layers - LSTM, 2 + 2 layers")
        assert all((word in text) == (profile == "lite") for word in words)
        assert "999" not in text or profile == "paper"


def page(results, experiments):
    """The section of TABLES.md."""
    write_published(results, experiments)
    assert check_published(results, experiments) is None
    return (results / "published" / "TABLES.md").read_text().partition("## Table multi30k")[2]


def test_the_pages_of_the_results(runs, results, experiments):
    for name in ("README.md", "docs/results.md"):
        (results.parent / name).parent.mkdir(exist_ok=True)
        (results.parent / name).write_text("<!-- results -->\n<!-- end of results -->\n")
    runs("published")
    page(results, experiments)
    text = (results.parent / "docs" / "results.md").read_text()
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in (results.parent / "docs" / "results.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    heads = [row for row in cells if row[0] in ("row", "difference, paired by seed")]
    assert not any("paper" in head for head in heads)
    assert ["-0.20 ± 0.10 (n=3)", "-0.10, -0.20, -0.30"] in [row[2:] for row in cells]
    assert "## Table multi30k. Two cells\n\ntest_error, percent, lower is better.\n" in text
    assert "the paper's order" not in text
    readme = (results.parent / "README.md").read_text()
    assert "LSTM, 2 + 2 layers" in text
    assert "LSTM, 2 + 2 layers" not in readme
    assert "Tables of our own, in docs/results.md: `multi30k` (Two cells)." in readme
    index = (results / "published" / "INDEX.md").read_text()
    assert index.count("| multi30k") == 6


def test_published_by_its_name(runs, results, experiments, capsys):
    runs("runs")
    places = ["--results", str(results), "--experiments", str(experiments)]
    assert main(["publish", "--table", "multi30k", "--profile", "lite", *places]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6
    assert main(["check", *places]) == 0


def test_what_runs_on_real_data_is_said_under_the_demo(folder, put, results, experiments, capsys):
    put(table="multi30k", row="lstm", profile="demo", kind="sample")
    places = ["--results", str(results), "--experiments", str(experiments)]
    assert main(["table", "--table", "multi30k", *places]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.endswith("make reproduce-table TABLE=multi30k PROFILE=lite")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("lstm.yaml", "order: 1", "order: 1, test_error: 3", "'paper.test_error': table.yaml says"),
        ("lstm.yaml", "order: 1", "order: 1, valid_error: 3", "'paper.valid_error': table.yaml"),
        (
            "table.yaml",
            "title",
            "quoted: [{label: A, test_error: 1}]\ntitle",
            "what does the paper",
        ),
        ("table.yaml", "table: multi30k", "table: multi", "'table' is 'multi', but the file's"),
    ],
)
def test_numbers_of_a_paper_that_is_not_named_are_refused(
    name, old, new, message, folder, experiments
):
    path = folder / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError, match=re.escape(message)) as refusal:
        load_tables(experiments)
    assert str(refusal.value).startswith(f"{path}: ")


def test_figures_of_it(folder, experiments):
    path = experiments / "figures.yaml"
    said = "{title: T, rows: [multi30k/lstm], array: a, drawing: kernels}"
    path.write_text(f"{path.read_text()}cells: {said}\n")
    figure = load_figures(experiments)["cells"]
    assert (figure.rows, figure.paper) == ((("multi30k", "lstm"),), None)


def test_names_of_folders():
    names = ["table7", "table_a1", "table10", "multi30k", "a_table"]
    assert [folder_name(table_of(name)) for name in names] == names
    assert [table_of(name) for name in names] == ["7", "a1", "10", "multi30k", "a_table"]


def test_the_order_of_tables():
    assert in_order(["mine", "10", "aa", "a1", "2"]) == ["2", "10", "a1", "aa", "mine"]


def test_a_folder_without_what_its_rows_share_is_known_from_records(folder, experiments):
    (folder / "table.yaml").unlink()
    assert tables_in(experiments) == ["7"]


@pytest.mark.parametrize("name", ["m1", "tablet"])
def test_a_name_like_those_of_the_papers_tables_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "table.yaml").write_text(f"table: {name}\n")
    with pytest.raises(RecordError, match=f"{name}: no name for a table of one's own"):
        tables_in(tmp_path)
