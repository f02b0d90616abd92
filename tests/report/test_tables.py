import re

import pytest

from hypernetworks.report.protocol import load_tables
from hypernetworks.report.tables import terminal_table


@pytest.fixture
def show(experiments, results):
    """Prints the table of a profile: (text, {row label: cells})."""

    def render(profile):
        text = terminal_table(load_tables(experiments)[0], results, profile)
        cells = [re.split(r"  +", line.strip()) for line in text.splitlines()]
        return text, {line[0]: line[1:] for line in cells if len(line) == 7}

    return render


def test_never_run(show):
    text, rows = show("paper")
    assert rows["row"] == [
        "paper",
        "published",
        "yours",
        "profile · data",
        "seeds",
        "parameters",
    ]
    assert rows["Normal Convnet"] == ["0.72", "not run", "not run", "-", "-", "- / 12,544"]
    assert rows["Hyper Convnet"] == ["0.76", "not run", "not run", "-", "-", "- / 4,244"]
    quoted = ["1.50", "quoted", "quoted", "quoted", "quoted", "quoted / 1.7 M"]
    assert rows["Somebody else"] == quoted
    assert "paired" not in text
    assert text.startswith("Table 7: Two networks\ntest_error, percent, lower is better; ")


def test_paper_published_and_yours(show, put):
    for seed, value in enumerate((0.6, 0.7, 0.8)):
        put("published", seed=seed, value=value)
    put("runs", seed=0, value=0.64)
    put("runs", row="hyper_cnn", seed=0, value=0.80, parameters={"total": 9, "second_kernel": 4240})
    text, rows = show("paper")
    assert rows["Normal Convnet"] == [
        "0.72",
        "0.70 ± 0.10 (n=3)",
        "0.64 (n=1)",
        "paper · real",
        "0",
        "12,544 / 12,544",
    ]
    assert rows["Hyper Convnet"][1:3] == ["not run", "0.80 (n=1)"]
    assert rows["Hyper Convnet"][-1] == "4,240 / 4,244 DIFFERENT"
    paired = "Hyper Convnet - Normal Convnet, paired by seed: paper +0.04; yours +0.16 (n=1)."
    assert paired in text.splitlines()
    assert "SAMPLE" not in text


def test_paired_difference_of_three_seeds(show, put):
    for seed, (cnn, hyper) in enumerate([(0.7, 0.8), (0.6, 0.8), (0.8, 1.1)]):
        put("published", seed=seed, value=cnn)
        put("published", seed=seed, row="hyper_cnn", value=hyper)
    # by hand: 0.1, 0.2, 0.3
    assert "paper +0.04; published +0.20 ± 0.10 (n=3)." in show("paper")[0]


def test_sample_data_is_marked_in_every_place(show, put):
    baseline = {"name": "ridge", "metrics": {"test_error": {"value": 21.5, "unit": "percent"}}}
    sample = {"profile": "demo", "kind": "sample", "baseline": baseline}
    for seed, value in enumerate((4.0, 5.0)):
        put(seed=seed, value=value, **sample)
        put(row="hyper_cnn", seed=seed, value=value + 1, **sample)
    put("published", value=0.7)
    text, rows = show("demo")
    lines = text.splitlines()
    notice = (
        "SAMPLE DATA (generated), profile demo: the numbers under 'yours' show the machinery and "
        "are NOT comparable with the paper's."
    )
    above, below = (number for number, line in enumerate(lines) if line == notice)
    first = next(n for n, line in enumerate(lines) if line.startswith("row "))
    last = next(n for n, line in enumerate(lines) if line.startswith("baseline"))
    assert above < first < last < below
    assert rows["Normal Convnet"][1] == "0.70 (n=1)"
    assert rows["Normal Convnet"][2:5] == ["4.50 ± 0.71 (n=2) sample", "demo · sample", "0, 1"]
    assert rows["baseline: ridge"] == ["-", "-", "21.50 sample", "demo · sample", "-", "-"]
    assert "yours +1.00 ± 0.00 (n=2) sample." in text


def test_baselines_that_differ_are_a_range(show, put):
    for seed, value in enumerate((21.5, 22.5)):
        metrics = {"test_error": {"value": value, "unit": "percent"}}
        put(
            profile="demo", kind="sample", seed=seed, baseline={"name": "ridge", "metrics": metrics}
        )
    assert show("demo")[1]["baseline: ridge"][2] == "21.50 to 22.50 sample"


def test_another_profiles_runs_are_not_shown(show, put):
    put(profile="lite", value=0.9)
    assert show("paper")[1]["Normal Convnet"][2] == "not run"
    text, rows = show("lite")
    assert rows["Normal Convnet"][2:4] == ["0.90 (n=1)", "lite · real"]
    assert text.count("Profile lite: a shortened protocol") == 2


def test_published_is_of_the_same_profile_and_of_paper_beside_the_demo(show, put):
    put("published", profile="lite", value=0.9)
    put("published", value=0.7)
    put(profile="lite", value=0.8)
    text, rows = show("lite")
    assert rows["Normal Convnet"][1:3] == ["0.90 (n=1)", "0.80 (n=1)"]
    assert text.count("the numbers under 'published' and 'yours' check the claims") == 2
    assert "Profile lite: fewer epochs." in text.splitlines()
    assert show("demo")[1]["Normal Convnet"][1:3] == ["0.70 (n=1)", "not run"]
    assert "fewer epochs" not in show("demo")[0]


def test_unfinished_rows_say_so(show, put):
    put(status="interrupted", steps=1200)
    put(row="hyper_cnn", status="diverged")
    rows = show("paper")[1]
    assert rows["Normal Convnet"][2] == "interrupted at step 1200"
    assert rows["Hyper Convnet"][2] == "diverged"


def test_what_is_left_out_is_said(show, put):
    put(seed=0, value=0.7)
    put(seed=1, value=0.1, overrides=["trainer.lr=0.002"])
    put(seed=2, status="diverged")
    put(seed=3, status="diverged")
    text, rows = show("paper")
    assert rows["Normal Convnet"][2] == "0.70 (n=1)"
    prefix = "yours, Normal Convnet: "
    assert f"{prefix}1 run not counted: overrides (trainer.lr=0.002)." in text
    assert f"{prefix}2 runs not counted: diverged." in text


def test_doubts_about_counted_runs_are_said(show, put, make):
    segment = make()["segments"][0]
    put(seed=0, segments=[{**segment, "clean": False}])
    put(seed=1)
    text, rows = show("paper")
    assert rows["Normal Convnet"][2].endswith(" †")
    assert "seed 0 is no reproduction: sources that differ from their commit." in text
    assert "seed 1 is no" not in text


def test_published_counts_reproductions_only(show, put):
    put("published", seed=0, value=0.7)
    put("published", seed=1, value=0.1, kind="prefix")
    put("published", seed=2, value=0.1, overrides=["trainer.lr=1"])
    assert show("paper")[1]["Normal Convnet"][1] == "0.70 (n=1)"


def test_data_that_are_not_complete_are_marked(show, put):
    put(value=0.7, kind="prefix")
    text, rows = show("paper")
    assert rows["Normal Convnet"][2:4] == ["0.70 (n=1) prefix †", "paper · prefix"]
    assert "seed 0 is no reproduction: prefix data." in text
