"""Translation (table 6): nats a subword of the reference, BLEU of what beam search finds.

B pairs, P predictions of a batch, V symbols
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.beam import Translator, beam_search, check_search
from hypernetworks.tasks.bleu import sacre_bleu, tokenised_bleu
from hypernetworks.tasks.protocols import Batches, Metric

# What data/pair_batches.py yields: source, read, following, pairs. Tasks do not import data, nor
# data tasks; each names what passes between them.
PairBatch = tuple[PackedSequence, PackedSequence, Tensor, float]
# Pairs beside their sentences as text, source and reference, in the same order.
TextBatch = tuple[PairBatch, list[str], list[str]]


WIDEST = 256  # hypotheses of a sentence: each holds a state of every layer


@dataclass(frozen=True)
class Search:
    """How translations are searched, see `models.beam.beam_search`.

    Raises:
        ValueError: naming the argument that cannot work.
    """

    beam: int = 4
    alpha: float = 0.6
    beta: float = 0.2

    def __post_init__(self) -> None:
        check_search(self.beam, self.alpha, self.beta)
        if self.beam > WIDEST:
            raise ValueError(f"beam={self.beam}: choose 1 to {WIDEST}; 1 is greedy search")


class Translation:
    """The log-loss of the next subword of the reference; BLEU of the translations.

    Args:
        decode: the text of subword ids.
        language: of the target.
        search: how translations are searched.
        predictions: of a training pair on average. The training loss is the mean log-loss of the
            pairs divided by it: a subword's on average.
        subwords: the subword model's file, which stays with the model's weights.
        shown: the sentences whose translations the run leaves.
    """

    metrics: ClassVar[Mapping[str, Metric]] = {
        "log_perplexity": Metric("nats", "lower"),
        "bleu": Metric("percent", "higher"),
        "bleu_13a": Metric("percent", "higher"),
    }
    selection: ClassVar = "valid_log_perplexity"
    headline: ClassVar = ("test_bleu", "test_log_perplexity")
    state_is_shared: ClassVar = True

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        language: str,
        search: Search,
        predictions: float,
        subwords: bytes,
        shown: TextBatch,
    ) -> None:
        self.decode = decode
        self.language = language
        self.search = search
        self.predictions = predictions
        self.subwords = subwords
        self.shown = shown

    def loss(self, model: nn.Module, batch: PairBatch) -> Tensor:
        """The mean log-loss of the batch's pairs, over `predictions`."""
        return log_loss(model, batch) / (batch[3] * self.predictions)

    def evaluate(
        self, model: nn.Module, batches: Batches, metrics: Sequence[str] | None = None
    ) -> dict[str, float]:
        """log_perplexity: nats a subword, ends included, over all pairs; bleu: of the tokenised
        text; bleu_13a: sacrebleu's own. Translations are searched only where BLEU is asked for.
        """
        names = tuple(self.metrics) if metrics is None else tuple(metrics)
        nats, count = torch.zeros((), dtype=torch.float64), 0
        found: list[str] = []
        references: list[str] = []
        for batch in batches.epoch(0):
            pairs, _, of_these = batch
            if "log_perplexity" in names:
                nats += log_loss(model, pairs).double().cpu()
                count += len(pairs[2])
            if {"bleu", "bleu_13a"} & set(names):
                found += self.translations(model, batch)
                references += of_these
        values = {}
        if "log_perplexity" in names:
            values["log_perplexity"] = float(nats) / count
        if "bleu" in names:
            values["bleu"] = tokenised_bleu(found, references, self.language)
        if "bleu_13a" in names:
            values["bleu_13a"] = sacre_bleu(found, references)
        return values

    def translations(self, model: nn.Module, batch: TextBatch) -> list[str]:
        """The model's translations of a batch, as text."""
        pairs, sources, _ = batch
        if isinstance(model, Baseline):
            return sources
        search = self.search
        assert isinstance(model, Translator)  # the builder refuses others
        found = beam_search(model, pairs[0], search.beam, search.alpha, search.beta)
        return [self.decode(translation.symbols) for translation in found]

    def arrays(self, model: nn.Module) -> dict[str, Tensor]:
        """translations: the bytes of lines "source, tab, reference, tab, translation" of the
        sentences that are shown, as in appendix A.6.
        """
        _, sources, references = self.shown
        lines = zip(sources, references, self.translations(model, self.shown), strict=True)
        text = "".join("\t".join(" ".join(side.split()) for side in line) + "\n" for line in lines)
        return {"translations": torch.tensor(list(text.encode()), dtype=torch.uint8)}

    def state_dict(self) -> dict[str, Any]:
        """The subword model, which whoever translates with the checkpoint's weights needs."""
        return {"subwords": torch.tensor(list(self.subwords), dtype=torch.uint8)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if not torch.equal(state["subwords"], self.state_dict()["subwords"]):
            raise ValueError("the text's subword model is not the one that this run began with")


class Baseline(nn.Module):
    """What a translation model must beat: of log perplexity the share of each subword in the
    training targets, whatever was read; of BLEU the source, copied.

    Args:
        counts: (V,) of each subword in the targets, ends included. One is added to each.
    """

    name = "target unigrams; the source, copied"

    def __init__(self, counts: Tensor) -> None:
        super().__init__()
        smoothed = counts.double() + 1
        self.register_buffer("log_shares", (smoothed / smoothed.sum()).log().float())

    def forward(self, source: PackedSequence, read: PackedSequence, following: Tensor) -> Tensor:
        """The nats () of all predictions together, as of `GNMT` with `following`."""
        assert isinstance(self.log_shares, Tensor)
        return -self.log_shares[following].sum()


def log_loss(model: nn.Module, batch: PairBatch) -> Tensor:
    """The nats () of all predictions of a batch together."""
    source, read, following, _ = batch
    loss: Tensor = model(source, read, following)
    return loss
