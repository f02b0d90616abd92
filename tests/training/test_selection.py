"""Which metric chooses, and what is said where nothing measures it."""

import pytest

from hypernetworks.tasks.protocols import Evaluation
from hypernetworks.training.selection import selection_of
from hypernetworks.training.settings import SettingsError
from tests.training.small import Regression, SmallBatches, chosen

EVALUATIONS = [
    Evaluation("valid", SmallBatches(1), "always"),
    Evaluation("part", SmallBatches(1), "training", ("harm",)),
    Evaluation("test", SmallBatches(1), "end"),
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, ("valid_mse", "lower")),
        ("valid_harm", ("valid_harm", "higher")),
        ("part_harm", ("part_harm", "higher")),
    ],
)
def test_the_metrics_own_direction_counts(name, found):
    assert selection_of(chosen(selection_metric=name), Regression(), EVALUATIONS) == found


@pytest.mark.parametrize("name", ["test_mse", "part_mse", "valid_bpc", "mse", "lr"])
def test_what_is_not_measured_in_training_names_what_is(name):
    message = f"selection_metric={name}: evaluated during training are valid_mse, valid_harm, part"
    with pytest.raises(SettingsError, match=message):
        selection_of(chosen(selection_metric=name), Regression(), EVALUATIONS)


def test_a_task_that_nothing_measures():
    with pytest.raises(SettingsError, match="valid_mse: evaluated during training are nothing"):
        selection_of(chosen(), Regression(), [EVALUATIONS[2]])
