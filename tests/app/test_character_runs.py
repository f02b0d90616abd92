"""Runs of character models: resumed in mid-epoch, and what they leave for figures."""

import numpy as np
import pytest

from hypernetworks.app.run import run
from hypernetworks.report.records import find
from tests.app.conftest import interrupted_at_every_step


@pytest.mark.parametrize("experiment", ["table3/ln_hyperlstm_2x1000", "table4/lstm_1800"])
def test_interrupted_at_every_step_a_run_ends_with_the_same_bits(experiment, small, tmp_path):
    """The carried state, the place in the streams and the dropout's random numbers go on."""
    dropout = (
        "model.input_dropout=0.05",
        "model.output_dropout=0.05",
        "model.recurrent_dropout=0.05",
    )
    cfg = small(experiment, *dropout)
    one, two, checkpoint = interrupted_at_every_step(cfg, tmp_path)
    assert [s["first_step"] for s in two["segments"]] == [0, 1, 2, 3, 4, 5]
    assert two["epochs"] == 0  # all of it in the middle of the first epoch
    texts = [(r.path.parent / r["curve"]).read_text() for r in (one, two)]
    assert texts[0] == texts[1]
    carried = checkpoint["processes"][0]["task"]["state"]
    assert carried[0].abs().max() > 0


def test_resumed_at_the_end_of_an_epoch_the_streams_begin_anew(small, tmp_path):
    """Epochs of two windows: every other resumption is at a border."""
    options = ("dataset.window=800", "trainer.max_steps=5", "trainer.eval_every=null")
    options += ("model.hidden_size=8",)
    cfg = small("table3/lstm_1000", *options)
    cfg.results_dir = str(tmp_path / "whole")
    value = run(cfg)
    cfg.results_dir, cfg.trainer.max_time = str(tmp_path / "parts"), 1e-4
    for _ in range(4):
        run(cfg)
    cfg.trainer.max_time = None
    assert run(cfg) == value
    (one,), (two,) = find(tmp_path / "whole"), find(tmp_path / "parts")
    assert two["epochs"] == 2
    assert len(two["segments"]) == 5
    assert one["metrics"] == two["metrics"]


def test_a_run_leaves_its_sample_and_its_phi(small, tmp_path):
    run(small("table3/hyperlstm_1000"))
    (record,) = find(tmp_path / "results")
    with np.load(record.path.parent / record["arrays"]) as arrays:
        text = bytes(arrays["sample"].astype(np.uint8))
        assert set(text.decode("latin-1")) <= set(record["data"]["split"]["alphabet"])
        assert arrays["weight_change"].shape == (len(text) - 2, 4)
        assert float(arrays["phi_c"].astype(float).sum()) == pytest.approx(1, abs=1e-2)
