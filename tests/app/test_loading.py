"""`hypernetworks.load`: the model that a run evaluated, from its record and its checkpoint."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import hypernetworks
from hypernetworks.app.build import build
from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from hypernetworks.data.generated import translations
from hypernetworks.report.records import find
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import Checkpoint
from hypernetworks.training.measuring import measure
from tests.app.conftest import SMALL
from tests.app.test_sample import edited

TASKS = ("images", "characters", "handwriting", "translation")


@pytest.fixture(scope="module")
def ran(data_dir, tmp_path_factory):
    """By task, the configuration of a small run that has ended."""
    folder = tmp_path_factory.mktemp("loaded")
    translations.write(folder / "text", 200, 10, names=("train", "valid", "test"))
    pairs = ["dataset=parallel_text", f"dataset.path={folder / 'text'}", "dataset.subwords=150"]
    small = ["model.hidden_size=16", "model.hyper_size=8"]
    words = {
        "images": ["model=mlp", "dataset=cifar10"],
        "characters": ["model=layernorm_hyperlstm", *small, "dataset=ptb"],
        "handwriting": ["model=hyperlstm", *small, "dataset=iam"],
        "translation": ["model=lstm", "model.hidden_size=16", *pairs],
    }
    found = {}
    for task, own in words.items():
        places = [f"data_dir={data_dir}", f"results_dir={folder / 'results'}", "logger=none"]
        cfg = compose_words(
            *SMALL, "trainer.max_steps=2", *places, "table=mine", f"row={task}", *own
        )
        run(cfg)
        found[task] = cfg
    return found


def record_of(cfg):
    (record,) = find(Path(cfg.results_dir), "mine", cfg.row)
    return record


@pytest.mark.parametrize("task", TASKS)
def test_it_gives_the_metrics_of_the_record(ran, task):
    """On the data that the run had, which are built again for this."""
    record = record_of(ran[task])
    trained = hypernetworks.load(record.path)
    assert (trained.task, trained.step) == (task, record["selection"]["step"])
    assert trained.config["model"]["name"] == ran[task].model.name
    assert not trained.model.training
    experiment, _ = build(ran[task], Placement(torch.device("cpu")))
    at_end = [evaluation for evaluation in experiment.evaluations if evaluation.at_end]
    found = measure(trained.model, experiment.task, at_end)
    assert found == {name: metric["value"] for name, metric in record["metrics"].items()}


@pytest.fixture
def copied(ran, tmp_path):
    """The record of a copy of a task's run."""

    def copy(task="characters"):
        home = record_of(ran[task]).path.parent
        shutil.copytree(home, tmp_path / "runs" / "mine" / home.name)
        (record,) = find(tmp_path)
        return record

    return copy


def test_images_are_prepared_as_they_were_in_training(ran):
    cfg = ran["images"]
    trained = hypernetworks.load(record_of(cfg).path)
    experiment, _ = build(cfg, Placement(torch.device("cpu")))
    (test,) = (e.batches for e in experiment.evaluations if e.name == "test")
    images, _ = next(test.epoch(0))
    assert (trained.image_shape, trained.classes) == ((3, 32, 32), 10)
    assert torch.equal(trained.prepare(test.crops[: len(images), :, 0, 0]), images)


def test_what_a_model_reads_comes_with_it(ran):
    text = hypernetworks.load(record_of(ran["characters"]).path)
    assert text.alphabet.decode(text.alphabet.encode(b"the bank")) == b"the bank"
    pen = hypernetworks.load(record_of(ran["handwriting"]).path)
    assert hypernetworks.write(pen.model, pen.moments, 1, 5).shape == (1, 5, 3)
    pairs = hypernetworks.load(record_of(ran["translation"]).path)
    assert pairs.subwords.decode(pairs.subwords.encode(["the dog"])[0]) == "the dog"


def test_by_row_by_folder_and_by_file_it_is_the_same_run(copied, tmp_path):
    record = copied()
    folder = record.path.with_suffix("")
    runs = [hypernetworks.load("mine/characters", results=tmp_path)]
    runs += [hypernetworks.load(place) for place in (folder, str(record.path), f"{folder}/")]
    assert {run.record.path.resolve() for run in runs} == {record.path.resolve()}


def test_it_needs_no_data_and_changes_no_file(copied, data_dir, tmp_path, monkeypatch):
    record = copied("handwriting")
    monkeypatch.setenv("HYPERNETWORKS_DATA", str(tmp_path / "nowhere"))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    hypernetworks.load(record.path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def refused(what, **options):
    with pytest.raises(hypernetworks.LoadError) as caught:
        hypernetworks.load(what, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_runs_that_there_are_not(copied, tmp_path):
    assert "give a row, such as table3/lstm_1000, a record's file" in refused("lstm_1000")
    assert "no run of profile paper" in refused("mine/lstm", profile="paper", results=tmp_path)
    assert "cannot be read as JSON" in refused(tmp_path / "nothing.json")
    record = copied()
    assert "device=tpu cannot be used here" in refused(record.path, device="tpu")


def test_a_checkpoint_that_cannot_be_the_runs(copied):
    record = copied()
    checkpoint = Checkpoint(record.path.with_suffix("") / "checkpoint.pt")
    state = checkpoint.load()
    for change, told in (
        ({"identity": "another"}, "belongs to another run"),
        ({"best_weights": {}}, "does not hold the weights of this model"),
        ({"progress": {"step": 1, "of_a_later_version": 2}}, "does not hold what a run saves"),
        ({"curve": torch.nn.Linear(1, 1)}, "more than tensors and plain values"),
    ):
        for path in (checkpoint.path, checkpoint.previous):
            path.unlink(missing_ok=True)
        checkpoint.save(state | change)
        assert told in refused(record.path)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-100])
    assert "cannot be loaded" in refused(record.path)
    checkpoint.path.unlink()
    assert "is not there" in refused(record.path)


def of_its_split(**changes):
    return lambda fields: fields["data"]["split"].update(changes)


ODD = {
    "of a newer version": (lambda fields: fields.update(schema_version=3), "a newer version"),
    "of other sizes": (lambda fields: fields["config"]["model"].update(name="cnn"), "the weights"),
    "of code": (lambda fields: fields["config"]["model"].update(_target_="os.system"), "trust=Tr"),
    "of before": (lambda fields: fields["data"]["split"].pop("channel_std"), "were normalised"),
    "of no channels": (of_its_split(channel_mean=[]), "were normalised"),
}


@pytest.mark.parametrize(("change", "told"), ODD.values(), ids=ODD)
def test_a_record_that_cannot_be_the_models(copied, change, told):
    record = copied("images")
    edited(record.path, change)
    assert told in refused(record.path)


def test_own_images_of_before_do_not_say_their_shape(copied):
    record = copied("images")
    edited(record.path, lambda fields: fields["data"].update(name="images"))
    assert "it does not say the images' shape and classes" in refused(record.path)
    edited(record.path, of_its_split(classes=list("abcdefghij")))
    assert hypernetworks.load(record.path).classes == 10
    edited(record.path, lambda fields: fields["data"]["split"].pop("shape"))
    assert "it does not say the images' shape and classes" in refused(record.path)


def test_without_the_suite_it_names_what_to_install(tmp_path):
    """As where the library alone is installed."""
    code = (
        "import sys, hypernetworks\n"
        "sys.modules['omegaconf'] = None\n"
        "try: hypernetworks.load('mine/characters')\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "omegaconf is not installed; load needs the suite: pip install 'hypernetworks[suite]'\n"
    )
