import re

import pytest

from hypernetworks.report.protocol import load_tables
from hypernetworks.report.tables import as_text, quoted, terminal_table


@pytest.fixture
def show(experiments, results):
    """Prints the table of a profile: (text, {row label: {head: cell}})."""

    def render(profile):
        text = terminal_table(load_tables(experiments)[0], results, profile)
        lines = text.splitlines()
        ruler = next(number for number, line in enumerate(lines) if line.startswith("---"))
        places = [match.span() for match in re.finditer("-+", lines[ruler])]
        grid = lines[ruler - 1 : lines.index("", ruler)]
        cells = [[line[start:stop].strip() for start, stop in places] for line in grid]
        return text, {line[0]: dict(zip(cells[0], line, strict=True)) for line in cells[2:]}

    return render


def test_never_run(show):
    text, rows = show("paper")
    assert rows["Normal Convnet"] == {
        "row": "Normal Convnet",
        "paper": "0.72",
        "published": "not run",
        "yours": "not run",
        "parameters": "12,544 (second_kernel)",
    }
    assert rows["Hyper Convnet"]["parameters"] == "4,244 (second_kernel)"
    assert "paired" not in text
    assert "Somebody else" not in text
    assert text.startswith("Table 7: Two networks\ntest_error, percent, lower is better; ")


def test_paper_published_and_yours(show, put):
    for seed, value in enumerate((0.6, 0.7, 0.8)):
        put("published", seed=seed, value=value)
    put("runs", seed=0, value=0.64)
    put("runs", row="hyper_cnn", seed=0, value=0.80, parameters={"total": 9, "second_kernel": 4240})
    text, rows = show("paper")
    assert rows["Normal Convnet"] == {
        "row": "Normal Convnet",
        "paper": "0.72",
        "published": "0.70 ± 0.10 (n=3)",
        "yours": "0.64 (n=1)",
        "profile · data": "paper · real",
        "seeds": "0",
        "parameters": "12,544 (second_kernel)",
    }
    assert rows["Hyper Convnet"]["published"] == "not run"
    assert rows["Hyper Convnet"]["yours"] == "0.80 (n=1)"
    assert rows["Hyper Convnet"]["parameters"] == "4,240 (second_kernel), DIFFERENT from 4,244"
    paired = "Hyper Convnet - Normal Convnet, paired by seed: paper +0.04; yours +0.16 (n=1)."
    assert paired in text.splitlines()
    assert "GENERATED" not in text


def test_paired_difference_of_three_seeds(show, put):
    for seed, (cnn, hyper) in enumerate([(0.7, 0.8), (0.6, 0.8), (0.8, 1.1)]):
        put("published", seed=seed, value=cnn)
        put("published", seed=seed, row="hyper_cnn", value=hyper)
    # by hand: 0.1, 0.2, 0.3
    assert "paper +0.04; published +0.20 ± 0.10 (n=3)." in show("paper")[0]


def test_generated_data_are_marked_in_every_place(show, put):
    baseline = {"name": "ridge", "metrics": {"test_error": {"value": 21.5, "unit": "percent"}}}
    generated = {"profile": "demo", "kind": "sample", "baseline": baseline}
    for seed, value in enumerate((4.0, 5.0)):
        put(seed=seed, value=value, **generated)
        put(row="hyper_cnn", seed=seed, value=value + 1, **generated)
    put("published", value=0.7)
    text, rows = show("demo")
    lines = text.splitlines()
    notice = (
        "GENERATED DATA, profile demo: the numbers under 'yours' show the machinery and are NOT "
        "comparable with the paper's."
    )
    above, below = (number for number, line in enumerate(lines) if line == notice)
    first = next(n for n, line in enumerate(lines) if line.startswith("row "))
    last = next(n for n, line in enumerate(lines) if line.startswith("baseline"))
    assert above < first < last < below
    cnn = rows["Normal Convnet"]
    assert cnn["published"] == "0.70 paper (n=1)"
    assert cnn["yours"] == "4.50 ± 0.71 (n=2) generated"
    assert (cnn["profile · data"], cnn["seeds"]) == ("demo · generated", "0, 1")
    assert rows["baseline: ridge"]["yours"] == "21.50 generated"
    assert "yours +1.00 ± 0.00 (n=2) generated." in text


def test_baselines_that_differ_are_a_range(show, put):
    for seed, value in enumerate((21.5, 22.5)):
        metrics = {"test_error": {"value": value, "unit": "percent"}}
        put(
            profile="demo", kind="sample", seed=seed, baseline={"name": "ridge", "metrics": metrics}
        )
    assert show("demo")[1]["baseline: ridge"]["yours"] == "21.50 to 22.50 generated"


def test_another_profiles_runs_are_not_yours(show, put):
    put(profile="lite", value=0.9)
    assert show("paper")[1]["Normal Convnet"]["yours"] == "not run"
    text, rows = show("lite")
    cnn = rows["Normal Convnet, few epochs"]
    assert (cnn["yours"], cnn["profile · data"]) == ("0.90 (n=1)", "lite · real")
    assert text.count("Profile lite: a shortened protocol") == 2


def test_published_is_of_the_same_profile_and_of_paper_beside_the_demo(show, put):
    put("published", profile="lite", value=0.9)
    put("published", value=0.7)
    put(profile="lite", value=0.8)
    text, rows = show("lite")
    cnn = rows["Normal Convnet, few epochs"]
    assert (cnn["published"], cnn["yours"]) == ("0.90 (n=1)", "0.80 (n=1)")
    assert text.count("the numbers under 'published' and 'yours' check the claims") == 2
    assert "Profile lite: fewer epochs." in text.splitlines()
    demo, rows = show("demo")
    assert rows["Normal Convnet"]["published"] == "0.70 paper (n=1)"
    assert rows["Normal Convnet"]["yours"] == "not run"
    assert "fewer epochs" not in demo


def test_lite_numbers_stand_marked_where_the_paper_profile_has_none(show, put):
    for seed, value in enumerate((0.8, 0.9)):
        put("published", profile="lite", seed=seed, value=value, kind="prefix")
    put("published", row="hyper_cnn", value=0.7)
    text, rows = show("paper")
    assert rows["Normal Convnet"]["published"] == "0.85 ± 0.07 lite (n=2) prefix"
    assert rows["Hyper Convnet"]["published"] == "0.70 (n=1)"
    marked = "the numbers under 'published' that are marked lite check the claims"
    assert text.count(marked) == 2
    # Nothing is paired across profiles.
    assert "paired" not in text


def test_a_stand_ins_numbers_never_stand_beside_the_papers(show, put):
    for row in ("cnn", "hyper_cnn"):
        put("published", row=row, profile="lite", value=0.8, kind="stand-in")
        put(row=row, profile="lite", value=0.9, kind="stand-in")
    text, rows = show("lite")
    assert rows["Normal Convnet, few epochs"]["published"] == "0.80 (n=1) stand-in"
    assert rows["Normal Convnet, few epochs"]["yours"] == "0.90 (n=1) stand-in"
    assert "paper" not in rows["Normal Convnet, few epochs"]
    assert "paired by seed: published +0.00 (n=1) stand-in; yours" in text
    assert text.count("A STAND-IN for the paper's data") == 2
    for profile in ("paper", "demo"):
        text, rows = show(profile)
        assert "stand-in" not in text
        assert [row["paper"] for row in rows.values()] == ["0.72", "0.76"]


def test_the_other_metrics_stand_beside_the_tables_own(show, put):
    metrics = {
        "test_error": {"value": 0.7, "unit": "percent"},
        "valid_error": {"value": 0.64, "unit": "percent"},
    }
    put("published", metrics=metrics, profile="lite")
    put(row="hyper_cnn")
    cnn, hyper = show("paper")[1].values()
    assert cnn["valid_error, published"] == "0.6 lite"
    assert hyper["valid_error, published"] == "-"
    assert "valid_error, yours" not in cnn
    assert "valid_error, paper" not in cnn


def test_smaller_models_show_their_own_count(show, put):
    put(profile="lite", parameters={"total": 100, "second_kernel": 64})
    rows = show("lite")[1]
    assert rows["Normal Convnet, few epochs"]["parameters"] == "64 (second_kernel)"
    assert rows["Small Hyper Convnet"]["parameters"] == "-"


def test_quoted_rows_are_label_and_number(experiments):
    (line,) = quoted(load_tables(experiments)[0])
    assert list(line.values()) == ["Somebody else", "1.50", "1.7 M"]


def test_markdown_cells_hold_any_label():
    assert "a \\| b" in as_text([{"row": "a | b", "paper": "1"}], "github")


def test_unfinished_rows_say_so(show, put):
    put(status="interrupted", steps=1200)
    put(row="hyper_cnn", status="diverged")
    rows = show("paper")[1]
    assert rows["Normal Convnet"]["yours"] == "interrupted at step 1200"
    assert rows["Hyper Convnet"]["yours"] == "diverged"


def test_what_is_left_out_is_said(show, put):
    put(seed=0, value=0.7)
    put(seed=1, value=0.1, overrides=["trainer.lr=0.002"])
    put(seed=2, status="diverged")
    put(seed=3, status="diverged")
    text, rows = show("paper")
    assert rows["Normal Convnet"]["yours"] == "0.70 (n=1)"
    prefix = "yours, Normal Convnet: "
    assert f"{prefix}1 run not counted: overrides (trainer.lr=0.002)." in text
    assert f"{prefix}2 runs not counted: diverged." in text


def test_doubts_about_counted_runs_are_said(show, put, make):
    segment = make()["segments"][0]
    put(seed=0, segments=[{**segment, "clean": False}])
    put(seed=1)
    text, rows = show("paper")
    assert rows["Normal Convnet"]["yours"].endswith(" †")
    assert "seed 0 is no reproduction: sources that differ from their commit." in text
    assert "seed 1 is no" not in text


def test_published_counts_reproductions_only(show, put):
    put("published", seed=0, value=0.7)
    put("published", seed=1, value=0.1, kind="prefix")
    put("published", seed=2, value=0.1, overrides=["trainer.lr=1"])
    assert show("paper")[1]["Normal Convnet"]["published"] == "0.70 (n=1)"


def test_data_that_are_not_complete_are_marked(show, put):
    put(value=0.7, kind="prefix")
    text, rows = show("paper")
    assert rows["Normal Convnet"]["yours"] == "0.70 (n=1) prefix †"
    assert rows["Normal Convnet"]["profile · data"] == "paper · prefix"
    assert "seed 0 is no reproduction: prefix data." in text
