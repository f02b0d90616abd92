import pytest

from hypernetworks.report.costs import device_of, duration


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


def test_a_device_is_the_gpu_or_else_the_processor():
    assert device_of({"cpu": "Some CPU", "device": "CPU"}) == "Some CPU"
    assert device_of({"cpu": "Some CPU", "device": "NVIDIA H100"}) == "NVIDIA H100"
