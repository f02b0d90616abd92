"""Generation: single steps of a layer-norm HyperLSTM at batch 1, against reading its weights.

A step at batch 1 uses every weight once, so it cannot be faster than reading them from memory.
"""

import time
from statistics import median

import torch

from benchmarks.recurrent import P, layer, one_thread
from hypernetworks import CharacterModel, sample
from hypernetworks.recurrent.fused import native

STEPS = 400
POOL = 1 << 30  # bytes, read in turns, so that no cache holds what is read next


def steps_per_second() -> tuple[float, int]:
    """Of a cell fed with symbols; and the bytes of its weights."""
    cell = layer(P).layers["0"].cell
    cell.eval()
    symbols = torch.randint(P.inputs, (STEPS, 1))
    seconds = []
    with torch.inference_mode():
        state = None
        for symbol in symbols:
            started = time.perf_counter()
            state = cell(symbol, state)
            seconds.append(time.perf_counter() - started)
    size = sum(p.numel() * p.element_size() for p in cell.parameters())
    return 1 / median(seconds[20:]), size


def symbols_per_second() -> float:
    """Of `sample`: the same layer with a read-out, softmax and a draw at each step."""
    model = CharacterModel(layer(P)).eval()
    started = time.perf_counter()
    sample(model, torch.zeros(1, dtype=torch.long), STEPS)
    return STEPS / (time.perf_counter() - started)


def reads_per_second(size: int) -> float:
    """How often as many bytes can be read from memory."""
    pool = torch.ones(POOL // 4).split(size // 4)[:-1]
    seconds = []
    for part in pool:
        started = time.perf_counter()
        part.sum()
        seconds.append(time.perf_counter() - started)
    return 1 / median(seconds)


def main() -> None:
    native.load()
    with one_thread():
        steps, size = steps_per_second()
        reads = reads_per_second(size)
        symbols = symbols_per_second()
    print(
        f"generation at batch 1, P: {steps:,.0f} steps/s; reading the weights "
        f"({size / (1 << 20):.0f} MB): {reads:,.0f} times/s; a step takes {reads / steps:.2f} reads"
    )
    print(f"  sample(): {symbols:,.0f} symbols/s, {steps / symbols:.2f} steps each")
