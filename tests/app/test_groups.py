"""Models, data sets and trainers compose without a row file, in every profile."""

import subprocess
import sys

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from hypernetworks.app.architectures import MODELS
from hypernetworks.app.build import builder_of
from hypernetworks.app.checks import RunError, check_config
from hypernetworks.app.datasets import DATASETS
from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from hypernetworks.app.schema import Config, store_schemas
from hypernetworks.report.records import find
from tests.app.conftest import SMALL

TASKS = {
    "mnist": "images",
    "cifar10": "images",
    "ptb": "characters",
    "enwik8": "characters",
    "iam": "handwriting",
    "unipen": "handwriting",
    "wmt14": "translation",
    "parallel_text": "translation",
}
PAPERS = tuple(TASKS)
PAIRS = [(m, d) for m, model in MODELS.items() for d in PAPERS if TASKS[d] in model.tasks]


@pytest.mark.parametrize("profile", ["demo", "lite", "paper"])
@pytest.mark.parametrize(("model", "dataset"), PAIRS)
def test_a_pair_composes_in_every_profile_and_is_built_at_full_size(model, dataset, profile):
    cfg = compose_words(f"model={model}", f"dataset={dataset}", f"profile={profile}")
    check_config(cfg)
    if profile == "paper":
        assert sum(p.numel() for p in builder_of(cfg).full_size(cfg).parameters()) > 0


@pytest.mark.parametrize("profile", ["demo", "lite", "paper"])
@pytest.mark.parametrize("dataset", PAPERS)
def test_every_trainer_composes_with_a_data_set_in_every_profile(dataset, profile):
    """With one model of each data set: no model says anything of trainers."""
    model = next(model for model, other in PAIRS if other == dataset)
    for trainer in ("adam", "sgd", "one_cycle", "one_cycle_adam", "cosine"):
        words = (f"model={model}", f"dataset={dataset}", f"trainer={trainer}", f"profile={profile}")
        cfg = compose_words(*words)
        check_config(cfg)
        OmegaConf.to_object(cfg.trainer)
        if profile != "paper":
            assert not cfg.trainer.patience or profile == "lite"


@pytest.mark.parametrize(
    ("dataset", "sizes", "protocol"),
    [
        ("ptb", (1000, 128, 4), (1.0, 128, 0.001)),
        ("enwik8", (1800, 256, 64), (1.0, 128, 0.001)),
        ("iam", (900, 128, 4), (5.0, 32, 0.0001)),
        ("unipen", (900, 128, 4), (5.0, 32, 0.0001)),
        ("wmt14", (1024, 128, 32), (5.0, 128, 0.0002)),
        ("parallel_text", (1024, 128, 32), (5.0, 128, 0.0002)),
    ],
)
def test_sizes_and_protocol_are_the_papers_for_the_data_set(dataset, sizes, protocol):
    cfg = compose_words("model=hyperlstm", f"dataset={dataset}", "profile=paper")
    found = (cfg.model.hidden_size, cfg.model.hyper_size, cfg.model.embedding_size)
    assert found == sizes
    assert (cfg.trainer.clip_norm, cfg.trainer.batch_size, cfg.trainer.lr) == protocol


@pytest.mark.parametrize("dataset", ["wmt14", "parallel_text"])
def test_translation_takes_all_recurrent_models(dataset):
    recurrent = ["lstm", "layernorm_lstm", "hyperlstm", "layernorm_hyperlstm", "hyperrnn"]
    assert sorted(model for model, other in PAIRS if other == dataset) == sorted(recurrent)


def test_parallel_text_must_be_said_to_lie_somewhere(tmp_path):
    cfg = compose_words("model=lstm", "dataset=parallel_text", f"results_dir={tmp_path}")
    with pytest.raises(
        RunError, match=r"dataset\.path=None dataset\.folder=None: give one of both"
    ):
        run(cfg)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", list(MODELS))
def test_what_does_not_go_together_is_one_line_that_names_what_does(model):
    for dataset in PAPERS:
        if TASKS[dataset] in MODELS[model].tasks:
            continue
        cfg = compose_words(f"model={model}", f"dataset={dataset}")
        with pytest.raises(RunError, match=f"model={model} does not go with dataset={dataset}; "):
            check_config(cfg)


def test_schemas_are_stored_once_and_anew_where_they_no_longer_are(monkeypatch):
    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", {})
    store_schemas()
    stored = store.repo["schema.yaml"]
    store_schemas()
    assert store.repo["schema.yaml"] is stored
    store.store(name="schema", node={"key": "of another application's"})
    store_schemas()
    assert OmegaConf.get_type(store.repo["schema.yaml"].node) is Config


def test_every_choice_of_the_folders_has_its_schema():
    from hypernetworks.app.choices import choices

    assert sorted(choices([])["model"]) == sorted([*MODELS, "own"])
    assert sorted(choices([])["dataset"]) == sorted(DATASETS)


@pytest.mark.parametrize(
    ("model", "dataset", "more"),
    [
        ("cnn", "cifar10", ()),
        ("coordinate_mlp", "cifar10", ()),
        ("resnet", "mnist", ("model.depth=10",)),
        ("hyper_resnet", "cifar10", ("model.depth=10", "trainer=one_cycle_adam")),
        ("hyperrnn", "ptb", ()),
        ("layernorm_hyperlstm", "enwik8", ("trainer=cosine",)),
        ("hyperrnn", "iam", ()),
        ("layernorm_hyperlstm", "unipen", ("trainer=cosine",)),
        ("hyperrnn", "wmt14", ("trainer=one_cycle", "dataset.beam=1")),
    ],
)
def test_a_pair_trains_in_demo(model, dataset, more, data_dir, tmp_path):
    places = (f"data_dir={data_dir}", f"results_dir={tmp_path}", "logger=none")
    words = (f"model={model}", f"dataset={dataset}", "profile.baseline=false")
    run(compose_words(*words, *places, *SMALL, *more))
    (record,) = find(tmp_path)
    assert (record["status"], record["table"], record["row"]) == ("finished", "custom", "custom")
    assert record["config"]["model"]["name"] == model


def test_a_sweep_of_models_and_data_sets_ends_with_its_summary(command, tmp_path):
    models = "model=lstm,layernorm_lstm"
    done = command("-m", models, "dataset=ptb,enwik8", "logger=none", *SMALL)
    found = find(tmp_path / "results")
    pairs = {(r["config"]["model"]["name"], r["config"]["dataset"]["name"]) for r in found}
    assert len(found) == len(pairs) == 4
    tail = done.stdout.split("finished", 1)[-1]
    assert all(record["id"] in tail for record in found)


TRAINER = {
    "accumulate": "trainer.accumulate=3",
    "warm-up": "trainer.warmup_steps=3",
    "weight decay": "trainer.weight_decay=0.01",
    "EMA": "trainer.ema_decay=0.9",
}


@pytest.mark.parametrize("option", TRAINER.values(), ids=TRAINER)
@pytest.mark.parametrize("row", ["table7/hyper_cnn", "table3/ln_hyperlstm_1000"])
def test_what_a_trainer_can_do_trains_and_resumes_to_the_same_bits(row, option, small, tmp_path):
    cfg = small(row, option)
    cfg.results_dir = str(tmp_path / "whole")
    value = run(cfg)
    cfg.results_dir, cfg.trainer.max_time = str(tmp_path / "parts"), 1e-4
    for _ in range(3):
        run(cfg)
    cfg.trainer.max_time = None
    assert run(cfg) == value
    (one,), (two,) = find(tmp_path / "whole"), find(tmp_path / "parts")
    assert one["metrics"] == two["metrics"]
    assert len(two["segments"]) == 4


def test_explain_follows_a_value_to_where_it_was_said(command):
    words = ("model=hyperlstm", "dataset=ptb", "trainer.lr=0.1")
    text = command(*words, "--explain", "model.hyper_size").stdout
    assert text.splitlines()[0] == "model.hyper_size = 8"
    assert "model/hyperlstm.yaml: ${dataset.sizes.hyper_size}" in text
    assert "dataset/ptb.yaml: 128" in text
    assert "shortened/ptb_demo.yaml: 8" in text
    text = command(*words, "--explain=trainer.lr").stdout
    assert text.splitlines()[-1] == "  command line: 0.1"
    row = ("experiment=table_a1/mlp", "profile=lite", "--explain", "trainer.max_epochs")
    text = command(*row).stdout
    assert "table_a1/table.yaml: 300" in text
    assert "table_a1/lite.yaml: 60" in text


def test_nothing_of_the_suite_is_imported_to_explain(tmp_path):
    code = (
        "import sys; sys.argv = ['hypernetworks', '--explain', 'seed']\n"
        "from hypernetworks.app.main import main; main()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_a_run_is_one_of_the_same_data(tmp_path):
    """Resumed, or finished with files of the user's own that have changed since."""
    text = tmp_path / "mine.txt"
    text.write_text("one and two and three\n" * 40)
    words = ("model=lstm", "dataset=text", f"dataset.path={text}", "model.hidden_size=5")
    words += ("logger=none", f"results_dir={tmp_path}", *SMALL, "trainer.batch_size=2")
    run(compose_words(*words, "trainer.max_time=0.0001"))
    text.write_text("one and two and four\n" * 40)
    with pytest.raises(RunError, match=r"the data are not those that this run had; put them back"):
        run(compose_words(*words))
    text.write_text("one and two and three\n" * 40)
    value = run(compose_words(*words))
    assert run(compose_words(*words)) == value
    text.write_text("one and two and four\n" * 40)
    with pytest.raises(RunError, match="force=true runs it again"):
        run(compose_words(*words))
    run(compose_words(*words, "force=true"))
    assert len(find(tmp_path)) == 2
