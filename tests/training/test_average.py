"""The moving average: its formula by hand; it is what is evaluated, kept and resumed."""

import copy

import pytest
import torch
from torch import nn

from hypernetworks import HyperLSTM, hyperize
from hypernetworks.models.character import CharacterModel
from hypernetworks.training.average import average_of
from hypernetworks.training.stopping import StopFlag
from tests.training.small import Recorder, SmallBatches, finish, small_loop, small_model

DECAY = 0.7


def normed_model():
    """With buffers: a mean, a variance, a count of batches."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.Linear(16, 1))


def small_character_model():
    return CharacterModel(HyperLSTM(5, 7, hyper_size=4, embedding_size=2))


def averaged_by_hand(model, steps):
    """Trains the model as the loop does; after each step the average by its formula."""
    optimizer, average = torch.optim.Adam(model.parameters(), lr=0.01), None
    for x, y in list(SmallBatches(7).epoch(0))[:steps]:
        model.train()
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
        now = {name: value.clone().double() for name, value in model.state_dict().items()}
        if average is None:
            average = now
        else:
            average = {k: DECAY * v + (1 - DECAY) * now[k] for k, v in average.items()}
    return average


@pytest.mark.parametrize("steps", [1, 2, 6])
def test_the_average_is_what_is_kept_and_evaluated(tmp_path, steps):
    changes = {"ema_decay": DECAY, "lr_table": None, "max_steps": steps}
    loop = small_loop(tmp_path / "c.pt", model=normed_model(), **changes)
    finish(loop)
    twin = normed_model()
    average = averaged_by_hand(twin, steps)
    kept = {name: value.double() for name, value in loop.model.state_dict().items()}
    average.pop("1.num_batches_tracked"), kept.pop("1.num_batches_tracked")
    torch.testing.assert_close(kept, average, rtol=1e-5, atol=1e-7)
    twin.load_state_dict(loop.model.state_dict())
    pairs = list(SmallBatches(2).epoch(1000))
    with torch.inference_mode():
        mse = torch.stack([(twin.eval()(x) - y).square().mean() for x, y in pairs]).mean()
    assert loop.progress.best_value == pytest.approx(float(mse), rel=1e-6)


def test_training_itself_is_unchanged(tmp_path):
    readings = {}
    for name, changes in (("plain", {}), ("averaged", {"ema_decay": DECAY})):
        loop = small_loop(tmp_path / f"{name}.pt", **changes)
        torch.manual_seed(3)
        recorder = Recorder()
        loop.listeners.append(recorder)
        assert loop.run(StopFlag())
        readings[name] = [(step, m["train_loss"]) for step, m in recorder.readings]
    assert readings["plain"] == readings["averaged"]


@pytest.mark.parametrize("kind", ["plain", "hyperized", "hyper_lstm"])
def test_the_copy_computes_with_its_own_weights(kind):
    """Averages of every kind of network: the copy shares nothing with its model."""
    torch.manual_seed(0)
    model, x = {
        "plain": lambda: (small_model(), torch.randn(3, 5)),
        "hyperized": lambda: (
            hyperize(nn.Sequential(nn.Conv2d(4, 4, 3)), (4, 4), 3),
            torch.randn(1, 4, 5, 5),
        ),
        "hyper_lstm": lambda: (small_character_model(), torch.randint(5, (6, 2))),
    }[kind]()
    model.eval()
    before = copy.deepcopy(model)
    average = average_of(model, DECAY)
    average.update_parameters(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
        found = average.module(x)
        torch.testing.assert_close(found, before(x))
        average.update_parameters(model)
        halfway = dict(average.module.named_parameters())
        for name, parameter in before.named_parameters():
            torch.testing.assert_close(halfway[name], parameter + 1 - DECAY)
        with pytest.raises(AssertionError):
            torch.testing.assert_close(average.module(x), found)


def test_none_for_no_average():
    assert average_of(small_model(), None) is None
