"""Text drawn from a character model, symbol by symbol (figures 4, 5, 14 and 15).

P symbols of the prime, N symbols drawn, V symbols
"""

import math
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
    if prime.dim() != 1 or not len(prime):
        raise ValueError(f"prime of shape {tuple(prime.shape)}: at least one symbol, (P,)")
    if length < 1:
        raise ValueError(f"length={length}: it must be at least 1")
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature={temperature}: it must be 0 or more, and finite")
    device = model.readout.weight.device
    text = torch.cat([prime.cpu().long(), torch.empty(length, dtype=torch.long)])
    state: Any = None
    with torch.inference_mode():
        for position in range(len(text) - 1):
            h, state = model.core.step(text[position : position + 1].to(device), state)
            if position + 1 >= len(prime):
                text[position + 1] = _draw(model.readout(h)[0, :symbols], temperature, generator)
    return text


def _draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.argmax().cpu()
    # The largest logit becomes 0: a small temperature makes the others large, never that one.
    logits = logits.double()
    p = ((logits - logits.max()) / temperature).softmax(-1).cpu()
    return torch.multinomial(p, 1, generator=generator)[0]
