"""Weight decay: on which parameters, and that it acts as torch's does on groups made by hand."""

import pytest
import torch
from torch import nn

from hypernetworks import HyperLSTM, HyperRNN, LayerNormLSTM, hyperize
from hypernetworks.static.generator import KernelGenerator, TiledKernel
from hypernetworks.training.decay import split_for_decay
from hypernetworks.training.optim import build_optimizer
from tests.training.small import SmallBatches, chosen, finish, small_loop, small_model


def decayed_names(model):
    decayed, others = (list(map(id, part)) for part in split_for_decay(model))
    names = {id(p): name for name, p in model.named_parameters()}
    assert sorted(decayed + others) == sorted(names)
    assert [p for p in map(id, model.parameters()) if p in decayed] == decayed
    return {names[p] for p in decayed}


def test_kernels_of_an_ordinary_network_alone():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm([4, 5, 5]),
        nn.Linear(5, 2), nn.Embedding(7, 3), nn.InstanceNorm2d(4, affine=True),
    )  # fmt: skip
    assert decayed_names(model) == {"0.weight", "4.weight"}


def test_neither_embeddings_nor_biases_of_kernel_generators():
    plain = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 8, 3))
    net = hyperize(plain, (4, 4), 3, select=["2"])
    generator = "banks.3.generator"
    assert decayed_names(net) == {"model.0.weight", f"{generator}.w_in", f"{generator}.w_out"}
    generator = KernelGenerator(4, 4, 3, 2)
    pair = nn.ModuleList([generator, TiledKernel(generator, 8, 4)])
    assert decayed_names(pair) == {"0.w_in", "0.w_out"}


def test_weights_of_recurrent_layers_and_of_what_generates_their_scales():
    names = decayed_names(LayerNormLSTM(3, 4))
    assert {name.rpartition(".")[2] for name in names} == {"weight_x", "weight_h"}
    names = {name.rpartition(".")[2] for name in decayed_names(HyperLSTM(3, 4, layer_norm=True))}
    of_generator = {"h_weight", "x_weight", "b_weight", "weight_hz", "weight_xz", "weight_bz"}
    assert names == {"weight_x", "weight_h"} | of_generator
    names = {name.rpartition(".")[2] for name in decayed_names(HyperRNN(3, 4, full=True))}
    assert names == {"weight_x", "weight_h"} | of_generator


def test_a_parameter_with_two_places_is_left_alone_if_one_of_them_is():
    table, readout = nn.Embedding(7, 3), nn.Linear(3, 7)
    readout.weight = table.weight
    assert decayed_names(nn.Sequential(table, readout)) == set()


@pytest.mark.parametrize("optimizer", ["AdamW", "SGD", "Adam"])
def test_equals_groups_made_by_hand(tmp_path, optimizer):
    changes = {"optimizer": optimizer, "weight_decay": 0.3, "lr_table": None, "max_epochs": 1}
    loop = small_loop(tmp_path / "c.pt", **changes)
    torch.manual_seed(7)
    finish(loop)

    twin = small_model()
    torch.manual_seed(7)
    first, last = twin[0], twin[3]
    groups = [
        {"params": [first.weight, last.weight], "weight_decay": 0.3},
        {"params": [first.bias, last.bias], "weight_decay": 0.0},
    ]
    by_hand = getattr(torch.optim, optimizer)(groups, lr=0.01)
    for x, y in SmallBatches(7).epoch(0):
        by_hand.zero_grad()
        (twin(x) - y).square().mean().backward()
        by_hand.step()
    torch.testing.assert_close(loop.model.state_dict(), twin.state_dict(), rtol=0, atol=0)


def test_zero_leaves_the_optimisers_own():
    (group,) = build_optimizer(nn.Linear(2, 2), chosen(optimizer="AdamW")).param_groups
    assert group["weight_decay"] == 0.01
