"""Runs of handwriting models: resumed, tuned without the validation lines, what they leave."""

import math

import numpy as np
import pytest
import torch

from hypernetworks import Mixture
from hypernetworks.app.build import builder_of
from hypernetworks.app.checks import RunError
from hypernetworks.app.run import run
from hypernetworks.data import iam
from hypernetworks.data.line_batches import LineBatches
from hypernetworks.data.lines import Selection, moments
from hypernetworks.models import writing
from hypernetworks.tasks.handwriting import Handwriting
from hypernetworks.training.devices import placement
from tests.app.conftest import interrupted_at_every_step
from tests.data.test_iam import put, xml


def test_interrupted_at_every_step_a_run_ends_with_the_same_bits(small, tmp_path):
    """Dropout's random numbers, the lines' order and their scaling go on."""
    cfg = small("table5/ln_hyperlstm_900")
    one, _, checkpoint = interrupted_at_every_step(cfg, tmp_path)
    task = checkpoint["processes"][0]["task"]
    split = one["data"]["split"]
    assert task == {"mean": split["mean"], "std": split["std"]}
    with np.load(one.path.parent / one["arrays"]) as arrays:
        assert arrays["strokes"].shape == (13, writing.POINTS, 3)
        assert arrays["weight_change"].shape == (writing.POINTS - 1, 4)


def test_for_tuning_the_validation_lines_are_left_out(small):
    cfg = small("table5/lstm_900", "dataset.scaling=0.0")
    with placement("cpu") as place:
        whole = builder_of(cfg).build(cfg, place)
        cfg.dataset.tuning = True
        part = builder_of(cfg).build(cfg, place)

    def offsets(batches):
        following = torch.cat([batch[1] for batch in batches.epoch(0)])
        raw = following[:, :2] * batches.std + batches.mean
        return {tuple(row) for row in raw.round().int().tolist()}  # IAM's are whole numbers

    (of_whole,), (of_part,) = whole.evaluations, part.evaluations
    counts = [len(batches.lengths) for batches in (part.train, of_part.batches)]
    assert sum(counts) == len(whole.train.lengths)
    assert 0 < counts[1] < counts[0]
    assert len(of_whole.batches.lengths) != counts[1]
    assert part.provenance["split"]["valid"] == counts[1]
    assert offsets(of_part.batches) <= offsets(whole.train)
    assert offsets(part.train) < offsets(whole.train)


def test_for_tuning_the_record_counts_the_writers_that_are_left(small):
    words = ("dataset.name=unipen", "dataset.jump=null", "dataset.gap=null")
    found = []
    for tuning in ("false", "true"):
        cfg = small("table5/lstm_900", *words, f"dataset.tuning={tuning}")
        with placement("cpu") as place:
            found.append(builder_of(cfg).build(cfg, place).provenance["split"])
    whole, part = found
    assert part["train_writers"] + part["valid_writers"] == whole["train_writers"]
    assert part["train"] + part["valid"] == whole["train"]


@pytest.mark.parametrize("override", ["dataset.divide=true", "dataset.dequantise=true"])
def test_a_setting_of_the_other_set_is_refused(small, override):
    with pytest.raises(RunError, match=r"iam has no such setting"):
        run(small("table5/lstm_900", override))


def test_what_cannot_work_is_one_line(command):
    for words, said in {
        "dataset.scaling=1": "dataset.scaling=1.0",
        "dataset.min_points=100000": "none of the",
        "dataset.mixtures=0": "mixtures=0",
        "dataset.split_seed=-1": "dataset.split_seed=-1",
        "profile.data=prefix": "no 'prefix' data",
    }.items():
        done = command("experiment=table5/lstm_900", words, "logger=none", check=False)
        assert done.returncode == 1
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("dataset", "place"), [("iam", "fki"), ("unipen", "zenodo")])
def test_missing_data_are_one_line_that_says_where_they_are(command, dataset, place, tmp_path):
    words = ("model=lstm", f"dataset={dataset}", "profile=paper", "logger=none")
    done = command(*words, f"data_dir={tmp_path / 'none'}", check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert place in line
    assert str(tmp_path / "none") in line
    assert not list(tmp_path.glob("results/runs/*/*"))


def test_a_constant_mixture_on_a_hand_made_file_has_the_log_loss_of_a_hand_calculation(tmp_path):
    """One Gaussian of IAM's files as they are written, and the calculator's numbers of it."""
    training = [[(0, 0), (3, 4), (1, 8)], [(5, 0), (6, 1)]]  # two strokes
    validation = [[(0, 0), (2, 1)], [(2, 5), (8, 6)]]
    lines = {
        "a01-000u": training,
        "a02-000u": training,
        "a03-000u": training,
        "a01-001": validation,
    }
    for form, strokes in lines.items():
        put(tmp_path / "iam", f"{form}-01", xml(*([(x, y, "0.01") for x, y in s] for s in strokes)))
    lists = zip(("trainset", "testset_t", "testset_f", "testset_v"), lines, strict=True)
    for name, form in lists:
        (tmp_path / "iam" / f"{name}.txt").write_text(f"{form}\n")

    class OneGaussian(torch.nn.Module):
        def forward(self, points):
            # pi, mean -0.5 and 1, sigma 2 and 1/2, rho 0, the end's probability 1/4
            outputs = torch.tensor([0, -0.5, 1, math.log(2), -math.log(2), 0, -math.log(3)])
            return Mixture.of(outputs.expand(len(points.data), -1)), None

    splits = iam.load(tmp_path, "real", Selection(1), None, None)
    mean, std = moments(splits.train)
    # Offsets of training: dx 3, -2, 4, 1; dy 4, 4, -8, 1. Of validation: (2, 1), (0, 4), (6, 1).
    assert mean.tolist() == [1.5, 0.25]
    assert std.tolist() == pytest.approx([math.sqrt(21 / 4), math.sqrt(387 / 16)])
    by_hand = 0.0
    for dx, dy, end in ((2, 1, 1), (0, 4, 0), (6, 1, 1)):
        x, y = (dx - 1.5) / math.sqrt(21 / 4), (dy - 0.25) / math.sqrt(387 / 16)
        by_hand += math.log(2 * math.pi) + ((x + 0.5) / 2) ** 2 / 2 + ((y - 1) / 0.5) ** 2 / 2
        by_hand -= math.log(1 / 4 if end else 3 / 4)
    valid = LineBatches(splits.valid, (mean, std), 64, shuffle=False)
    found = Handwriting(mean, std, 1).evaluate(OneGaussian(), valid)
    assert found["log_loss"] == pytest.approx(by_hand, rel=1e-6)
