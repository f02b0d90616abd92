from pathlib import Path

import pytest

from hypernetworks.report.costs import DIFFERENTLY, HERE, PROBED, Cost, cost, device_of, duration
from hypernetworks.report.records import Record


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2.0 h"),
        (90_000, "25 h"),
        (200_000, "2.3 days"),
        (4_000_000, "46 days"),
    ],
)
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


def took(seconds, threads, processes=1, segments=()):
    machine = {"device": "CPU", "cpu": "A", "threads": threads, "device_count": processes}
    fields = {"machine": machine, "wall_seconds": seconds, "status": "finished", "steps": 0}
    fields |= {"epochs": 0, "config": {"trainer": {}}, "precision": "bfloat16"}
    return Record({**fields, "segments": list(segments) or [{}]}, Path("record.json"))


def test_runs_with_as_many_threads_tell_most():
    runs = [took(100.0, 1), took(30.0, 4), took(50.0, 1, processes=2)]
    assert cost(runs, "A", 1, "bfloat16", 70.0) == Cost(100.0, HERE)
    assert cost(runs, "A", 4, "bfloat16", 70.0) == Cost(30.0, HERE)
    assert cost(runs, "A", 2, "bfloat16", 70.0) == Cost(70.0, PROBED)
    assert cost(runs, "A", 2, "bfloat16", None) == Cost(60.0, DIFFERENTLY)
    assert cost(runs, "A", None, "bfloat16", None) == Cost(65.0, HERE)


def test_runs_with_products_in_another_precision_tell_less_than_a_probe():
    with_units, without = {"computed_in": "bfloat16"}, {"computed_in": "float32"}
    runs = [took(100.0, 1, segments=[with_units]), took(40.0, 1, segments=[with_units, without])]
    assert cost(runs, "A", 1, "bfloat16", 70.0) == Cost(100.0, HERE)
    assert cost(runs, "A", 1, "float32", 70.0) == Cost(70.0, PROBED)
    assert cost(runs, "A", 1, "float32", None) == Cost(70.0, DIFFERENTLY)
    runs.append(took(400.0, 1, segments=[without]))
    assert cost(runs, "A", 1, "float32", 70.0) == Cost(400.0, HERE)


def test_a_device_is_the_gpu_or_else_the_processor():
    assert device_of({"cpu": "Some CPU", "device": "CPU"}) == "Some CPU"
    assert device_of({"cpu": "Some CPU", "device": "NVIDIA H100"}) == "NVIDIA H100"
