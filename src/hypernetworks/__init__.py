"""Hypernetworks for PyTorch, and the reproduction suite of Ha, Dai & Le (ICLR 2017).

Where the paper is in the code:

    section 3.1, eq. 1-3    static.generator       kernels generated from embeddings, tiled kernels
    section 4.1, A.3.1      static.mnist           the convnet and the hyper convnet of table 7
    appendix A.1            static.coordinate      weights generated from coordinates

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
    "CoordinateHypernetwork": "hypernetworks.static.coordinate",
    "CoordinateMLP": "hypernetworks.static.coordinate",
    "MLP": "hypernetworks.static.coordinate",
    "MnistConvnet": "hypernetworks.static.mnist",
    "HyperMnistConvnet": "hypernetworks.static.mnist",
}

__all__ = [
    "MLP",
    "CoordinateHypernetwork",
    "CoordinateMLP",
    "HyperMnistConvnet",
    "KernelGenerator",
    "MnistConvnet",
    "TiledKernel",
    "tile_kernels",
]

if TYPE_CHECKING:
    from hypernetworks.static.coordinate import MLP, CoordinateHypernetwork, CoordinateMLP
    from hypernetworks.static.generator import KernelGenerator, TiledKernel, tile_kernels
    from hypernetworks.static.mnist import HyperMnistConvnet, MnistConvnet


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'hypernetworks' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
