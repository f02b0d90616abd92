"""Beam search with length normalisation and coverage penalty (Wu et al. 2016, eq. 14).

B sentences, K hypotheses of each, V symbols, S source positions, Y symbols of a translation

score = log P / lp + cp, lp = ((5 + Y) / 6)^alpha, cp = beta sum_i log min(sum_j p_ij, 1), where
p_ij is the weight of source position i when symbol j was chosen. The end counts as a symbol.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.attention import Memory
from hypernetworks.sizes import whole

BOS, EOS = 1, 2
# Of alpha and beta: much larger ones overflow, and rank nothing that this one does not.
LARGEST = 10


@runtime_checkable
class Translator(Protocol):
    """What is searched: `models.gnmt.GNMT`. States have `rows(index)`, as memories do."""

    def encode(self, source: PackedSequence) -> Memory:
        """What the decoder looks into, of B sentences in their original order."""
        ...

    def start(self, memory: Memory) -> Any:
        """The state before the first symbol."""
        ...

    def step(self, symbols: Tensor, state: Any, memory: Memory) -> tuple[Tensor, Tensor, Any]:
        """From the last symbols (B,): log-probabilities (B, V), attention (B, S), the new state."""
        ...


class Translation(NamedTuple):
    """What the search found for a sentence.

    Attributes:
        symbols: without begin and end.
        log_p: of these and the end, in nats.
        score: log_p / lp + cp (Wu et al., eq. 14).
    """

    symbols: list[int]
    log_p: float
    score: float


class Candidates(NamedTuple):
    """Continuations of a sentence's hypotheses, the most probable first: (B, n) each.

    parents: numbers of hypotheses, 0 to K - 1.
    """

    log_p: Tensor
    symbols: Tensor
    parents: Tensor


@torch.inference_mode()
def beam_search(
    model: Translator,
    source: PackedSequence,
    beam: int = 4,
    alpha: float = 0.6,
    beta: float = 0.2,
    longest: int | None = None,
) -> list[Translation]:
    """The best translation found of each of B sentences, in their original order.

    At every step the K most probable continuations of a sentence are chosen, those with the end
    among them are finished and scored, and the K most probable ones without it go on. A sentence is
    done when K are finished, or when nothing that goes on can score above the best finished one.
    beam=1 is greedy search. States are carried along, and a sentence that is done takes no more
    work. A sentence's translation is the same, but for rounding, whatever is searched beside it.

    Args:
        model: in evaluation mode.
        source: the sentences' symbols, their end included.
        beam: K.
        alpha: 0 to 10, the power of length normalisation; 0 for none.
        beta: 0 to 10, the weight of coverage; 0 for none.
        longest: symbols of a translation with its end, which is forced there; for None twice the
            source's and 10 more.
    Raises:
        ValueError: naming the argument that cannot work; or if the model's probabilities are none.
    """
    check_search(beam, alpha, beta, longest)
    memory = model.encode(source)
    search = _Search(memory, beam, alpha, beta, longest)
    memory = memory.rows(search.rows)
    state = model.start(memory)
    while len(search.rows):
        log_probs, weights, state = model.step(search.words[..., -1].flatten(), state, memory)
        before = len(search.rows)
        search.step(log_probs, weights)
        state = state.rows(search.rows)
        if len(search.rows) < before:
            memory = memory.rows(search.rows)
    if any(translation.score == -torch.inf for translation in search.best):
        raise ValueError("the model's probabilities are not finite: no translation can be chosen")
    return search.best


class _Search:
    """The hypotheses of the sentences that are not done, and the best finished one of each.

    Attributes:
        words: (B, K, Y + 1) of the hypotheses. log_p: (B, K). covered: (B, K, S) weights so far.
        limits, finished, top: (B,) most symbols, hypotheses finished, best score of these.
        sentences: the original numbers of the B that are left. best: of all sentences.
        rows: (B K,) whose place the hypotheses go on from, among those of the last step, before the
            first among the sentences: how the model's states and memories are to be re-ordered.
    """

    def __init__(
        self, memory: Memory, beam: int, alpha: float, beta: float, longest: int | None
    ) -> None:
        self.beam, self.alpha, self.beta = beam, alpha, beta
        lengths = (memory.penalty == 0).sum(1)
        batch = len(lengths)
        self.limits = 2 * lengths + 10 if longest is None else torch.full_like(lengths, longest)
        self.finished = torch.zeros_like(lengths)
        self.words = lengths.new_full((batch, beam, 1), BOS)
        self.log_p = memory.values.new_full((batch, beam), -torch.inf)
        self.log_p[:, 0] = 0  # all hypotheses are the same yet
        self.top = self.log_p.new_full((batch,), -torch.inf)
        self.rows = torch.arange(batch, device=lengths.device).repeat_interleave(beam)
        self.absent = (memory.penalty != 0)[:, None]
        self.covered = torch.zeros_like(memory.penalty)[:, None].repeat(1, beam, 1)
        self.sentences = list(range(batch))
        self.best = [Translation([], -torch.inf, -torch.inf)] * batch

    def step(self, log_probs: Tensor, weights: Tensor) -> None:
        """One more symbol: log_probs (B K, V) of it and the weights (B K, S) it was chosen with."""
        self.covered = self.covered + weights.view_as(self.covered)
        ahead = self._ahead(log_probs.unflatten(0, self.log_p.shape))
        self._finish(ahead)
        # Each hypothesis has one continuation that ends, so that K go on in any case.
        log_p, index = ahead.log_p.masked_fill(ahead.symbols == EOS, -torch.inf).topk(self.beam)
        self._go_on(log_p, ahead.symbols.gather(1, index), ahead.parents.gather(1, index))

    def _ahead(self, following: Tensor) -> Candidates:
        """The 2 K most probable continuations, given the log_probs (B, K, V) of what follows."""
        log_p, symbols = following.topk(min(2 * self.beam, following.shape[-1]))
        last = self.words.shape[-1] >= self.limits
        if last.any():
            log_p[last], symbols[last] = -torch.inf, EOS
            log_p[last, :, 0] = following[last, :, EOS]
        count = log_p.shape[-1]
        log_p, index = (self.log_p[..., None] + log_p).flatten(1).topk(2 * self.beam)
        return Candidates(log_p, symbols.flatten(1).gather(1, index), index // count)

    def _finish(self, ahead: Candidates) -> None:
        """Keeps the best of those that end and are among the K most probable."""
        ends = (ahead.symbols == EOS) & ahead.log_p.isfinite()
        ends[:, self.beam :] = False
        smallest = torch.finfo(self.covered.dtype).tiny
        logs = self.covered.clamp(smallest, 1).log().masked_fill(self.absent, 0).sum(-1)
        scores = ahead.log_p / self._length_penalty(self.words.shape[-1])
        scores = scores + self.beta * logs.gather(1, ahead.parents)
        score, rank = scores.masked_fill(~ends, -torch.inf).max(1)
        for row in (score > self.top).nonzero()[:, 0].tolist():
            k = int(rank[row])
            symbols = self.words[row, ahead.parents[row, k], 1:].tolist()
            found = Translation(symbols, float(ahead.log_p[row, k]), float(score[row]))
            self.best[self.sentences[row]] = found
        self.top, self.finished = torch.maximum(self.top, score), self.finished + ends.sum(1)

    def _go_on(self, log_p: Tensor, symbols: Tensor, parents: Tensor) -> None:
        """With these (B, K), in the sentences that are not done."""
        within_reach = log_p[:, 0] / self._length_penalty(self.limits) > self.top
        going = (self.finished < self.beam) & within_reach & (self.words.shape[-1] < self.limits)
        left = going.nonzero()[:, 0]
        parents = parents[left]
        pairs = (left[:, None], parents)
        self.rows = (left[:, None] * self.beam + parents).flatten()
        self.words = torch.cat([self.words[pairs], symbols[left][..., None]], -1)
        self.log_p, self.covered, self.absent = log_p[left], self.covered[pairs], self.absent[left]
        self.limits, self.finished, self.top = (
            part[left] for part in (self.limits, self.finished, self.top)
        )
        self.sentences = [self.sentences[row] for row in left.tolist()]

    def _length_penalty(self, length: Any) -> Any:
        return ((5 + length) / 6) ** self.alpha


def check_search(beam: int, alpha: float, beta: float, longest: int | None = None) -> None:
    """Raises ValueError, naming it, if an argument of `beam_search` cannot work."""
    whole("beam", beam)
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 <= value <= LARGEST:
            raise ValueError(f"{name}={value}: choose 0 to {LARGEST}")
    if longest is not None:
        whole("longest", longest)
