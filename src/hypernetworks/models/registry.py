"""The networks by the names that a configuration gives them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from torch import nn

from hypernetworks.models.convnets import HyperMnistConvnet, MnistConvnet
from hypernetworks.models.image_shape import ImageShape
from hypernetworks.models.mlps import MLP, CoordinateMLP
from hypernetworks.models.wide_resnet import WideResNet, hyper_wide_resnet
from hypernetworks.recurrent.modules import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
from hypernetworks.recurrent.stack import Stack

Made = TypeVar("Made", bound=nn.Module)

IMAGE_NETWORKS: Mapping[str, Callable[..., nn.Module]] = {
    "cnn": MnistConvnet,
    "hyper_cnn": HyperMnistConvnet,
    "mlp": MLP,
    "coordinate_mlp": CoordinateMLP,
    "resnet": WideResNet,
    "hyper_resnet": hyper_wide_resnet,
}
CORES: Mapping[str, Callable[..., Stack[Any]]] = {
    "lstm": LSTM,
    "layernorm_lstm": LayerNormLSTM,
    "hyperlstm": HyperLSTM,
    "layernorm_hyperlstm": partial(HyperLSTM, layer_norm=True),
    "hyperrnn": HyperRNN,
}


def image_network(name: str, image_shape: ImageShape, classes: int, **settings: Any) -> nn.Module:
    """A network from images (B, *image_shape) to logits (B, classes).

    Args:
        name: one of IMAGE_NETWORKS.
        settings: the network's own keyword arguments, such as depth and widen.
    Raises:
        ValueError: naming the networks that there are, or what the network refuses.
        TypeError: a setting that the network does not have.
    """
    return _of(IMAGE_NETWORKS, name)(image_shape=image_shape, classes=classes, **settings)


def recurrent_core(name: str, input_size: int, **settings: Any) -> Stack[Any]:
    """Recurrent layers over `input_size` units or symbols.

    Args:
        name: one of CORES.
        settings: the stack's own keyword arguments: hidden_size, num_layers, hyper_size ...
    Raises:
        ValueError: naming the cores that there are, or what the stack refuses.
        TypeError: a setting that the stack does not have.
    """
    return _of(CORES, name)(input_size, **settings)


def _of(known: Mapping[str, Callable[..., Made]], name: str) -> Callable[..., Made]:
    if name not in known:
        raise ValueError(f"no network is called {name!r} here; there are: {', '.join(known)}")
    return known[name]
