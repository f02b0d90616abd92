"""What one wants to look at in a run (figures 4, 5 and 7), without touching the model's code.

    T steps, B sequences, H units, G gates

    with observe(model) as runs:
        model(x)
    runs["layers.0"][0].weight_change()

Nothing is computed or kept unless asked for: forward hooks of the cells see the states, and all
else follows from those.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from hypernetworks.recurrent.cell import Cell
from hypernetworks.recurrent.generator import Scales
from hypernetworks.recurrent.layer import Layer
from hypernetworks.recurrent.lstm import GateNorm
from hypernetworks.recurrent.scaled import ScaledCell
from hypernetworks.recurrent.state import over, stacked


@dataclass
class Run:
    """One call of one cell: a sequence, or a single step (T = 1).

    Attributes:
        cell: the cell.
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


def joined(runs: Sequence[Run]) -> Run:
    """Calls of one cell that went on from each other, for example step by step, as one run."""
    first, *later = runs
    parts = [first.states, *(over([run.states], lambda part: part[0][1:]) for run in later)]
    return Run(first.cell, over(parts, torch.cat))


@contextmanager
def observe(model: nn.Module) -> Iterator[dict[str, list[Run]]]:
    """Keeps the states of every recurrent cell of the model for each call made within.

    Also of a compiled model, which runs without its compiled code meanwhile.

    Returns:
        the runs by the names of the layers, or of cells without one; a name has one for each call.
    Raises:
        ValueError: if the model has no recurrent cells of this library, for example since it has
            been exported.
    """
    cells = dict(_cells(model))
    if not cells:
        raise ValueError(f"{type(model).__name__} has no recurrent cells to observe")
    runs: dict[str, list[Run]] = {name: [] for name in cells}

    def keep(name: str) -> Any:
        def hook(cell: Any, arguments: Any, named: Any, new: Any) -> None:
            runs[name].append(Run(cell, _states(cell, new, *arguments, **named)))

        return hook

    handles = [
        cell.register_forward_hook(keep(name), with_kwargs=True) for name, cell in cells.items()
    ]
    try:
        with torch.compiler.set_stance("force_eager"):  # compiled code passes hooks over
            yield runs
    finally:
        for handle in handles:
            handle.remove()


def _cells(model: nn.Module) -> Iterator[tuple[str, Cell[Any]]]:
    """The cells that are called, by the names of their layers; hyper cells are parts of others."""
    parts: set[nn.Module] = set()
    for name, module in model.named_modules():
        if isinstance(module, Cell) and module not in parts:
            parts.update(module.modules())
            layer = name.rpartition(".")[0]
            found = layer if isinstance(model.get_submodule(layer), Layer) else name
            yield found.replace("_orig_mod.", ""), module


def _states(cell: Cell[Any], new: Any, x: Tensor, state: Any = None, *_: Any, **__: Any) -> Any:
    """(T + 1, B, ...): what a sequence gave, or the states before and after a step."""
    new = over([new], lambda parts: parts[0].detach())
    if new.h.dim() == 3:
        return new
    if state is None:
        before = over([new], lambda parts: torch.zeros_like(parts[0]))
    else:
        before = cell.checked_state([part.detach() for part in state], *new.h.shape[:-1])
    both = stacked([before, new])
    return both if both.h.dim() == 3 else over([both], lambda parts: parts[0].unsqueeze(1))
