"""Names of networks: each gives the network of that name, with its settings and sizes."""

import pytest
import torch

import hypernetworks
from hypernetworks.models.registry import CORES, IMAGE_NETWORKS, image_network, recurrent_core

IMAGES = {
    "cnn": ({}, "MnistConvnet"),
    "hyper_cnn": ({"embedding_size": 3, "hidden_size": 5}, "HyperMnistConvnet"),
    "mlp": ({}, "MLP"),
    "coordinate_mlp": ({"hidden_size": 7}, "CoordinateMLP"),
    "resnet": ({"depth": 10, "widen": 2}, "WideResNet"),
    "hyper_resnet": ({"depth": 10, "widen": 1, "embedding_size": 4}, "hyper_wide_resnet"),
}
HYPER = {"hyper_size": 4, "embedding_size": 2}
RECURRENT = {
    "lstm": ({"recurrent_dropout": 0.1}, "LSTM", {}),
    "layernorm_lstm": ({"recurrent_dropout": 0.1}, "LayerNormLSTM", {}),
    "hyperlstm": ({**HYPER, "hyper_recurrent_dropout": 0.1}, "HyperLSTM", {}),
    "layernorm_hyperlstm": (HYPER, "HyperLSTM", {"layer_norm": True}),
    "hyperrnn": ({**HYPER, "full": True}, "HyperRNN", {}),
}


def test_the_names():
    assert list(IMAGE_NETWORKS) == list(IMAGES)
    assert list(CORES) == list(RECURRENT)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_network_is_the_one_of_its_name(name):
    settings, public = IMAGES[name]
    torch.manual_seed(2)
    found = image_network(name, (3, 9, 8), 5, **settings)
    torch.manual_seed(2)
    expected = getattr(hypernetworks, public)(image_shape=(3, 9, 8), classes=5, **settings)
    assert type(found) is type(expected)
    torch.testing.assert_close(found.state_dict(), expected.state_dict(), rtol=0, atol=0)
    assert found(torch.rand(2, 3, 9, 8)).shape == (2, 5)


@pytest.mark.parametrize("name", RECURRENT)
def test_a_core_is_the_stack_of_its_name(name):
    settings, public, fixed = RECURRENT[name]
    torch.manual_seed(2)
    found = recurrent_core(name, 6, hidden_size=8, num_layers=2, **settings)
    torch.manual_seed(2)
    kind = getattr(hypernetworks, public)
    expected = kind(6, 8, num_layers=2, **settings, **fixed)
    assert type(found) is type(expected)
    assert repr(found) == repr(expected)
    torch.testing.assert_close(found.state_dict(), expected.state_dict(), rtol=0, atol=0)
    assert found(torch.randint(6, (4, 2)))[0].shape == (4, 2, 8)


def test_what_there_is_not_is_answered_with_what_there_is():
    with pytest.raises(ValueError, match=r"'vgg' here; there are: cnn, hyper_cnn, mlp"):
        image_network("vgg", (1, 28, 28), 10)
    with pytest.raises(ValueError, match=r"'gru' here; there are: lstm, layernorm_lstm"):
        recurrent_core("gru", 5, hidden_size=4)
    with pytest.raises(TypeError, match="depth"):
        image_network("cnn", (1, 28, 28), 10, depth=3)
