"""init="keep": the fit, held to the best there can be by singular values, and what it reports."""

import copy
import warnings

import pytest
import torch
import torchvision
from torch import nn

from hypernetworks import hyperize
from hypernetworks.static.bank import KernelBank
from hypernetworks.static.fit import fit
from tests.static.small import Small, images

SHAPES = [(8, 8), (8, 8), (16, 8), (4, 4)]


def bank_of(shapes=SHAPES, kernel_size=3, base=(4, 4), embedding_size=3):
    torch.manual_seed(0)
    return KernelBank(shapes, kernel_size, base, embedding_size)


def named(kernels):
    return {str(number): kernel.detach() for number, kernel in enumerate(kernels)}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"base": (4, 2), "embedding_size": 5},
        {"kernel_size": 1},
        {"embedding_size": 40},  # more than there are outputs and pixels
        {"shapes": [(4, 4)], "embedding_size": 2},  # one kernel
        {"shapes": [(4, 1), (8, 1)], "base": (4, 1)},  # depthwise
    ],
)
def test_kernels_of_such_a_generator_are_found_again(options):
    theirs = bank_of(**options)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    kernels = named(theirs())
    ours = bank_of(**options)
    errors = fit(ours, kernels)
    assert errors.keys() == kernels.keys()
    assert max(errors.values()) < 1e-6
    for found, kernel in zip(ours(), kernels.values(), strict=True):
        torch.testing.assert_close(found, kernel, rtol=1e-4, atol=1e-4)
    sum(kernel.square().sum() for kernel in ours()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in ours.parameters())
    assert (ours.generator.w_out.grad != 0).any()


def test_it_is_near_the_best_there_can_be():
    """No generator does better than the best matrix of its rank, by kernels or by outputs."""
    kernel = torch.randn(64, 64, 3, 3, generator=torch.Generator().manual_seed(0))
    size = 40
    bank = bank_of([(64, 64)], 3, (16, 16), size)
    (error,) = fit(bank, {"0": kernel}).values()
    tiles = kernel.unflatten(0, (4, 16)).unflatten(2, (4, 16)).double()
    basic = tiles.permute(2, 0, 1, 4, 5, 3).reshape(16, 144, 16)  # (a b, N_out f f, N_in)
    across = basic.transpose(0, 1).flatten(1)  # 16 embeddings of 40 numbers bound nothing
    lost = torch.linalg.svdvals(across - across.mean(1, keepdim=True))[size:]
    assert error == pytest.approx(float(lost.norm() / kernel.double().norm()), rel=1e-3)


def test_larger_embeddings_come_nearer():
    kernels = {
        str(n): torch.randn(16, 16, 3, 3, generator=torch.Generator().manual_seed(n))
        for n in range(12)
    }
    found = [
        fit(bank_of([(16, 16)] * 12, 3, (4, 4), size), kernels)["5"] for size in (2, 8, 32, 64)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9
    assert found[-1] < 0.6


def test_unused_parts_of_tiles_bind_nothing():
    shapes = [(6, 5), (7, 9)]
    theirs = bank_of(shapes)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    kernels = named(theirs())
    errors = fit(bank_of(shapes), kernels)
    padded = {
        name: nn.functional.pad(k, (0, 0, 0, 0, 0, -k.shape[1] % 4, 0, -k.shape[0] % 4))
        for name, k in kernels.items()
    }
    zeros = fit(bank_of([(8, 8), (8, 12)]), padded)
    assert max(errors.values()) < 0.1
    assert min(zeros.values()) > 0.2


def test_the_same_kernels_give_the_same_parameters_whatever_is_drawn():
    torch.manual_seed(1)
    plain = Small()
    nets = []
    for seed in (2, 3):
        torch.manual_seed(seed)
        nets.append(hyperize(plain, (4, 4), 64, ["first", "second"], "keep"))
    torch.testing.assert_close(nets[0].state_dict(), nets[1].state_dict(), rtol=0, atol=0)


def test_a_network_that_is_kept_does_what_it_did():
    torch.manual_seed(0)
    source = hyperize(torchvision.models.resnet18(num_classes=7), embedding_size=8)
    trained = source.bake().eval()
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = hyperize(trained, embedding_size=8, init="keep")
    assert set(net.fit_errors) == set(net.kernels())
    assert max(net.fit_errors.values()) < 1e-4
    with torch.no_grad():
        expected, found = trained(images()), net(images())
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
    assert net.state_dict().keys() == source.state_dict().keys()
    assert copy.deepcopy(net).fit_errors == net.fit_errors


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_errors_are_of_the_kernels_as_they_are_generated(dtype):
    torch.manual_seed(0)
    plain = Small().to(dtype)
    with pytest.warns(UserWarning, match=r"2 of 2 generated kernels .* larger embedding_size$"):
        net = hyperize(plain, (4, 4), 3, ["first", "second"], "keep")
    for name, kernel in net.kernels().items():
        weight = plain.get_submodule(name).weight.detach().double()
        error = float((kernel.detach().double() - weight).norm() / weight.norm())
        assert net.fit_errors[name] == pytest.approx(error, rel=1e-9)


def test_fresh_generators_have_no_errors_to_report():
    assert hyperize(Small(), (4, 4), 3, "first").fit_errors == {}


def test_kernels_without_values_are_refused():
    plain = Small()
    nn.init.constant_(plain.second.weight, float("nan"))
    for model, name in ((plain, "second"), (Small().to("meta"), "first")):
        with pytest.raises(ValueError, match=f"{name} has a kernel without finite values"):
            hyperize(model, (4, 4), 3, ["first", "second"], "keep")


def test_kernels_of_zeros_stay_zeros():
    plain = Small()
    nn.init.zeros_(plain.first.weight)
    net = hyperize(plain, (4, 4), 3, "first", "keep")
    assert net.fit_errors == {"first": 0}
    assert not net.kernels()["first"].any()


def test_kernels_of_zeros_are_met_or_said_to_be_missed():
    zeros = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3))
    nn.init.zeros_(zeros[0].weight)
    nn.init.zeros_(zeros[1].weight)
    net = hyperize(zeros, (4, 4), 2, init="keep")
    assert net.fit_errors == {"0": 0.0, "1": 0.0}
