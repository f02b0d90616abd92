"""Text drawn from a character model, symbol by symbol (figures 4, 5, 14 and 15).

P symbols of the prime, N symbols drawn, V symbols
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hypernetworks.models.character import CharacterModel


def sample(
    model: CharacterModel,
    prime: Tensor,
    length: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    symbols: int | None = None,
) -> Tensor:
    """Draws symbols one after another, each from the model's distribution given those before it.

    Args:
        model: in evaluation mode, of one direction.
        prime: (P,) symbols read first, from the zero state; at least one.
        length: N.
        temperature: divides the logits; 0 always takes the most probable symbol.
        generator: of the CPU; the same seed draws the same symbols.
        symbols: only the first so many are drawn, where the text has fewer than the model; V if
            None.
    Returns:
        (P + N,) symbols, the prime first, on the CPU.
    Raises:
        ValueError: naming the argument that cannot work; or if the core is bidirectional.
    """
    if length < 1:
        raise ValueError(f"length={length}: it must be at least 1")
    drawn = stream(model, prime, temperature, generator, symbols)
    text = [number for _, number in zip(range(length), drawn, strict=False)]
    return torch.cat([prime.cpu().long(), torch.tensor(text, device="cpu")])


def stream(
    model: CharacterModel,
    prime: Tensor,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    symbols: int | None = None,
) -> Iterator[int]:
    """The same text without an end, each symbol as it is asked for; nothing is kept of it.

    The arguments are those of `sample`.

    Yields:
        symbols, those of the prime not among them.
    Raises:
        ValueError: as `sample` does, when the first is asked for.
    """
    if prime.dim() != 1 or not len(prime):
        raise ValueError(f"prime of shape {tuple(prime.shape)}: at least one symbol, (P,)")
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature={temperature}: it must be 0 or more, and finite")
    state: Any = None
    *before, number = prime.tolist()
    for read in before:
        _, state = _step(model, read, state)
    while True:
        # Not around the loop: whoever asks for symbols would be in this mode between two of them.
        with torch.inference_mode():
            h, state = _step(model, number, state)
            number = int(_draw(model.readout(h)[0, :symbols], temperature, generator))
        yield number


@torch.inference_mode()
def _step(model: CharacterModel, number: int, state: Any) -> tuple[Tensor, Any]:
    h, state = model.core.step(torch.tensor([number], device=model.readout.weight.device), state)
    return h, state


def _draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.argmax().cpu()
    # The largest logit becomes 0: a small temperature makes the others large, never that one.
    logits = logits.double()
    p = ((logits - logits.max()) / temperature).softmax(-1).cpu()
    return torch.multinomial(p, 1, generator=generator)[0]
