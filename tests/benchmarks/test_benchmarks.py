"""The benchmarks measure what they say; their figures are not judged here."""

import math
import re
from functools import partial

import pytest
import torch
from benchmarks.__main__ import main
from benchmarks.measure import compare, compare_rounds, in_turns

from benchmarks import (
    characters,
    checkpointing,
    handwriting,
    hyper,
    layout,
    loop,
    parsing,
    residual,
    startup,
)
from hypernetworks import MnistConvnet


def test_the_loops_arm_really_trains(capsys):
    torch.manual_seed(0)
    fresh = MnistConvnet().state_dict()
    torch.manual_seed(0)
    ratio, trained = loop.measure(steps=8, batch_size=10, images=50)
    assert 0 < ratio < math.inf
    assert trained.progress.step == 8
    assert not torch.equal(trained.model.state_dict()["weight2"], fresh["weight2"])
    turns = trained.listeners[-1]
    assert len(turns.loop_seconds) == len(turns.bare_seconds) == 8
    assert "our loop / plain torch" in capsys.readouterr().out


def test_hyper_compares_two_networks(capsys):
    assert all(0 < ratio < math.inf for ratio in hyper.measure(steps=3, batch_size=4))
    assert capsys.readouterr().out.count("hyper convnet / convnet") == 2


def test_residual_compares_networks_and_times_the_pipeline(capsys):
    assert all(0 < ratio < math.inf for ratio in residual.measure(1, steps=3, batch=2, depth=10))
    assert 0 < residual.pipeline(steps=3, batch=2, images=20, depth=10) < 100
    assert "of a training step" in capsys.readouterr().out


def test_layout_compares_two_memory_formats(capsys):
    assert 0 < layout.measure(steps=3, batch_size=4) < math.inf
    assert "channels-last / default" in capsys.readouterr().out


def test_characters_trains_a_character_model(capsys):
    ratio, trained = characters.measure(steps=6, streams=2, window=5, scale=0.02)
    assert 0 < ratio < math.inf
    assert trained.progress.step == 6
    assert trained.model.core.hidden_size == 20
    assert characters.exact_evaluation(1200, scale=0.02) > 0
    assert "exact evaluation of 1,200 characters as one sequence" in capsys.readouterr().out


@pytest.mark.parametrize("build", [checkpointing.small, partial(checkpointing.large, units=16)])
def test_checkpointing_writes_some_and_times_them(build, capsys):
    ratio = checkpointing.measure("a run", build, seconds=900, max_steps=3, checkpoint_every=1e-9)
    assert 1 < ratio < 2
    count = int(re.search(r"s, (\d+) checkpoints of [\d.]+ MB", capsys.readouterr().out)[1])
    assert count >= 1


@pytest.mark.parametrize("row", handwriting.ROWS)
def test_handwriting_trains_and_writes(row, capsys):
    ratio, trained = handwriting.measure(row, steps=4, batch=3, points=12, scale=0.02)
    assert 0 < ratio < math.inf
    assert trained.progress.step == 4
    assert type(trained.model.core).__name__.lower() == row.removesuffix("_900")
    assert trained.model.core.hidden_size == 18
    assert 0 < handwriting.sheet(row, points=5, scale=0.02) < 10
    assert "writing 13 lines of 5 points" in capsys.readouterr().out


def test_startup_runs_both_applications(capsys):
    assert all(math.isfinite(more) for more in startup.measure(runs=1).values())
    assert "bare Hydra application" in capsys.readouterr().out


def test_parsing_reads_generated_lines(capsys):
    parsing.measure_iam(lines=30, writers=2)
    assert "IAM, 30 lines of " in capsys.readouterr().out
    parsing.measure_unipen(lines=30, writers=4)
    assert "UNIPEN, 30 lines of " in capsys.readouterr().out


def test_a_ratio_is_that_of_the_medians(capsys):
    assert compare("x", [3.0, 1.0, 9.0], [2.0, 1.0, 50.0], 1.4) == 1.5
    assert "1.500" in (out := capsys.readouterr().out)
    assert "MISSED" in out


def test_a_verdict_is_to_two_decimals(capsys):
    for ratio, verdict in ((1.004, "met"), (1.006, "MISSED")):
        compare("x", [ratio], [1.0], 1.0)
        assert verdict in capsys.readouterr().out


def test_rounds_are_compared_one_by_one(capsys):
    seconds = iter([9.0, 9.0, 2.0, 1.0, 6.0, 4.0, 30.0, 10.0])  # as they are asked for
    calls = []

    def arm(name):
        return lambda: calls.append(name) or next(seconds)

    pairs = in_turns(arm("ours"), arm("theirs"), rounds=3, warm=1)
    assert calls == ["ours", "theirs", "theirs", "ours"] * 2
    assert pairs == [(1.0, 2.0), (6.0, 4.0), (10.0, 30.0)]
    assert compare_rounds("x", pairs, 0.4) == 0.5
    assert "0.500, median of 3 rounds" in (out := capsys.readouterr().out)
    assert "MISSED" in out


def test_an_unknown_name_is_one_line(capsys):
    assert main(["lopp"]) == 2
    assert capsys.readouterr().err.startswith("error: no benchmark lopp; there are: loop, hyper,")
