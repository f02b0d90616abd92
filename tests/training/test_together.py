"""Work that several processes end alike; here they are threads."""

import threading

import pytest
from torch.distributed import HashStore

from hypernetworks.training.settings import SettingsError
from hypernetworks.training.together import FailedElsewhere, LeftAlone, Peers, lost, peers


def ended(*works, patience=None):
    """What each of the processes that do these works raises, or None."""
    store, found = HashStore(), [None] * len(works)

    def process(rank):
        try:
            with Peers(store, rank, len(works)).alike(patience):
                works[rank]()
        except BaseException as error:
            found[rank] = error

    threads = [threading.Thread(target=process, args=(rank,)) for rank in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def well():
    """Nothing goes wrong."""


def fails(error):
    def work():
        raise error

    return work


def test_what_goes_well_everywhere_goes_on():
    assert ended(well, well, well) == [None, None, None]


def test_what_fails_in_one_fails_in_all_with_its_reason():
    error = ValueError("no such file")
    first, second, third = ended(well, fails(error), well)
    assert second is error
    for other in (first, third):
        assert isinstance(other, FailedElsewhere)
        assert str(other) == "process 1: no such file"


def test_what_fails_everywhere_is_everywhere_its_own():
    errors = [ValueError(str(rank)) for rank in range(3)]
    assert ended(*map(fails, errors)) == errors


def test_a_lost_connection_is_no_reason_where_there_is_one():
    gone = RuntimeError("[/pytorch/gloo/transport/tcp/pair.cc:553] Connection closed by peer")
    error = MemoryError()
    first, second = ended(fails(gone), fails(error))
    assert second is error
    assert str(first) == "process 1: MemoryError"
    assert ended(fails(gone), fails(gone)) == [gone, gone]


def test_a_signal_is_handed_on_as_it_is():
    stops = [KeyboardInterrupt("at step 3"), KeyboardInterrupt("at step 3")]
    assert ended(*map(fails, stops)) == stops


def test_who_fails_while_the_others_wait_for_it_is_left_alone():
    mine = Peers(HashStore(), 1, 2)
    error = ValueError("too large")
    with pytest.raises(LeftAlone, match="too large") as alone, mine.alike(patience=0.01):
        raise error
    assert alone.value.__cause__ is error
    assert mine.left_alone


def test_other_errors_are_not_those_of_a_lost_connection():
    assert not lost(RuntimeError("shape"))
    assert lost(FailedElsewhere("process 1: shape"))


def test_half_of_what_torchrun_sets_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="WORLD_SIZE=2 is set, but not RANK, LOCAL_RANK"):
        peers()
