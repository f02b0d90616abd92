"""Hypernetworks for PyTorch, and the reproduction suite of Ha, Dai & Le (ICLR 2017).

Where the paper is in the code:

    section 3.1, eq. 1-3    static.generator       kernels generated from embeddings, tiled kernels
    section 4.1, A.3.1      static.mnist           the convnet and the hyper convnet of table 7
    section 4.2, A.3.2      static.wide_resnet     the residual networks of table 2, plain and hyper
                            static.bank            the kernels of all layers in one product
                            static.hyperize        the same for any network's convolutions
    appendix A.1            static.coordinate      weights generated from coordinates
    section 3.2, eq. 4-8    recurrent.hyper_rnn    HyperRNN, scaled and full
    section 3.2, eq. 9-13   recurrent.hyper        HyperLSTM; recurrent.lstm: LSTM, layer norm
    appendix A.2.3          recurrent.initialisation; each cell's reset_parameters
    sections 4.3 and 4.4    recurrent.character_model, tasks.char_lm, data.ptb, data.enwik8
    figures 4, 5, 14, 15    recurrent.sampling, recurrent.observe

The names below are imported on first use, so that the command line can compose a
configuration without paying for the import of torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "KernelGenerator": "hypernetworks.static.generator",
    "TiledKernel": "hypernetworks.static.generator",
    "tile_kernels": "hypernetworks.static.generator",
    "hyperize": "hypernetworks.static.hyperize",
    "convolution_kernels": "hypernetworks.static.hyperize",
    "WideResNet": "hypernetworks.static.wide_resnet",
    "hyper_wide_resnet": "hypernetworks.static.wide_resnet",
    "CoordinateHypernetwork": "hypernetworks.static.coordinate",
    "CoordinateMLP": "hypernetworks.static.coordinate",
    "MLP": "hypernetworks.static.coordinate",
    "MnistConvnet": "hypernetworks.static.mnist",
    "HyperMnistConvnet": "hypernetworks.static.mnist",
    "LSTM": "hypernetworks.recurrent.modules",
    "LayerNormLSTM": "hypernetworks.recurrent.modules",
    "HyperRNN": "hypernetworks.recurrent.modules",
    "HyperLSTM": "hypernetworks.recurrent.modules",
    "LSTMCell": "hypernetworks.recurrent.lstm",
    "LayerNormLSTMCell": "hypernetworks.recurrent.lstm",
    "HyperLSTMCell": "hypernetworks.recurrent.hyper",
    "HyperRNNCell": "hypernetworks.recurrent.hyper_rnn",
    "FullHyperRNNCell": "hypernetworks.recurrent.hyper_rnn",
    "LSTMState": "hypernetworks.recurrent.state",
    "HyperLSTMState": "hypernetworks.recurrent.state",
    "HyperRNNState": "hypernetworks.recurrent.state",
    "Masks": "hypernetworks.recurrent.masks",
    "observe": "hypernetworks.recurrent.observe",
    "CharacterModel": "hypernetworks.recurrent.character_model",
    "sample": "hypernetworks.recurrent.sampling",
    "from_supercell": "hypernetworks.recurrent.importers",
    "from_labml": "hypernetworks.recurrent.importers",
}

__all__ = [
    "LSTM",
    "MLP",
    "CharacterModel",
    "CoordinateHypernetwork",
    "CoordinateMLP",
    "FullHyperRNNCell",
    "HyperLSTM",
    "HyperLSTMCell",
    "HyperLSTMState",
    "HyperMnistConvnet",
    "HyperRNN",
    "HyperRNNCell",
    "HyperRNNState",
    "KernelGenerator",
    "LSTMCell",
    "LSTMState",
    "LayerNormLSTM",
    "LayerNormLSTMCell",
    "Masks",
    "MnistConvnet",
    "TiledKernel",
    "WideResNet",
    "convolution_kernels",
    "from_labml",
    "from_supercell",
    "hyper_wide_resnet",
    "hyperize",
    "observe",
    "sample",
    "tile_kernels",
]

if TYPE_CHECKING:
    from hypernetworks.recurrent.character_model import CharacterModel
    from hypernetworks.recurrent.hyper import HyperLSTMCell
    from hypernetworks.recurrent.hyper_rnn import FullHyperRNNCell, HyperRNNCell
    from hypernetworks.recurrent.importers import from_labml, from_supercell
    from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
    from hypernetworks.recurrent.masks import Masks
    from hypernetworks.recurrent.modules import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
    from hypernetworks.recurrent.observe import observe
    from hypernetworks.recurrent.sampling import sample
    from hypernetworks.recurrent.state import HyperLSTMState, HyperRNNState, LSTMState
    from hypernetworks.static.coordinate import MLP, CoordinateHypernetwork, CoordinateMLP
    from hypernetworks.static.generator import KernelGenerator, TiledKernel, tile_kernels
    from hypernetworks.static.hyperize import convolution_kernels, hyperize
    from hypernetworks.static.mnist import HyperMnistConvnet, MnistConvnet
    from hypernetworks.static.wide_resnet import WideResNet, hyper_wide_resnet


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'hypernetworks' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
