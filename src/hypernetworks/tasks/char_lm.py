"""Character language models (tables 3 and 4): truncated back-propagation, bits per character.

T steps of a window, B streams, V symbols, N symbols of a text
"""

import math
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Window = tuple[Tensor, Tensor, bool]


class CharacterLanguageModel:
    """Cross-entropy of the next symbol; the state goes over from window to window."""

    units: ClassVar = {"bpc": "bits"}

    def __init__(self) -> None:
        self.state: Any = None

    def loss(self, model: nn.Module, batch: Window) -> Tensor:
        """Mean nats a symbol of a window; its gradient ends where the window begins."""
        inputs, targets, begins = batch
        # A checkpoint's state is on the CPU.
        before = None if begins else tuple(part.to(inputs.device) for part in self.state)
        logits, state = model(inputs, before)
        self.state = type(state)(*(part.detach() for part in state))
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
        """Bits per character over all predictions of `batches.epoch(0)`, from the zero state.

        With one stream that is the whole text as one sequence, N - 1 predictions; with more an
        estimate, whose streams each begin from the zero state.
        """
        nats, count, state = torch.zeros((), dtype=torch.float64), 0, None
        for inputs, targets, begins in batches.epoch(0):
            logits, state = model(inputs, None if begins else state)
            logits = logits.flatten(0, 1).float()
            nats = nats.to(logits.device) + F.cross_entropy(
                logits, targets.flatten(), reduction="sum"
            )
            count += targets.numel()
        return {"bpc": float(nats) / count / math.log(2)}

    def state_dict(self) -> dict[str, Any]:
        return {"state": None if self.state is None else list(self.state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = None if state["state"] is None else tuple(state["state"])
