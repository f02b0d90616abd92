"""The matrix products of a translation model's training step alone, forward and backward.

They have the shapes that they have in the step: over whole sequences where that can be, a step at a
time where a product reads what the step before has made. Those of each step's attention are among
them, also where the step itself does them in C++, of valid positions alone.

    B pairs, S and T source and target positions, H units, P hyper units, N = N_z
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from benchmarks.translation_model import Size
from hypernetworks.data.pair_batches import PairBatch
from hypernetworks.recurrent.fused.blocks import blocks_of

Product = Callable[[], Tensor]
GATES = 4


@dataclass
class Part:
    """Products of a sequence: those of every step, forward and backward, and those done once."""

    forward: list[Product] = field(default_factory=list)
    backward: list[Product] = field(default_factory=list)
    once: list[Product] = field(default_factory=list)


@dataclass
class Sequence:
    """Parts whose steps are taken together."""

    steps: int
    parts: list[Part]

    def run(self) -> None:
        for part in ("forward", "backward", "once"):
            products = [product for found in self.parts for product in getattr(found, part)]
            for _ in range(1 if part == "once" else self.steps):
                for product in products:
                    product()


def product(one: Tensor, other: Tensor) -> Product:
    """Of matrices, of batches of them, or of a matrix and a vector."""
    function = torch.bmm if one.dim() == 3 else torch.mm if other.dim() == 2 else torch.mv
    return partial(function, one, other)


def whole(rows: int, inputs: int, outputs: int) -> Part:
    """A linear layer of all rows: its output, the gradients of input and weight."""
    x, d, weight = (
        torch.randn(rows, inputs),
        torch.randn(rows, outputs),
        torch.randn(outputs, inputs),
    )
    return Part(once=[product(x, weight.t()), product(d, weight), product(d.t(), x)])


def stepped(steps: int, batch: int, inputs: int, outputs: int) -> Part:
    """A linear layer of every step; the gradient of its weight is of all steps at once."""
    x, d = torch.randn(steps * batch, inputs), torch.randn(steps * batch, outputs)
    weight = torch.randn(outputs, inputs)
    forward, backward = product(x[:batch], weight.t()), product(d[:batch], weight)
    return Part([forward], [backward], [product(d.t(), x)])


def scaling(size: Size, batch: int) -> Part:
    """The scaling vectors of every step, of embeddings; made anew in the backward pass."""
    vectors, found = 3 * GATES, Part()
    weight = torch.randn(vectors, size.embedding, size.hidden)
    for first, end in blocks_of(torch.empty(1, batch, size.hidden), GATES):
        z = torch.randn(vectors, end - first, size.embedding)
        d = torch.randn(vectors, end - first, size.hidden)
        made = product(z, weight)
        found.forward.append(made)
        back = product(d, weight.transpose(1, 2)), product(z.transpose(1, 2), d)
        found.backward += [made, *back]
    return found


def cell(kind: str, size: Size, steps: int, batch: int, inputs: int) -> list[Part]:
    """A cell over a sequence of inputs that are all there."""
    rows, gates, hyper_gates = steps * batch, GATES * size.hidden, GATES * size.hyper
    if kind == "lstm":
        return [whole(rows, inputs, gates), stepped(steps, batch, size.hidden, gates)]
    return [
        whole(rows, inputs, gates),
        whole(rows, inputs, hyper_gates),
        stepped(steps, batch, size.hidden, gates + hyper_gates),
        stepped(steps, batch, size.hyper, hyper_gates),
        stepped(steps, batch, size.hyper, 3 * GATES * size.embedding),
        scaling(size, batch),
    ]


def looking(kind: str, size: Size, steps: int, batch: int, positions: int) -> list[Part]:
    """The attention of every step, and what the bottom decoder cell takes of its context."""
    units = size.hidden
    weights, values = torch.randn(batch, steps, positions), torch.randn(batch, positions, units)
    hidden, contexts = torch.randn(batch, positions, units), torch.randn(batch, steps, units)
    flat, scores = hidden.flatten(0, 1), torch.randn(batch * positions)
    forward = [product(flat, torch.randn(units)), product(weights[:, :1], values)]
    backward = [
        product(values, contexts[:, :1].transpose(1, 2)),
        product(flat.t(), scores),
        product(weights[:, :1], hidden),
    ]
    of_values = product(weights.transpose(1, 2), contexts)
    found = [
        whole(batch * positions, units, units),
        stepped(steps, batch, units, units),
        Part(forward, backward, [of_values]),
        stepped(steps, batch, units, GATES * units),
    ]
    return found if kind == "lstm" else [*found, stepped(steps, batch, units, GATES * size.hyper)]


def products(kind: str, size: Size, batch: PairBatch) -> Callable[[], None]:
    """Computes all products of the model with a cell of translation_model.CELLS, on one batch."""
    source, read, following, _ = batch
    pairs = int(source.batch_sizes[0])
    positions, steps = len(source.batch_sizes), len(read.batch_sizes)
    units = size.hidden
    encoder = [units, units, 2 * units, *[units] * (size.layers - 2)]  # the bottom one both ways
    bottom = cell(kind, size, steps, pairs, units) + looking(kind, size, steps, pairs, positions)
    sequences = [
        *(Sequence(positions, cell(kind, size, positions, pairs, inputs)) for inputs in encoder),
        Sequence(steps, bottom),
        *(
            Sequence(steps, cell(kind, size, steps, pairs, 2 * units))
            for _ in range(size.layers - 1)
        ),
        Sequence(1, [whole(len(following), units, size.symbols)]),
    ]

    def run() -> None:
        for sequence in sequences:
            sequence.run()

    return run
