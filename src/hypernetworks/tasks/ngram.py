"""The n-gram language model that a character model must beat.

T steps, B streams, V symbols; a code is an n-gram's number in base V
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Counts(NamedTuple):
    """What follows each context of one length in the training text.

    contexts: (C,) codes, ascending. starts: (C + 1,) where a context's entries begin.
    symbols, counts: (E,) which symbol followed, and how often.
    """

    contexts: Tensor
    starts: Tensor
    symbols: Tensor
    counts: Tensor


class NGram(nn.Module):
    """Interpolated n-gram model with Witten-Bell smoothing (Chen and Goodman, 1998, section 2.5).

    It counts on the CPU, whatever the device of the text.

    p_n(w | c) = (count(c w) + kinds(c) p_{n-1}(w | c')) / (count(c) + kinds(c)), where kinds(c)
    distinct symbols follow the context c of n - 1 symbols, c' is c without its first symbol, and
    p_0 is uniform. A context that the training text does not have leaves p_{n-1}.

    Args:
        text: (N,) training symbols.
        symbols: V.
        order: n; 1 is the unigram.
    """

    def __init__(self, text: Tensor, symbols: int, order: int) -> None:
        super().__init__()
        self.symbols, self.order = symbols, order
        self.name = "unigram" if order == 1 else f"{order}-gram (interpolated, Witten-Bell)"
        self.levels = [_count(text.long(), symbols, n) for n in range(1, order + 1)]

    def forward(self, text: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Log-probabilities (T, B, V) of the symbols after `text` (T, B), and the last symbols."""
        device, text = text.device, text.cpu()
        history = text if state is None else torch.cat([state, text])
        steps, streams = text.shape
        p = torch.full((steps, streams, self.symbols), 1 / self.symbols, dtype=torch.float64)
        for n, level in enumerate(self.levels, start=1):
            # The positions whose context of n - 1 symbols has begun.
            known = min(steps, len(history) - n + 2)
            if known > 0:
                contexts = _codes(history[-(known + n - 2) :] if n > 1 else text, self.symbols, n)
                p[-known:] = self._interpolate(level, contexts, p[-known:])
        return p.log().to(device), history[-(self.order - 1) :] if self.order > 1 else history[:0]

    def _interpolate(self, level: Counts, contexts: Tensor, lower: Tensor) -> Tensor:
        """One order more for the positions of `contexts` (known, B)."""
        wanted = contexts.flatten()
        at = torch.searchsorted(level.contexts, wanted).clamp(max=len(level.contexts) - 1)
        begin = level.starts[at]
        kinds = (level.starts[at + 1] - begin) * (level.contexts[at] == wanted)
        position = torch.repeat_interleave(torch.arange(len(wanted)), kinds)
        first = torch.repeat_interleave(begin + kinds - kinds.cumsum(0), kinds)
        entry = first + torch.arange(len(position))
        counts = torch.zeros(len(wanted), self.symbols, dtype=torch.float64)
        counts[position, level.symbols[entry]] = level.counts[entry].double()
        weight, total = kinds[:, None], counts.sum(1, keepdim=True)
        p = lower.flatten(0, 1)
        mixed = (counts + weight * p) / (total + weight).clamp(min=1)
        return torch.where(weight > 0, mixed, p).view_as(lower)


def _count(text: Tensor, symbols: int, n: int) -> Counts:
    codes, counts = torch.unique(_codes(text[:, None], symbols, n + 1)[:, 0], return_counts=True)
    contexts, entries = torch.unique_consecutive(codes // symbols, return_counts=True)
    return Counts(contexts, nn.functional.pad(entries.cumsum(0), (1, 0)), codes % symbols, counts)


def _codes(text: Tensor, symbols: int, n: int) -> Tensor:
    """The contexts of n - 1 symbols (T - n + 2, B) that end at each position."""
    code = torch.zeros(len(text) - max(n - 2, 0), text.shape[1], dtype=torch.long)
    for first in range(n - 1):
        code = code * symbols + text[first : first + len(code)]
    return code
