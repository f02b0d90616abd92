"""Why runs end passes between the processes of a sweep."""

import pickle

import pytest

from hypernetworks.training.stopping import Diverged, Interrupted


@pytest.mark.parametrize(
    "error", [Interrupted(7, 15), Interrupted(7, 2, True), Diverged("the loss")]
)
def test_errors_survive_being_sent(error):
    received = pickle.loads(pickle.dumps(error))
    assert type(received) is type(error)
    assert str(received) == str(error)
    assert vars(received) == vars(error)
