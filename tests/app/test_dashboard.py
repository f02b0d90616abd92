"""The workspace and the report: every panel shows what a run logs, by its name there."""

import json
from types import SimpleNamespace

import pytest

from hypernetworks.app import dashboard, mirror
from hypernetworks.app.run import run
from tests.app.offline import read_back, summary_of

pytest.importorskip("wandb_workspaces")


def panels_in(value):
    """All panels anywhere in a JSON: (kind, the names that it shows)."""
    if isinstance(value, list):
        return [found for part in value for found in panels_in(part)]
    if not isinstance(value, dict):
        return []
    config = value.get("config")
    if "viewType" in value:
        shown = config.get("metrics") or config.get("mediaKeys")
        return [(value["viewType"], shown or [json.dumps(config)])]
    return panels_in(list(value.values()))


@pytest.fixture
def boards(tmp_path, capsys):
    """What the command writes for a table: report, workspace, the printed line."""

    def make(*words):
        assert dashboard.main([*words, "--results", str(tmp_path / "results")]) == 0
        folder = tmp_path / "results" / "dashboard"
        texts = [(folder / f"{name}.json").read_text() for name in ("report", "workspace")]
        return *map(json.loads, texts), capsys.readouterr().out

    return make


def test_a_run_logs_what_is_shown_of_its_table(boards, small, tmp_path):
    report, workspace, printed = boards("--table", "7", "--project", "mine")
    assert printed.startswith("not logged in to wandb")
    assert f"{tmp_path}/results/dashboard/report.json" in printed
    assert (report["project"], workspace["project"]) == ("mine", "mine")

    run(small("table7/hyper_cnn", logger="wandb"))
    found = read_back(tmp_path / "results" / "wandb")
    logged = {name for entry in found["history"] for name in entry["item"]} | {*summary_of(found)}
    logged |= {name.removesuffix("._type") for name in logged}
    for board in (report, workspace):
        names = {name for _, shown in panels_in(board) for name in shown}
        assert {name for name in names if not name.startswith("mnist/")} <= logged
        assert {name.replace("mnist/", "mnist_generated/") for name in names} <= logged
    config = found["run"][0]["config"]["update"]
    assert {"table", "row"} <= set(config)  # by which both group and choose
    columns = workspace["spec"]["section"]["runSets"][0]["runFeed"]["columnOrder"]
    assert {c.partition(":")[2] for c in columns if c.startswith("summary:")} <= logged


def test_a_chart_a_row_has_the_papers_number_as_a_line(boards):
    report, workspace, _ = boards("--table", "7")
    curve = ["mnist/curve/valid_error", "mnist/paper/test_error"]
    assert ("Run History Line Plot", curve) in panels_in(workspace)
    grids = [b["metadata"] for b in report["spec"]["blocks"] if b["type"] == "panel-grid"]
    chosen = [
        [(f["key"]["name"], f["value"]) for f in grid["runSets"][0]["filters"]["filters"]]
        for grid in grids
    ]
    rows = [[("table", "7"), ("row", row)] for row in ("cnn", "hyper_cnn")]
    assert chosen == [[("table", "7")], *rows]
    assert all(("Run History Line Plot", curve) in panels_in(grid) for grid in grids)


def test_every_table_is_shown_with_its_own_kinds_of_media_and_no_two_sets_share_a_chart(boards):
    report, workspace, _ = boards()
    found = panels_in(workspace)
    names = {name for _, shown in found for name in shown}
    for kind in ("text", "gates", "phi_c"):
        assert {f"ptb_generated/media/{kind}", f"enwik8_prefix/media/{kind}"} <= names
    assert {"unipen_stand_in/media/handwriting", "iam/media/pen"} <= names
    assert {"cifar10/media/group1_kernel", "mnist/media/hidden_filters"} <= names
    assert any(kind == "Weave" and "wmt14_part/media/translations" in n for kind, (n, *_) in found)
    # The paper's numbers stand beside curves of their own unit, and beside no stand-in.
    curves = [shown for kind, shown in found if kind == "Run History Line Plot"]
    assert ["mnist/curve/valid_accuracy", "mnist/paper/test_accuracy"] in curves
    assert ["wmt14/curve/valid_log_perplexity", "wmt14/paper/test_log_perplexity"] in curves
    assert ["unipen_stand_in/curve/valid_log_loss"] in curves
    assert all(len({name.partition("/")[0] for name in shown}) == 1 for _, shown in found)
    titles = json.dumps(report["spec"]["blocks"])
    assert all(f"Table {table}: " in titles for table in ("2", "6", "a1", "multi30k"))


def test_where_one_is_logged_in_they_are_created(monkeypatch, tmp_path, capsys):
    from wandb_workspaces import reports, workspaces

    made = []

    def save(board):
        made.append((type(board).__name__, board.entity, board.project))
        return SimpleNamespace(url=f"https://{made[-1][0]}")

    monkeypatch.setattr(mirror, "mode_of", lambda mode: "online")
    monkeypatch.setattr(reports.v2.Report, "save", save)
    monkeypatch.setattr(workspaces.Workspace, "save", save)
    words = ["--table", "7", "--entity", "team", "--results", str(tmp_path)]
    assert dashboard.main(words) == 0
    assert made == [("Report", "team", "hypernetworks"), ("Workspace", "team", "hypernetworks")]
    assert capsys.readouterr().out == "https://Report\nhttps://Workspace\n"

    def refuse(board):
        raise ConnectionError("no\nanswer")

    monkeypatch.setattr(reports.v2.Report, "save", refuse)
    assert dashboard.main(words) == 1
    assert capsys.readouterr().err == "error: wandb did not take it: no answer\n"


def test_an_unknown_table_is_one_line(tmp_path, capsys):
    assert dashboard.main(["--table", "9", "--results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: no table '9'")
    assert not list(tmp_path.iterdir())
