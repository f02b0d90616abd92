"""Batch norm over processes; that two train as one is in test_devices.py."""

import torch
from torch import nn

from hypernetworks.training.synchronised import synchronised


def small():
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))


def test_on_gpus_it_is_torchs_own_with_the_parameters_that_there_were():
    model = small()
    before = list(map(id, model.parameters()))
    found = synchronised(model, torch.device("cuda"))
    assert type(found[1][0]) is nn.SyncBatchNorm
    assert list(map(id, found.parameters())) == before


def test_evaluated_it_is_plain_batch_norm():
    """By any one process alone, without a process group."""
    plain, ours = small(), synchronised(small(), torch.device("cpu"))
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(5, 3, 2, 2)
    assert torch.equal(ours.eval()(x), plain.eval()(x))
    assert type(plain[1][0]) is nn.BatchNorm2d


def test_the_whole_batchs_numbers_are_plain_batch_norms(monkeypatch):
    """Of one process, forward and back, in training; its running values too."""
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda total: None)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 1)
    found = []
    for make in (lambda model: model, lambda model: synchronised(model, torch.device("cpu"))):
        torch.manual_seed(0)
        model, x = make(small()).double(), torch.randn(5, 3, 2, 2, dtype=torch.float64)
        x.requires_grad_()
        for _ in range(2):
            model(x).square().sum().backward()
        found.append((x.grad, [p.grad for p in model.parameters()], model.state_dict()))
    torch.testing.assert_close(found[0], found[1])
