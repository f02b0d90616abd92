"""What one wants to look at in a run (figures 4, 5 and 7), without touching the model's code.

    T steps, B sequences, H units, G gates

    with observe(model) as runs:
        model(x)
    runs["layers.0"][0].weight_change()

Nothing is computed or kept unless asked for: the layers' forward hooks see the states, and all
else follows from those.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.generator import Scales
from hypernetworks.recurrent.hyper import ScaledCell
from hypernetworks.recurrent.layer import Layer
from hypernetworks.recurrent.lstm import GateNorm


@dataclass
class Run:
    """One call of one layer.

    Attributes:
        cell: the layer's cell.
        states: (T + 1, B, ...) in the order in which the cell ran, the initial one first.

    What is computed from the states uses the cell's weights at the time of asking.
    """

    cell: Cell[Any]
    states: Any

    @property
    def has_scales(self) -> bool:
        """Whether the cell scales its weights: `scales` and `weight_change` are there."""
        return isinstance(self.cell, ScaledCell)

    @property
    def has_c(self) -> bool:
        """Whether the cell has a c: `phi_c` is there."""
        return "c" in self.states._fields

    def scales(self) -> Scales:
        """d_h, d_x and b(z_b), (T, B, G, H) each.

        Raises:
            TypeError: if the cell has no scaling vectors.
        """
        with torch.no_grad():
            return self._scaled_cell().scales(self.states.h_hat)

    def weight_change(self) -> Tensor:
        """The norm of the change of d_h * W_h from step to step, by gate (figures 4 and 7).

        Returns:
            (T - 1, B, G): the Frobenius norm of (d_h at t + 1 minus d_h at t) * W_h.
        Raises:
            TypeError: if the cell has no scaling vectors.
        """
        cell = self._scaled_cell()
        change = self.scales().d_h.diff(dim=0)
        weight = cast("Tensor", cell.weight_h).detach()
        rows = weight.unflatten(0, (cell.gates, -1)).norm(dim=2)
        return (change * rows).norm(dim=-1)

    def _scaled_cell(self) -> ScaledCell[Any]:
        if not isinstance(self.cell, ScaledCell):
            raise TypeError(f"{type(self.cell).__name__} has no scaling vectors")
        return self.cell

    def phi_c(self) -> Tensor:
        """phi(c_t), or phi(LN(c_t)) where the cell has layer norm, (T, B, H) (figure 5).

        Raises:
            TypeError: if the cell has no c.
        """
        if not self.has_c:
            raise TypeError(f"{type(self.cell).__name__} has no c")
        norm = getattr(self.cell, "norm", None)
        with torch.no_grad():
            c = self.states.c[1:]
            return torch.tanh(norm.cells(c) if isinstance(norm, GateNorm) else c)


@contextmanager
def observe(model: nn.Module) -> Iterator[dict[str, list[Run]]]:
    """Keeps the states of every recurrent layer of the model for each call made within.

    Returns:
        {name of the layer: its runs}; a name has a run for each call.
    """
    layers = {name: m for name, m in model.named_modules() if isinstance(m, Layer)}
    runs: dict[str, list[Run]] = {name: [] for name in layers}

    def keep(name: str) -> Any:
        def hook(layer: Any, arguments: Any, states: Any) -> None:
            detached = type(states)(*(part.detach() for part in states))
            runs[name].append(Run(layer.cell, detached))

        return hook

    handles = [layer.register_forward_hook(keep(name)) for name, layer in layers.items()]
    try:
        yield runs
    finally:
        for handle in handles:
            handle.remove()
