"""Character language models (tables 3 and 4): truncated back-propagation, bits per character.

T steps of a window, B streams, V symbols, N symbols of a text, G gates
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypernetworks.models.character import CharacterModel
from hypernetworks.models.sampling import sample
from hypernetworks.recurrent.observe import observe
from hypernetworks.tasks.protocols import Batches, Metric

Window = tuple[Tensor, Tensor, bool]
SAMPLE = 2000  # symbols
BINS = 100


class CharacterLanguageModel:
    """Cross-entropy of the next symbol; the state goes over from window to window.

    Args:
        values: what each of the V symbols stands for, in the order of their numbers: a byte's
            value or a character's code point.
        newline: the number of the symbol after which the figures' text is drawn.
        reset: of each stream, how likely its state begins anew at a window of training; drawn from
            torch's generator of the CPU.

    Raises:
        ValueError: if there is no such symbol, or reset is no probability.
    """

    metrics: ClassVar[Mapping[str, Metric]] = {"bpc": Metric("bits", "lower")}
    selection: ClassVar = "valid_bpc"
    headline: ClassVar = ("test_bpc", "valid_bpc")

    def __init__(self, values: Sequence[int], newline: int, reset: float = 0.0) -> None:
        if not 0 <= newline < len(values):
            raise ValueError(f"newline={newline}: it must be one of the {len(values)} symbols")
        if not 0 <= reset <= 1:
            raise ValueError(f"reset={reset}: it must be between 0 and 1")
        self.values = list(values)
        self.newline = newline
        self.reset = reset
        self.state: Any = None

    def loss(self, model: nn.Module, batch: Window) -> Tensor:
        """Mean nats a symbol of a window; its gradient ends where the window begins."""
        inputs, targets, begins = batch
        before = None if begins else self._carried(inputs.device)
        logits, state = model(inputs, before)
        self.state = tuple(part.detach() for part in state)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def _carried(self, device: torch.device) -> tuple[Tensor, ...]:
        """The last window's state; a checkpoint's is on the CPU."""
        before = tuple(part.to(device) for part in self.state)
        if not self.reset:
            return before
        keep = (torch.rand(before[0].shape[-2]) >= self.reset).to(device)
        return tuple(part.where(keep[:, None], 0.0) for part in before)

    def evaluate(
        self, model: nn.Module, batches: Batches, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
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
        found = {"bpc": float(nats) / count / math.log(2)}
        return found if metrics is None else {name: found[name] for name in metrics}

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """What figures 4, 5, 14 and 15 show: a text that the model draws, and what it does there.

        Returns:
            sample (SAMPLE,): int64 values of the symbols of a text drawn with temperature 1 and
                seed 0 after a newline;
            phi_c (BINS,), of cells with a c: the share of phi(c_t) of all units and layers in each
                of BINS equal parts of [-1, 1] while the text is read;
            weight_change (SAMPLE - 2, G), of a model with scaling vectors: the norm of the change
                of the first layer's d_h * W_h when each symbol is read but the first and the last,
                which are read without one before, and not at all.
            Nothing of a model that is no CharacterModel.
        """
        if not isinstance(model, CharacterModel):
            return {}
        model.eval()
        prime = torch.tensor([self.newline])
        generator = torch.Generator().manual_seed(0)
        known = len(self.values)
        text = sample(model, prime, SAMPLE - 1, generator=generator, symbols=known)
        values = torch.tensor(self.values)[text]
        device = model.readout.weight.device
        with torch.inference_mode(), observe(model) as runs:
            model(text[:-1, None].to(device))
        seen = [run for of_layer in runs.values() for run in of_layer]
        found = {"sample": values}
        if seen[0].has_c:
            phi = torch.cat([run.phi_c().flatten().float().cpu() for run in seen])
            found["phi_c"] = phi.histc(BINS, -1, 1) / len(phi)
        if seen[0].has_scales:
            found["weight_change"] = seen[0].weight_change()[:, 0].cpu()
        return found

    def state_dict(self) -> dict[str, Any]:
        return {"state": None if self.state is None else list(self.state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = None if state["state"] is None else tuple(state["state"])
