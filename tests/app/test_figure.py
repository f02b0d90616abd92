"""Figures from finished runs: files, provenance, the mirror in wandb."""

import json

import pytest

from hypernetworks.app.figure import main
from hypernetworks.app.run import run
from hypernetworks.locations import experiments_dir
from hypernetworks.report.protocol import load_figures
from tests.app.offline import read_back


def test_draws_and_mirrors(small, tmp_path, capsys):
    for row in ("mlp", "coord_mlp"):
        run(small(f"table_a1/{row}"))
    results = tmp_path / "results"
    assert main(["8", "--profile", "demo", "--results", str(results)]) == 0
    names = [f"figure8-demo.{suffix}" for suffix in ("png", "svg", "json")]
    assert capsys.readouterr().out.split() == [str(results / "figures" / name) for name in names]
    origin = json.loads((results / "figures" / "figure8-demo.json").read_text())
    assert [panel["row"] for panel in origin["drawn_from"]] == ["mlp", "coord_mlp"]
    assert {panel["data"] for panel in origin["drawn_from"]} == {"sample"}
    found = read_back(results / "wandb")
    assert found["history"][0]["item"]["figure 8._type"] == "image-file"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["9"],
            f"no figure '9'; there are: {', '.join(load_figures(experiments_dir()))}",
        ),
        (["2"], "table7/cnn, table7/hyper_cnn"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(arguments, message, tmp_path, capsys):
    assert main([*arguments, "--results", str(tmp_path)]) == (2 if arguments == ["9"] else 1)
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert message in errors
    assert errors.count("\n") == 1


def test_a_folder_that_is_none_is_one_line(command, small, tmp_path):
    for row in ("mlp", "coord_mlp"):
        run(small(f"table_a1/{row}"))
    for options in (["--results", "nowhere"], ["--out", "/etc/hostname"], ["--out", "/proc/nope"]):
        done = command("figure", "8", "--logger", "none", *options, check=False)
        assert done.returncode == (2 if "nowhere" in options else 1)
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert options[1] in line
