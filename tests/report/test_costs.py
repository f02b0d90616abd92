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


def test_runs_with_as_many_threads_tell_most(tmp_path):
    def took(seconds, threads, processes=1):
        machine = {"device": "CPU", "cpu": "A", "threads": threads, "device_count": processes}
        fields = {"machine": machine, "wall_seconds": seconds, "status": "finished", "steps": 0}
        return Record(fields | {"epochs": 0, "config": {"trainer": {}}}, tmp_path)

    runs = [took(100.0, 1), took(30.0, 4), took(50.0, 1, processes=2)]
    assert cost(runs, "A", 1, 70.0) == Cost(100.0, HERE)
    assert cost(runs, "A", 4, 70.0) == Cost(30.0, HERE)
    assert cost(runs, "A", 2, 70.0) == Cost(70.0, PROBED)
    assert cost(runs, "A", 2, None) == Cost(60.0, DIFFERENTLY)
    assert cost(runs, "A", None, None) == Cost(65.0, HERE)


def test_a_device_is_the_gpu_or_else_the_processor():
    assert device_of({"cpu": "Some CPU", "device": "CPU"}) == "Some CPU"
    assert device_of({"cpu": "Some CPU", "device": "NVIDIA H100"}) == "NVIDIA H100"
