from pathlib import Path

import pytest

from hypernetworks.locations import experiments_dir
from hypernetworks.report.folders import folder_name
from hypernetworks.report.protocol import (
    Metric,
    Quoted,
    Row,
    load_figures,
    load_tables,
    pick,
)
from hypernetworks.report.records import RecordError


def test_a_table_as_written(experiments):
    [table] = load_tables(experiments)
    assert (table.id, table.title, table.paper) == ("7", "Two networks", "appendix Z")
    assert table.metric == Metric("test_error", "percent", "lower", 2)
    assert table.metrics[1:] == (Metric("valid_error", "percent", "lower", 1),)
    assert table.quoted == (Quoted("Somebody else", 1.5, 1.7e6),)
    # by paper.order, not by file name
    assert table.rows == (
        Row("cnn", "Normal Convnet", 1, {"test_error": 0.72}, None, {"second_kernel": 12544}, None),
        Row(
            "hyper_cnn",
            "Hyper Convnet",
            2,
            {"test_error": 0.76},
            None,
            {"second_kernel": 4244},
            "cnn",
        ),
    )
    assert table.row("hyper_cnn") is table.rows[1]
    assert table.row("other") is None


def test_the_papers_order(experiments):
    for table in ("a1", "10", "3"):
        folder = experiments / folder_name(table)
        folder.mkdir()
        for file in (experiments / "table7").iterdir():
            text = file.read_text().replace('table: "7"', f'table: "{table}"')
            (folder / file.name).write_text(text)
    assert [table.id for table in load_tables(experiments)] == ["3", "7", "10", "a1"]


def test_figures(experiments):
    figure = load_figures(experiments)["2"]
    assert figure.rows == (("7", "cnn"), ("7", "hyper_cnn"))
    assert (figure.array, figure.drawing) == ("second_kernel", "kernels")


FAULTS = [
    ("table7/table.yaml", "digits: 2", "digits: two", "'digits' must be of type int"),
    ("table7/table.yaml", "better: lower", "better: less", "'better' must be lower or"),
    ("table7/table.yaml", "title: Two networks\n", "", "'title' is missing"),
    ("table7/table.yaml", 'table: "7"', 'table: "6"', "'table' is '6', but the file's place"),
    ("table7/table.yaml", "test_error: 1.5", "error: 1.5", "'test_error' is missing"),
    ("table7/cnn.yaml", "test_error: 0.72", "test_bpc: 1.2", "'paper.test_error' is missing"),
    ("table7/lite.yaml", "  hyper_cnn:", "  hyper:", "'rows' names no row: hyper"),
    ("table7/lite.yaml", "label: Small Hyper Convnet", "label: 5", "'rows.hyper_cnn.label' must"),
    ("table7/cnn.yaml", "order: 1", "order: true", "'paper.order' must be of type int"),
    ("table7/cnn.yaml", "12544", "1.5", "'second_kernel' must be of type int"),
    ("table7/hyper_cnn.yaml", "compare_with: cnn", "compare_with: x", "names no row: x"),
    ("table7/cnn.yaml", "paper: {", "paper: [", "cannot be read"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), FAULTS)
def test_faults_name_file_and_key(name, old, new, message, experiments):
    path = experiments / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RecordError) as refusal:
        load_tables(experiments)
    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "drawing: kernels",
            "drawing: cubes",
            "'2.drawing' must be kernels or filters or gates or",
        ),
        ("table7/cnn", "tableseven/cnn", "'2.rows': 'tableseven/cnn' is not like table7/cnn"),
        ("table7/cnn", "7/cnn", "'2.rows': '7/cnn' is not like table7/cnn"),
        ("  array: second_kernel\n", "", "'2.array' is missing"),
    ],
)
def test_faults_of_figures(old, new, message, experiments):
    path = experiments / "figures.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(RecordError) as refusal:
        load_figures(experiments)
    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)


def test_a_folder_without_table_yaml_is_named(experiments):
    (experiments / "table2").mkdir()
    with pytest.raises(RecordError, match=r"table2/table\.yaml: cannot be read"):
        load_tables(experiments)


def test_pick_names_the_valid_ones():
    assert pick({"7": 0, "a1": 2}, "a1", "table") == 2
    assert pick({"7": 0, "a1": 2}, "A1", "table") == 2
    assert pick({"7": 0, "a1": 2}, "7", "table") == 0
    with pytest.raises(RecordError, match=r"no table 'a2'; did you mean a1\? there are: 7, a1"):
        pick({"7": 1, "a1": 2}, "a2", "table")


def test_the_projects_own_files_load():
    tables = {table.id: table for table in load_tables(experiments_dir())}
    assert tables["7"].metric.name == "test_error"
    assert tables["a1"].metric.better == "higher"
    numbers = {
        row.id: row.values[tables[id_].metric.name]
        for id_ in ("7", "a1")
        for row in tables[id_].rows
    }
    paper = {"cnn": 0.72, "hyper_cnn": 0.76, "mlp": 98.5, "coord_mlp": 93.5}
    assert numbers == paper
    for figure in load_figures(experiments_dir()).values():
        assert all(tables[id_].row(row) for id_, row in figure.rows if id_ in tables)


def test_the_projects_files_are_data_and_no_code():
    assert not list(Path(experiments_dir()).rglob("*.py"))


def test_what_profiles_call_the_rows(experiments):
    [table] = load_tables(experiments)
    cnn, hyper = table.rows
    names = {p: [table.label(row, p) for row in (cnn, hyper)] for p in ("paper", "lite", "demo")}
    assert names["lite"] == ["Normal Convnet, few epochs", "Small Hyper Convnet"]
    assert names["paper"] == names["demo"] == ["Normal Convnet", "Hyper Convnet"]
    assert table.profiles["lite"].words == "fewer epochs"


def test_files_of_profiles_are_no_rows(experiments):
    for profile in ("demo", "paper"):
        (experiments / "table7" / f"{profile}.yaml").write_text("words: less\n")
    assert [row.id for row in load_tables(experiments)[0].rows] == ["cnn", "hyper_cnn"]
