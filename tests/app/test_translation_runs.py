"""Runs of translation models: resumed, on text of one's own, refused where they cannot work."""

import numpy as np
import pytest
import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from hypernetworks.data.errors import DataError
from hypernetworks.data.generated import translations
from hypernetworks.data.subwords import Subwords
from hypernetworks.report.records import find
from tests.app.conftest import SMALL, interrupted_at_every_step


def test_interrupted_at_every_step_a_run_ends_with_the_same_bits(small, tmp_path):
    cfg = small("table6/gnmt_hyperlstm", "dataset.beam=2")
    one, _, _ = interrupted_at_every_step(cfg, tmp_path)
    with np.load(one.path.parent / one["arrays"]) as arrays:
        lines = bytes(arrays["translations"]).decode().splitlines()
    assert [line.count("\t") for line in lines] == [2] * 6
    assert set(one["metrics"]) == {
        f"{split}_{metric}"
        for split in ("valid", "test")
        for metric in ("log_perplexity", "bleu", "bleu_13a")
    }
    assert "tok:13a" in one["data"]["split"]["scoring"]["bleu_13a"]


def _model(words):
    return () if any(word.startswith("model=") for word in words) else ("model=lstm",)


@pytest.fixture
def own(tmp_path, data_dir):
    """Composes a run on text of one's own."""
    translations.write(tmp_path / "text", 200, 10, names=("train", "valid", "test"))
    places = (f"data_dir={data_dir}", f"results_dir={tmp_path / 'results'}", "logger=none")
    words = ("dataset=parallel_text", f"dataset.path={tmp_path / 'text'}", "dataset.subwords=150")

    def compose(*more):
        return compose_words(*words, *places, *SMALL, *more, *_model(more))

    return compose


def test_text_of_ones_own_is_trained_on_and_held_to(own, tmp_path):
    run(own())
    (record,) = find(tmp_path / "results")
    assert (record["data"]["kind"], record["data"]["split"]["train"]) == ("real", 200)
    assert run(own()) == record["selection"]["value"]
    with (tmp_path / "text" / "train.en").open("a") as file:
        file.write("One line more than the other has.\n")
    with pytest.raises(DataError, match=r"201 .*200"):
        run(own())
    with (tmp_path / "text" / "train.fr").open("a") as file:
        file.write("Une ligne de plus que l'autre n'en avait.\n")
    with pytest.raises(RunError, match="the data are not those that this run had"):
        run(own())


def test_what_was_kept_of_the_text_is_trusted_only_whole(own, tmp_path, caplog):
    """And the record says what of the text was left out."""
    text = tmp_path / "text"
    for language in ("en", "fr"):
        with (text / f"train.{language}").open("ab") as file:
            file.write(b"a\xffb c d\n\n" + 100_000 * b"x" + b"\na b\xe2\x80\xa8c d\r\n")
    few = ("trainer.max_steps=1", "dataset.beam=1", "force=true")
    run(own(*few))
    (record,) = find(tmp_path / "results")
    split = record["data"]["split"]
    assert (split["train"], split["lines"]) == (201, 204)
    omitted = [split[f"omitted_{name}"] for name in ("invalid_utf8", "empty", "too_short")]
    assert omitted == [1, 1, 1]
    (kept,) = text.glob("encoded-*")
    other = Subwords.train([side for pair in translations.draw(300, 9) for side in pair], 150)
    for name, content in {
        "shard-00000.pairs": (kept / "shard-00000.pairs").read_bytes()[:-100],
        "subwords.model": other.model,
    }.items():
        (kept / name).write_bytes(content)
        caplog.clear()
        run(own(*few))
        assert f"{kept} is damaged: what of it is not whole is made anew" in caplog.messages
    caplog.clear()
    run(own(*few))
    assert not [message for message in caplog.messages if "damaged" in message]
    records = find(tmp_path / "results")
    assert len(records) == 4
    assert all(r["metrics"] == record["metrics"] and r["data"] == record["data"] for r in records)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("model.num_layers=2",), "dataset.layers and dataset.dropout"),
        (("model.output_dropout=0.1",), "dataset.layers and dataset.dropout"),
        (("dataset.layers=1",), "layers=1: at least 2"),
        (("dataset.init_range=-1",), "init_range=-1"),
        (("dataset.beam=0",), "dataset.beam=0"),
        (("dataset.alpha=-0.5",), "dataset.alpha=-0.5"),
        (("dataset.folder=text",), "give one of both"),
        (("dataset.tokens=0",), "dataset.tokens=0"),
        (("dataset.subwords=100000",), "dataset.subwords=100000"),
        (("dataset.splits=[train,valid]",), "dataset.splits"),
        (("dataset.languages=[en,de]",), "no train.de"),
    ],
)
def test_what_cannot_work_is_one_line_and_leaves_nothing(own, tmp_path, words, told):
    with pytest.raises((RunError, DataError), match=told) as caught:
        run(own(*words))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "results").exists()


class OnlyLogits(torch.nn.Module):
    """A model that predicts, and cannot be searched."""

    def forward(self, source, read):
        return torch.zeros(len(read.data), 150)


def test_a_model_of_ones_own_must_be_one_to_search(own):
    with pytest.raises(RunError, match="no encode, start and step"):
        run(own("model=own", "model._target_=tests.app.test_translation_runs.OnlyLogits"))
