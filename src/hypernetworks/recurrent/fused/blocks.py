"""The scaling vectors of a step, a block of the batch at a time: they are 3 G H numbers a sequence.

T steps, B sequences, H units, G gates, N = N_z
"""

from torch import Tensor

from hypernetworks.recurrent.fused.native import threads

# Numbers that a core's second cache holds beside what else it needs.
CACHED = 131_072


def blocks_of(states: Tensor, gates: int) -> list[tuple[int, int]]:
    """Ranges of the batch whose scaling vectors stay in a core's cache; on a GPU all of it."""
    _, batch, units = states.shape
    rows = CACHED // (3 * gates * units) * threads(batch, units)
    if states.device.type != "cpu" or rows >= batch:
        return [(0, batch)]
    rows = max(rows, 1)
    return [(first, min(first + rows, batch)) for first in range(0, batch, rows)]


def by_gate(z: Tensor, scaling: Tensor, blocks: list[tuple[int, int]]) -> list[list[Tensor]]:
    """For every step and block the embeddings (3 G, block, N)."""
    by_gate = z.unflatten(2, scaling.shape[:2]).transpose(1, 2)
    split = zip(*[by_gate[:, :, first:end].unbind(0) for first, end in blocks], strict=True)
    return [list(step) for step in split]


def as_out(scales: Tensor, blocks: list[tuple[int, int]]) -> list[Tensor]:
    """For every block the scaling vectors (3 G, block, H), in the same memory."""
    by_gate = scales.flatten(1, 2).transpose(0, 1)
    return [by_gate[:, : end - first] for first, end in blocks]
