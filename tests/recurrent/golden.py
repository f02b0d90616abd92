"""The authors' cell, recorded (golden.npz): its cases as cells of ours with its weights.

B=3 T=5 X=4 H=6 P=5 Z=2, float64, y = x @ w, gates i, g, f, o
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.hyper import HyperLSTMCell
from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.masks import Masks

FILE = Path(__file__).with_name("golden.npz")
CASES = ("lstm", "ln_lstm", "hyper", "ln_hyper", "ln_hyper_drop", "paper_hyper", "paper_ln_hyper")


@dataclass
class Case:
    arrays: dict[str, Tensor]
    cell: Cell

    @property
    def state(self):
        names = self.cell.state_type._fields
        return self.cell.state_type(*(self.arrays[f"init/{n}"].clone() for n in names))

    @property
    def masks(self):
        return Masks(self.arrays.get("g_mask"))


def load(name: str) -> Case:
    with np.load(FILE) as file:
        arrays = {
            key.removeprefix(f"{name}/"): torch.from_numpy(np.asarray(file[key]))
            for key in file.files
            if key.startswith(f"{name}/")
        }
    sizes = (4, 6)
    options = {"dtype": torch.float64}
    if name.startswith("paper"):
        options["forget_bias"] = 0.0
        options["embeddings_from"] = "previous"
    norm = "ln" in name
    if norm:
        options["pre_norm_bias"] = True
    if name.endswith("lstm"):
        cell = (LayerNormLSTMCell if norm else LSTMCell)(*sizes, **options)
    else:
        cell = HyperLSTMCell(*sizes, hyper_size=5, embedding_size=2, layer_norm=norm, **options)
    with torch.no_grad():
        for key, parameter in ours(cell).items():
            parameter.copy_(theirs(arrays, "w", key, parameter))
    return Case(arrays, cell)


def ours(cell) -> dict[str, Tensor]:
    return dict(cell.named_parameters())


NAMES = {
    "generator.embeddings.h_weight": "z_h_w",
    "generator.embeddings.x_weight": "z_x_w",
    "generator.embeddings.b_weight": "z_b_w",
    "generator.embeddings.h_bias": "z_h_b",
    "generator.embeddings.x_bias": "z_x_b",
    "generator.weight_hz": "d_h",
    "generator.weight_xz": "d_x",
    "generator.weight_bz": "d_b",
    "weight_x": "w_x",
    "weight_h": "w_h",
    "bias": "b",
    "norm.gain": "ln_gain",
    "norm.offset": "ln_bias",
    "norm.cell_gain": "ln_c_gain",
    "norm.cell_offset": "ln_c_bias",
}


def theirs(arrays, kind: str, key: str, like: Tensor) -> Tensor:
    """The recorded weight or gradient of one of our parameters, in our layout."""
    prefix = "hyper." if key.startswith("hyper.") else ""
    name = key.removeprefix("hyper.")
    array = arrays[f"{kind}/{prefix}{NAMES[name]}"]
    if name in ("weight_x", "weight_h"):
        array = array.t()
        if prefix and name == "weight_x":
            array = torch.cat((array[:, 4:], array[:, :4]), dim=1)  # theirs is [x; h]
    elif name.endswith("_weight"):
        array = array.transpose(1, 2)
    return array.reshape(like.shape)
