"""Steps a second between two readings, as a listener hears of them."""

import pytest

from hypernetworks.app.pace import Pace
from hypernetworks.training.state import Progress


def test_evaluations_do_not_count_and_neither_does_the_step_of_the_reading():
    """A resumed run: half a second a step, an evaluation of 9 s after step 12."""
    progress = Progress(step=10, seconds=100.0, evaluating=40.0)
    pace = Pace(progress, examples=32)
    progress.step = 11
    assert pace.read() == {}  # no step's time is known yet
    progress.step, progress.seconds = 12, 100.5
    assert pace.read() == {"steps_per_second": 2, "examples_per_second": 64}
    progress.step, progress.seconds, progress.evaluating = 15, 111.0, 49.0
    found = pace.read()
    assert found["steps_per_second"] == pytest.approx(2)
    assert found["examples_per_second"] == pytest.approx(64)
