"""Hypernetworks for PyTorch, and the reproduction suite of Ha, Dai & Le (ICLR 2017).

Where the paper is in the code:

    section 3.1, eq. 1-3    static.generator       kernels generated from embeddings, tiled kernels
    section 4.1, A.3.1      models.convnets        the convnet and the hyper convnet of table 7
    section 4.2, A.3.2      models.wide_resnet     the residual networks of table 2, plain and hyper
                            static.bank            the kernels of all layers in one product
                            static.hyperize        the same for any network's convolutions
    appendix A.1            static.coordinate      weights generated from coordinates
                            models.mlps            the fully connected networks of table A.1
    section 3.2, eq. 4-8    recurrent.hyper_rnn    HyperRNN, scaled and full
    section 3.2, eq. 9-13   recurrent.hyper        HyperLSTM; recurrent.lstm: LSTM, layer norm
                            recurrent.fused        the same arithmetic for a whole sequence
    appendix A.2.3          recurrent.initialisation; each cell's reset_parameters
    sections 4.3 and 4.4    models.character, tasks.characters, data.ptb, data.enwik8
    figures 4, 5, 14, 15    models.sampling, recurrent.observe
    section 4.5, A.3.5      models.mixture, models.handwriting, tasks.handwriting
                            data.iam, data.unipen, data.lines
    figures 7, 16-18        models.writing
    section 4.6, A.3.6      models.gnmt, models.attention, models.beam, tasks.translation
                            data.wmt14, data.parallel_text, data.encoding, data.pair_batches

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
    "WideResNet": "hypernetworks.models.wide_resnet",
    "hyper_wide_resnet": "hypernetworks.models.wide_resnet",
    "CoordinateHypernetwork": "hypernetworks.static.coordinate",
    "CoordinateMLP": "hypernetworks.models.mlps",
    "MLP": "hypernetworks.models.mlps",
    "MnistConvnet": "hypernetworks.models.convnets",
    "HyperMnistConvnet": "hypernetworks.models.convnets",
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
    "CharacterModel": "hypernetworks.models.character",
    "HandwritingModel": "hypernetworks.models.handwriting",
    "Mixture": "hypernetworks.models.mixture",
    "MixtureDensity": "hypernetworks.models.mixture",
    "sample": "hypernetworks.models.sampling",
    "write": "hypernetworks.models.writing",
    "GNMT": "hypernetworks.models.gnmt",
    "beam_search": "hypernetworks.models.beam",
    "from_supercell": "hypernetworks.recurrent.importers",
    "from_labml": "hypernetworks.recurrent.importers",
    "load": "hypernetworks.loading",
    "LoadError": "hypernetworks.loading",
}

__all__ = [
    "GNMT",
    "LSTM",
    "MLP",
    "CharacterModel",
    "CoordinateHypernetwork",
    "CoordinateMLP",
    "FullHyperRNNCell",
    "HandwritingModel",
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
    "LoadError",
    "Masks",
    "Mixture",
    "MixtureDensity",
    "MnistConvnet",
    "TiledKernel",
    "WideResNet",
    "beam_search",
    "convolution_kernels",
    "from_labml",
    "from_supercell",
    "hyper_wide_resnet",
    "hyperize",
    "load",
    "observe",
    "sample",
    "tile_kernels",
    "write",
]

if TYPE_CHECKING:
    from hypernetworks.loading import LoadError, load
    from hypernetworks.models.beam import beam_search
    from hypernetworks.models.character import CharacterModel
    from hypernetworks.models.convnets import HyperMnistConvnet, MnistConvnet
    from hypernetworks.models.gnmt import GNMT
    from hypernetworks.models.handwriting import HandwritingModel
    from hypernetworks.models.mixture import Mixture, MixtureDensity
    from hypernetworks.models.mlps import MLP, CoordinateMLP
    from hypernetworks.models.sampling import sample
    from hypernetworks.models.wide_resnet import WideResNet, hyper_wide_resnet
    from hypernetworks.models.writing import write
    from hypernetworks.recurrent.hyper import HyperLSTMCell
    from hypernetworks.recurrent.hyper_rnn import FullHyperRNNCell, HyperRNNCell
    from hypernetworks.recurrent.importers import from_labml, from_supercell
    from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
    from hypernetworks.recurrent.masks import Masks
    from hypernetworks.recurrent.modules import LSTM, HyperLSTM, HyperRNN, LayerNormLSTM
    from hypernetworks.recurrent.observe import observe
    from hypernetworks.recurrent.state import HyperLSTMState, HyperRNNState, LSTMState
    from hypernetworks.static.coordinate import CoordinateHypernetwork
    from hypernetworks.static.generator import KernelGenerator, TiledKernel, tile_kernels
    from hypernetworks.static.hyperize import convolution_kernels, hyperize


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'hypernetworks' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
