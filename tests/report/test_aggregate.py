import statistics

import pytest

from hypernetworks.report import records
from hypernetworks.report.aggregate import Spread, paired_differences, spread, summarize


def test_mean_and_sample_standard_deviation():
    # by hand: deviations -0.1, 0, 0.1; sqrt(0.02 / 2) = 0.1
    found = spread([0.6, 0.7, 0.8])
    assert found.mean == pytest.approx(0.7)
    assert found.sd == pytest.approx(0.1)
    assert found.sd == statistics.stdev([0.6, 0.7, 0.8])
    assert found.n == 3
    assert found.text(2) == "0.70 ± 0.10 (n=3)"


def test_one_value_has_no_deviation():
    assert spread([0.64]) == Spread(0.64, None, 1)
    assert spread([0.64]).text(2) == "0.64 (n=1)"
    assert spread([0.04]).text(2, "+") == "+0.04 (n=1)"
    assert spread([0.64]).text(2, mark="lite") == "0.64 lite (n=1)"
    assert spread([0.6, 0.7, 0.8]).short(1) == "0.7 ± 0.1"


def test_seeds_are_sorted_and_counted_once(make):
    runs = [
        make(seed=2, value=0.9),
        make(seed=0, value=0.5, created="2025-01-01T10:00:00+00:00"),
        make(seed=0, value=0.7, attempt=2, created="2025-03-01T10:00:00Z"),
        make(seed=0, value=0.6, attempt=3, created="2025-02-01T10:00:00+00:00"),
    ]
    found = summarize(runs, "test_error")
    assert list(found.counted) == [0, 2]
    assert found.values("test_error") == {0: 0.7, 2: 0.9}
    assert found.left_out == {"an older run of the same seed": 2}


def test_overrides_unfinished_and_other_metrics_are_left_out(make):
    runs = [
        make(seed=0, value=0.7),
        make(seed=1, value=0.1, overrides=["trainer.lr=0.002"]),
        make(seed=2, status="diverged", error="the loss became NaN"),
        make(seed=3, metrics={"test_bpc": {"value": 1.2, "unit": "bits"}}),
        make(seed=4, status="interrupted", steps=1200),
    ]
    found = summarize(runs, "test_error")
    assert found.values("test_error") == {0: 0.7}
    assert found.left_out == {
        "overrides (trainer.lr=0.002)": 1,
        "diverged": 1,
        "no test_error": 1,
        "interrupted at step 1200": 1,
    }


def test_a_mean_is_over_one_configuration(make):
    older, newer = "2025-01-01T10:00:00Z", "2025-03-01T10:00:00Z"
    runs = [
        make(seed=0, value=0.9, created=older, trainer={"lr": 0.1}),
        make(seed=1, value=0.9, created=older, trainer={"lr": 0.1}),
        make(seed=1, value=0.7, created=newer, attempt=2),
    ]
    found = summarize(runs, "test_error")
    assert found.values("test_error") == {1: 0.7}
    assert found.left_out["an older configuration of the row"] == 1


def test_a_mean_is_over_one_set_of_data(make):
    runs = [make(seed=0, value=0.9), make(seed=1, value=0.7, created="2025-03-01T10:00:00Z")]
    runs[0]["data"] = {**runs[0]["data"], "checksums": {"file": "another"}}
    found = summarize(runs, "test_error")
    assert found.values("test_error") == {1: 0.7}
    assert found.left_out == {"other data than the newest run's": 1}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("interrupted", "interrupted at step 1200"),
        ("time_limit", "time limit at step 1200"),
        ("running", "crashed at step 1200"),  # nobody holds it
        ("diverged", "diverged"),
        ("failed", "failed"),
    ],
)
def test_the_state_of_a_row_without_a_number(status, state, put):
    record = records.read(put(status=status, steps=1200))
    assert summarize([record], "test_error").state == state


def test_a_row_never_run(make):
    assert summarize([], "test_error").state == "not run"
    tuned = make(status="interrupted", overrides=["trainer.lr=1"])
    assert summarize([tuned], "test_error").state == "not run"


def test_paired_differences_use_common_seeds(make):
    first = summarize(
        [make(seed=s, value=v) for s, v in {0: 0.8, 1: 0.9, 5: 9}.items()], "test_error"
    )
    other = summarize(
        [make(seed=s, value=v) for s, v in {0: 0.5, 1: 0.5, 2: 0}.items()], "test_error"
    )
    assert paired_differences(first, other, "test_error") == pytest.approx([0.3, 0.4])


def test_unnamed_runs_are_what_their_command_line_says(make):
    run = make(table="custom", row="custom", overrides=["model=cnn", "trainer.lr=0.1"])
    assert summarize([run], "test_error").values("test_error") == {0: 0.72}


def test_a_metric_that_only_some_have(make):
    both = {name: {"value": 0.5, "unit": "percent"} for name in ("test_error", "valid_error")}
    found = summarize([make(seed=0), make(seed=1, metrics=both)], "test_error")
    assert found.values("test_error") == {0: 0.72, 1: 0.5}
    assert found.values("valid_error") == {1: 0.5}


def test_what_is_behind_the_numbers(make):
    runs = [make(seed=0, kind="sample", created="2025-03-01T10:00:00Z"), make(seed=1)]
    found = summarize([run for run in runs if run["seed"] == 0], "test_error")
    assert found.kinds() == ["generated"]
    assert found.newest() is runs[0]
    assert summarize([], "test_error").newest() is None
