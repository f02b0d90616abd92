"""Which of a row's data are there, by the names of files."""

import pytest

from hypernetworks.app.data_there import Missing, missing
from hypernetworks.app.params import compose_row


@pytest.mark.parametrize(
    ("experiment", "profile", "files", "lacks"),
    [
        ("table7/cnn", "lite", [], "MNIST/raw/train-images-idx3-ubyte"),
        ("table2/wrn_40_1", "lite", [], "cifar-10-batches-py/data_batch_1"),
        ("table3/lstm_1000", "paper", ["ptb/ptb.train.txt"], "ptb/ptb.valid.txt"),
        ("table4/lstm_1800", "lite", ["enwik8/enwik8.prefix4154399"], None),
        ("table4/lstm_1800", "lite", ["enwik8/enwik8"], None),
        ("table4/lstm_1800", "paper", ["enwik8/enwik8.prefix4154399"], "enwik8/enwik8"),
        ("table5/lstm_900", "paper", [], "iam/lineStrokes"),
        ("table5/lstm_900", "lite", ["unipen/train_r01_v07/data/8/a/b.dat"], None),
        ("table6/gnmt_lstm", "paper", ["wmt14/dev.tgz", "wmt14/un.tgz"], "wmt14/europarl-v7"),
        ("multi30k/lstm", "lite", ["multi30k/train.en"], "multi30k/train.fr"),
        ("table7/cnn", "demo", [], None),
    ],
)
def test_data_are_looked_for_and_not_read(tmp_path, experiment, profile, files, lacks):
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = missing(compose_row(experiment, profile, f"data_dir={tmp_path}"))
    assert [*found.by_hand, *found.by_run][:1] == ([] if lacks is None else [lacks])
    if lacks is not None:
        assert bool(found.by_hand) == lacks.startswith(("iam/", "multi30k/"))


def test_translation_needs_each_set_in_one_of_its_forms(tmp_path):
    cfg = compose_row("table6/gnmt_lstm", "lite", f"data_dir={tmp_path}")
    names = ["europarl/europarl-632k.en", "europarl/europarl-632k.fr", "wmt14/x/newstest2013.en"]
    names += ["wmt14/x/newstest2013.fr", "wmt14/newstest2014-fren-src.en.sgm"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert missing(cfg) == Missing([], ["wmt14/newstest2014"])
    (tmp_path / "wmt14" / "newstest2014-fren-ref.fr.sgm").touch()
    assert missing(cfg) == Missing([], [])
