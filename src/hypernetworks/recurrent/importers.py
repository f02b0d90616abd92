"""Weights of other implementations as cells and stacks of ours.

D input units, H units, P hyper units, N = N_z
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hypernetworks.recurrent.hyper import HyperLSTMCell
from hypernetworks.recurrent.lstm import LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.modules import HyperLSTM
from hypernetworks.recurrent.torch_lstm import gates_swapped

SLOTS = ("beta1_power", "beta2_power", "/Adam", "/Adam_1", "/Momentum", "/RMSProp", "/RMSProp_1")
GATES = "ijfo"  # their j is the paper's g


class WeightsError(ValueError):
    """Weights that are not, or not only, those of a cell that our options can express."""


class _Weights:
    """Named arrays, each taken once; what is left over at the end is an error."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.left = {name: torch.as_tensor(array) for name, array in arrays.items()}

    def __contains__(self, name: str) -> bool:
        return name in self.left

    def take(self, *names: str) -> Tensor:
        """The first of the names that is there."""
        for name in names:
            if name in self.left:
                return self.left.pop(name)
        near = ", ".join(sorted(self.left)[:5]) or "nothing"
        raise WeightsError(f"no weight is called {' or '.join(names)}; left are {near}")

    def peek(self, name: str) -> Tensor:
        """A weight whose shape tells the sizes; it stays to be taken."""
        found = self.left.get(name)
        if found is None or found.dim() != 2:
            raise WeightsError(f"no matrix is called {name}")
        return found

    def finish(self) -> None:
        if self.left:
            names = ", ".join(sorted(self.left)[:5])
            raise WeightsError(f"{len(self.left)} weights have no place here: {names}")


def from_supercell(
    arrays: Mapping[str, Any], forget_bias: float = 1.0
) -> LSTMCell | LayerNormLSTMCell | HyperLSTMCell:
    """A cell with the weights of the authors' TensorFlow cell (hardmaru/supercell, supercell.py).

    Args:
        arrays: {variable name: array}, for example `numpy.load("weights.npz")`. The scope before
            the cell's own names does not matter; optimiser slots are passed over. Both layouts
            are known: one layer norm a gate (`ln_i/layer_norm_alpha`) and one for all four
            (`ln_all/ln_gamma`), with or without a bias before the norm.
        forget_bias: what the cell was made with.
    Raises:
        ValueError: naming the variable that is missing, is left over or has the wrong shape.
    """
    names = {name.removesuffix(":0"): arrays[name] for name in arrays}
    names = {name: array for name, array in names.items() if not name.endswith(SLOTS)}
    roots = sorted((n.removesuffix("W_xh") for n in names if n.split("/")[-1] == "W_xh"), key=len)
    if not roots or len(roots) > 2 or not roots[-1].startswith(roots[0]):
        raise WeightsError(f"expected one cell (a W_xh, and one more inside it), found {roots}")
    weights = _Weights({n.removeprefix(roots[0]): a for n, a in names.items()})
    w_x = weights.peek("W_xh")
    options: dict[str, Any] = {"forget_bias": forget_bias, "dtype": w_x.dtype}
    sizes = (w_x.shape[0], w_x.shape[1] // 4)
    cell: LSTMCell | HyperLSTMCell
    if len(roots) == 1:
        norm = any(name.startswith("ln") for name in weights.left)
        if norm:
            cell = LayerNormLSTMCell(*sizes, pre_norm_bias="bias" in weights, **options)
        else:
            cell = LSTMCell(*sizes, **options)
        _supercell_lstm(cell, weights, "")
    else:
        if forget_bias != 1:
            # Their hyper cell keeps 1 whatever the main cell has; ours share one.
            raise WeightsError(f"forget_bias={forget_bias}: their hyper cell has 1, so only 1 here")
        inner = roots[1].removeprefix(roots[0])
        cell = _supercell_hyper(weights, inner, sizes, options)
    weights.finish()
    return cell


def _supercell_hyper(
    weights: _Weights, inner: str, sizes: tuple[int, int], options: dict[str, Any]
) -> HyperLSTMCell:
    hyper_size = weights.peek(f"{inner}W_xh").shape[1] // 4
    embedding_size = weights.peek("hyper_ix/zw/super_linear_w").shape[1]
    norm = any(name.startswith("ln") for name in weights.left)
    pre_norm_bias = norm and f"{inner}bias" in weights
    options |= {"hyper_size": hyper_size, "embedding_size": embedding_size}
    cell = HyperLSTMCell(*sizes, layer_norm=norm, pre_norm_bias=pre_norm_bias, **options)
    _copy(cell.weight_x, weights.take("W_xh").t(), "W_xh")
    _copy(cell.weight_h, weights.take("W_hh", "W_hh_i").t(), "W_hh")
    _copy(cell.bias, weights.take("bias"), "bias")
    if cell.norm is not None:
        _supercell_norm(cell, weights, "")
    _supercell_lstm(cell.hyper, weights, inner, first=sizes[0])
    generator, embeddings = cell.generator, cell.generator.embeddings
    for y, gate in enumerate(GATES):
        for part, weight, bias, scale in (
            ("h", embeddings.h_weight, embeddings.h_bias, generator.weight_hz),
            ("x", embeddings.x_weight, embeddings.x_bias, generator.weight_xz),
        ):
            scope = f"hyper_{gate}{part}"
            _copy(weight[y], weights.take(f"{scope}/zw/super_linear_w").t(), scope)
            _copy(bias[y], weights.take(f"{scope}/zw/super_linear_b"), scope)
            _copy(scale[y], weights.take(f"{scope}/alpha/super_linear_w"), scope)
        scopes = (f"hyper_{gate}b", f"hyper_{gate}h")
        z_b = weights.take(*(f"{scope}/zb/super_linear_w" for scope in scopes))
        beta = weights.take(*(f"{scope}/beta/super_linear_w" for scope in scopes))
        _copy(embeddings.b_weight[y], z_b.t(), scopes[0])
        _copy(generator.weight_bz[y], beta, scopes[0])
    return cell


def _supercell_lstm(cell: LSTMCell, weights: _Weights, scope: str, first: int = 0) -> None:
    """An LSTM's weights; the first `first` rows of W_xh go last, since ours reads [h; x]."""
    w_x = weights.take(f"{scope}W_xh").t()
    _copy(cell.weight_x, torch.cat((w_x[:, first:], w_x[:, :first]), dim=1), f"{scope}W_xh")
    w_h = weights.take(f"{scope}W_hh", f"{scope}W_hh_i").t()
    _copy(cell.weight_h, w_h, f"{scope}W_hh")
    if cell.bias is not None:
        _copy(cell.bias, weights.take(f"{scope}bias"), f"{scope}bias")
    if cell.norm is not None:
        _supercell_norm(cell, weights, scope)


def _supercell_norm(cell: LSTMCell | HyperLSTMCell, weights: _Weights, scope: str) -> None:
    norm = cell.norm
    assert norm is not None
    one_a_gate = f"{scope}ln_i/layer_norm_alpha" in weights
    for part, target, of_c in (
        (("layer_norm_alpha", "ln_gamma"), norm.gain, norm.cell_gain),
        (("layer_norm_bias", "ln_beta"), norm.offset, norm.cell_offset),
    ):
        if one_a_gate:
            gates = _stack([weights.take(f"{scope}ln_{y}/{part[0]}") for y in GATES], f"{scope}ln")
        else:
            gates = weights.take(f"{scope}ln_all/{part[1]}", f"{scope}ln/{part[1]}")
            _copy(target.view(-1), gates, f"{scope}ln")
            gates = gates.view(4, -1)
        _copy(target, gates, f"{scope}ln")
        _copy(of_c, weights.take(*(f"{scope}ln_c/{name}" for name in part)), f"{scope}ln_c")


def from_labml(state_dict: Mapping[str, Tensor]) -> HyperLSTM:
    """A stack with the weights of labml_nn.hypernetworks.hyper_lstm.HyperLSTM (0.5.1).

    That model has layer norm with epsilon 1e-5 in both cells, a bias before the hyper cell's norm
    and no forget bias; its gates are in the order i, f, g, o.

    Args:
        state_dict: of the whole model.
    Raises:
        ValueError: naming the weight that is missing, is left over or has the wrong shape.
    """
    weights = _Weights(state_dict)
    num_layers = len({name.split(".")[1] for name in state_dict if name.startswith("cells.")})
    if num_layers == 0:
        raise WeightsError("no cells.0 ... : not the state_dict of labml_nn's HyperLSTM")
    first = weights.left.get("cells.0.w_x.0"), weights.left.get("cells.0.d_h.0.weight")
    if first[0] is None or first[1] is None:
        raise WeightsError("no cells.0.w_x or cells.0.d_h: not labml_nn's HyperLSTM")
    hidden_size, embedding_size = first[1].shape
    hyper_size = weights.peek("cells.0.z_b.weight").shape[1]
    stack = HyperLSTM(
        first[0].shape[1],
        hidden_size,
        hyper_size=hyper_size,
        embedding_size=embedding_size,
        num_layers=num_layers,
        layer_norm=True,
        layer_norm_epsilon=1e-5,
        forget_bias=0.0,
        pre_norm_bias=True,
        dtype=first[0].dtype,
    )
    for k in range(num_layers):
        cell: Any = stack.layers[f"{k}"].cell
        _labml_cell(cell, weights, f"cells.{k}.")
    weights.finish()
    return stack


def _labml_cell(cell: HyperLSTMCell, weights: _Weights, scope: str) -> None:
    def gates(name: str) -> Tensor:
        parts = [weights.take(f"{scope}{name.format(y)}") for y in range(4)]
        return gates_swapped(_stack(parts, f"{scope}{name}"))

    def embedding(name: str, like: Tensor) -> Tensor:
        found = weights.take(f"{scope}{name}")
        expected = like.flatten(0, 1).shape
        if found.shape != expected:
            shapes = f"{tuple(found.shape)}, expected {tuple(expected)}"
            raise WeightsError(f"{scope}{name} has the shape {shapes}")
        return gates_swapped(found).reshape(like.shape)

    _copy(cell.weight_x, gates("w_x.{}").flatten(0, 1), f"{scope}w_x")
    _copy(cell.weight_h, gates("w_h.{}").flatten(0, 1), f"{scope}w_h")
    _copy(cell.bias, gates("d_b.{}.bias").flatten(), f"{scope}d_b")
    generator, embeddings = cell.generator, cell.generator.embeddings
    for part, target in (("z_h", "h"), ("z_x", "x"), ("z_b", "b")):
        weight = getattr(embeddings, f"{target}_weight")
        _copy(weight, embedding(f"{part}.weight", weight), f"{scope}{part}")
        if part != "z_b":
            bias = getattr(embeddings, f"{target}_bias")
            _copy(bias, embedding(f"{part}.bias", bias), f"{scope}{part}")
        scale = getattr(generator, f"weight_{target}z")
        name = f"d_{target}"
        _copy(scale, gates(name + ".{}.weight").transpose(1, 2), f"{scope}{name}")
    hyper = cell.hyper
    assert hyper.bias is not None
    _copy(
        hyper.weight_x, gates_swapped(weights.take(f"{scope}hyper.input_lin.weight")), "input_lin"
    )
    _copy(
        hyper.weight_h, gates_swapped(weights.take(f"{scope}hyper.hidden_lin.weight")), "hidden_lin"
    )
    _copy(hyper.bias, gates_swapped(weights.take(f"{scope}hyper.hidden_lin.bias")), "hidden_lin")
    for norm, inner in ((cell.norm, ""), (hyper.norm, "hyper.")):
        assert norm is not None
        _copy(norm.gain, gates(inner + "layer_norm.{}.weight"), f"{inner}layer_norm")
        _copy(norm.offset, gates(inner + "layer_norm.{}.bias"), f"{inner}layer_norm")
        _copy(norm.cell_gain, weights.take(f"{scope}{inner}layer_norm_c.weight"), inner)
        _copy(norm.cell_offset, weights.take(f"{scope}{inner}layer_norm_c.bias"), inner)


def _stack(parts: list[Tensor], name: str) -> Tensor:
    if len({part.shape for part in parts}) > 1:
        raise WeightsError(f"{name}: the four gates have different shapes")
    return torch.stack(parts)


@torch.no_grad()
def _copy(target: Tensor, value: Tensor, name: str) -> None:
    if value.shape != target.shape:
        shapes = f"{tuple(value.shape)}, expected {tuple(target.shape)}"
        raise WeightsError(f"{name} has the shape {shapes}")
    target.copy_(value)
