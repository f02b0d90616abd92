"""Named evaluations: when they are made, and the full names of what they measure."""

import pytest

from hypernetworks.tasks.classify import Classification
from hypernetworks.tasks.protocols import Evaluation


@pytest.mark.parametrize(
    ("when", "in_training", "at_end"),
    [("training", True, False), ("end", False, True), ("always", True, True)],
)
def test_when(when, in_training, at_end):
    evaluation = Evaluation("valid", [], when)
    assert (evaluation.in_training, evaluation.at_end) == (in_training, at_end)


def test_another_time_is_refused():
    with pytest.raises(ValueError, match="when='sometimes': choose one of training, end, always"):
        Evaluation("valid", [], "sometimes")


def test_full_names_with_units_and_directions():
    task = Classification()
    found = Evaluation("test", [], "end").measures(task)
    assert {name: tuple(metric) for name, metric in found.items()} == {
        "test_error": ("percent", "lower"),
        "test_accuracy": ("percent", "higher"),
        "test_loss": ("nats", "lower"),
    }
    assert list(Evaluation("part", [], "end", ("loss",)).measures(task)) == ["part_loss"]
    assert Evaluation("part", [], "end", ()).measures(task) == {}
