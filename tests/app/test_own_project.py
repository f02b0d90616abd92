"""A folder of one's own, beside the installed package: row, trainer, model, text, images."""

import shlex
import subprocess
import sys
import zipfile

import pytest
from PIL import Image

from hypernetworks.report.page.origins import command
from hypernetworks.report.records import find, read
from tests.conftest import ROOT, warm_starts

SHORT = ("trainer.max_steps=4", "trainer.eval_every=2", "threads=1", "logger=none")
FILES = {
    "conf/experiment/mine/small.yaml": """\
# @package _global_
defaults:
  - override /model: hyperlstm
  - override /dataset: text
  - override /trainer: mine
table: mine
row: small
dataset: {path: text.txt}
model: {hidden_size: 12, hyper_size: 4}
paper: {label: A small HyperLSTM}
""",
    "conf/experiment/mine/net.yaml": """\
# @package _global_
defaults:
  - override /model: wide
  - override /dataset: images
table: mine
row: net
dataset: {path: pictures}
""",
    "conf/trainer/mine.yaml": "optimizer: AdamW\nlr: 0.003\nmax_epochs: null\nmax_steps: 4\n",
    "conf/model/wide.yaml": "_target_: nets.Net\nwidth: 6\n",
    "nets.py": """\
import math
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width, image_shape, classes):
        pixels = math.prod(image_shape)
        super().__init__(
            nn.Flatten(), nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, classes)
        )
""",
    "text.txt": "Überall summt's. So it goes on and on, über and über.\n" * 60,
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs the command line of the package unpacked from its wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    with warm_starts(PYTHONPATH=str(folder / "site")) as run:
        yield run


@pytest.fixture
def project(installed, tmp_path, tmp_path_factory):
    """An empty folder with the user's files; runs the installed package's command line there."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for number in range(40):
        kind = ("cats", "dogs", "owls")[number % 3]
        (tmp_path / "pictures" / kind).mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (12, 10), (number * 6, 90 * (number % 3), 50))
        picture.save(tmp_path / "pictures" / kind / f"{number}.png")

    printed = tmp_path_factory.mktemp("printed")
    outputs = (printed / "stdout", printed / "stderr")

    def call(*arguments, check=True):
        done = installed(arguments, tmp_path, outputs)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call


def test_rows_of_ones_own_train_are_reported_and_sampled_from(project, tmp_path):
    project("--config-dir", "conf", "experiment=mine/small", *SHORT)
    (record,) = find(tmp_path / "results")
    assert (record["table"], record["row"], record["label"]) == (
        "mine",
        "small",
        "A small HyperLSTM",
    )
    assert record["config"]["trainer"]["optimizer"] == "AdamW"
    assert "Ü" in record["data"]["split"]["alphabet"]
    assert record["overrides"] == ["trainer.max_steps=4", "trainer.eval_every=2"]
    assert record["search_path"] == ["--config-dir=conf"]
    again = shlex.split(command([record], of_paper=False))[3:]
    project(*again, *SHORT, "results_dir=again")
    assert find(tmp_path / "again")[0]["config_hash"] == record["config_hash"]
    text = project("report", "--table", "mine").stdout
    assert "A small HyperLSTM" in text
    drawn = project("sample", "mine/small", "--length", "20", "--prime", "über").stdout
    assert drawn.startswith("über")
    words = ("figure", "4", "--record", str(record.path), "--logger", "none")
    assert f"results/figures/figure4-{record['id']}.png" in project(*words).stdout.split()


def test_other_ways_to_name_them(project, tmp_path):
    search = f"hydra.searchpath=[file://{tmp_path / 'conf'}]"
    for words in ([search, "experiment=mine/small"], ["-cd", "conf", "+experiment=mine/small"]):
        assert "row: small" in project(*words, "--cfg", "job").stdout
    text = project("-cd", "conf", "experiment=mine/small", "--explain", "trainer.lr").stdout
    assert text.splitlines()[-1] == "  conf/trainer/mine.yaml: 0.003"
    text = project("-cd", "conf", "experiment=mine/small", "--explain", "model.hyper_size").stdout
    assert "conf/experiment/mine/small.yaml: 4" in text
    for words in (["--config-dir", "con"], ["hydra.searchpath=[file://con]"]):
        typo = project(*words, "experiment=mine/small", check=False)
        named = "it is named by --config-dir or hydra.searchpath"
        assert typo.stderr == f"error: con: there is no such folder; {named}\n"
        assert typo.returncode == 2
    typo = project("--config-dir", "conf", "experiment=mine/smal", check=False)
    assert typo.stderr.strip() == (
        "error: experiment=mine/smal: unknown choice; did you mean mine/small?"
    )


def test_a_model_and_images_of_ones_own(project, tmp_path):
    project("--config-dir", "conf", "experiment=mine/net", *SHORT)
    own = ("model=own", "model._target_=nets.Net", "model.width=5")
    search = f"hydra.searchpath=[file://{tmp_path / 'conf'}]"
    project(*own, "dataset=images", "dataset.path=pictures", search, *SHORT)
    project("model=resnet", "model.depth=10", "dataset=images", "dataset.path=pictures", *SHORT)
    records = {r["config"]["model"].get("width", 0): r for r in find(tmp_path / "results")}
    assert set(records) == {6, 5, 0}
    assert records[5]["search_path"] == [search]
    assert "search_path" not in records[0]
    assert records[6]["data"]["split"]["classes"] == ["cats", "dogs", "owls"]
    assert records[6]["parameters"]["total"] == 12 * 10 * 3 * 6 + 6 + 6 * 3 + 3


def test_code_that_a_record_names_runs_only_when_trusted(project, tmp_path):
    """A record is data, perhaps somebody else's."""
    (tmp_path / "own.py").write_text(
        "from hypernetworks.models.character import CharacterModel\n"
        "from hypernetworks import LSTM\n"
        "def model(symbols): return CharacterModel(LSTM(symbols, 5))\n"
    )
    words = ("model=own", "model._target_=own.model", "dataset=text", "dataset.path=text.txt")
    project(*words, *SHORT)
    (record,) = find(tmp_path / "results")
    refused = project("sample", str(record.path), check=False)
    assert refused.returncode == 1
    assert "own.model" in refused.stderr
    assert "--trust" in refused.stderr
    assert project("sample", str(record.path), "--trust", "--length", "9").stdout
    assert read(record.path)["id"] == record["id"]


def test_text_in_the_shape_of_bytes_and_folders(project, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("train", "valid", "test"):
        (folder / f"{name}.txt").write_bytes(b"\xff\x00 some bytes\n" * 200)
    words = ("model=lstm", "dataset=text", "dataset.path=texts", "dataset.form=bytes")
    project(*words, *SHORT)
    (record,) = find(tmp_path / "results")
    assert record["data"]["split"]["train"] == 14 * 200
    strict = project("model=lstm", "dataset=text", "dataset.path=texts", *SHORT, check=False)
    assert strict.returncode == 1
    assert "dataset.form=bytes" in strict.stderr
