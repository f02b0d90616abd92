"""Beam search with length normalisation and coverage penalty (Wu et al. 2016, eq. 14).

B sentences, K hypotheses of each, V symbols, S source positions, Y symbols of a translation

score = log P / lp + cp, lp = ((5 + Y) / 6)^alpha, cp = beta sum_i log min(sum_j p_ij, 1), where
p_ij is the weight of source position i when symbol j was chosen. The end counts as a symbol.
"""

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from hypernetworks.models.attention import Memory
from hypernetworks.sizes import whole

BOS, EOS = 1, 2


class Translator(Protocol):
    """What is searched: `models.gnmt.GNMT`. States have `rows(index)`, as memories do."""

    def encode(self, source: PackedSequence) -> Memory: ...

    def start(self, memory: Memory) -> Any: ...

    def step(self, symbols: Tensor, state: Any, memory: Memory) -> tuple[Tensor, Tensor, Any]: ...


class Translation(NamedTuple):
    """symbols: without begin and end. log_p: of these and the end, in nats. score: see above."""

    symbols: list[int]
    log_p: float
    score: float


class Candidates(NamedTuple):
    """Continuations of the hypotheses, the most probable first.

    log_p, symbols, parents: (B, n); parents are numbers of hypotheses, 0 to K - 1.
    """

    log_p: Tensor
    symbols: Tensor
    parents: Tensor

    def best(self, count: int, log_p: Tensor) -> "Candidates":
        """The `count` with the highest log_p, where that is given anew."""
        chosen, index = log_p.topk(count)
        return Candidates(chosen, self.symbols.gather(1, index), self.parents.gather(1, index))


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
        alpha, beta: 0 for log P alone.
        longest: symbols of a translation with its end, which is forced there; for None twice the
            source's and 10 more.
    Raises:
        ValueError: naming the argument that cannot work; or if the model's probabilities are none.
    """
    _check(beam, alpha, beta, longest)
    memory = model.encode(source)
    limits = 2 * (memory.penalty == 0).sum(1) + 10
    limits = limits if longest is None else limits.new_full(limits.shape, longest)
    batch = len(limits)
    sentences, best = list(range(batch)), [Translation([], -torch.inf, -torch.inf)] * batch
    memory = memory.rows(torch.arange(batch, device=limits.device).repeat_interleave(beam))
    state = model.start(memory)
    words = limits.new_full((batch, beam, 1), BOS)
    log_p = memory.values.new_full((batch, beam), -torch.inf)
    log_p[:, 0] = 0  # all hypotheses are the same yet
    covered = memory.penalty.new_zeros(batch, beam, memory.penalty.shape[1])
    finished = torch.zeros_like(limits)
    top = log_p.new_full((batch,), -torch.inf)
    for length in range(1, int(limits.max()) + 1):
        found, weights, state = model.step(words[..., -1].flatten(), state, memory)
        covered = covered + weights.view_as(covered)
        ahead = _candidates(log_p, found.unflatten(0, log_p.shape), length >= limits)
        # Each hypothesis has one continuation that ends, so that K go on in any case.
        ends = (ahead.symbols == EOS) & ahead.log_p.isfinite()
        ends[:, beam:] = False
        coverage = _at(_coverage(covered, memory.penalty.view_as(covered)), ahead.parents)
        scores = ahead.log_p / _length_penalty(length, alpha) + beta * coverage
        score, rank = scores.masked_fill(~ends, -torch.inf).max(1)
        for row in (score > top).nonzero()[:, 0].tolist():
            k = int(rank[row])
            chosen_words = words[row, ahead.parents[row, k], 1:].tolist()
            numbers = float(ahead.log_p[row, k]), float(score[row])
            best[sentences[row]] = Translation(chosen_words, *numbers)
        top, finished = torch.maximum(top, score), finished + ends.sum(1)
        chosen = ahead.best(beam, ahead.log_p.masked_fill(ahead.symbols == EOS, -torch.inf))
        within_reach = chosen.log_p[:, 0] / _length_penalty(limits, alpha)
        left = ((finished < beam) & (within_reach > top) & (length < limits)).nonzero()[:, 0]
        if not len(left):
            break
        log_p, symbols, parents = chosen.log_p[left], chosen.symbols[left], chosen.parents[left]
        rows = (left[:, None] * beam + parents).flatten()
        state = state.rows(rows)
        words = torch.cat([_at(words[left], parents), symbols[..., None]], -1)
        covered = _at(covered[left], parents)
        if len(left) < len(limits):
            memory = memory.rows(rows)
            limits, finished, top = limits[left], finished[left], top[left]
            sentences = [sentences[row] for row in left.tolist()]
    if any(translation.score == -torch.inf for translation in best):
        raise ValueError("the model's probabilities are not finite: no translation can be chosen")
    return best


def _check(beam: int, alpha: float, beta: float, longest: int | None) -> None:
    whole("beam", beam)
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 <= value < torch.inf:
            raise ValueError(f"{name}={value}: it must be 0 or more, and finite")
    if longest is not None:
        whole("longest", longest)


def _candidates(log_p: Tensor, following: Tensor, last: Tensor) -> Candidates:
    """The 2 K most probable continuations.

    Args:
        log_p: (B, K). following: (B, K, V) of every next symbol. last: (B,) where only the end may
            follow.
    """
    totals = log_p[..., None] + following
    others = torch.arange(totals.shape[-1], device=totals.device) != EOS
    totals = totals.masked_fill(last[:, None, None] & others, -torch.inf)
    symbols = totals.shape[-1]
    chosen, index = totals.flatten(1).topk(2 * log_p.shape[1])
    return Candidates(chosen, index % symbols, index // symbols)


def _length_penalty(length: Any, alpha: float) -> Any:
    return ((5 + length) / 6) ** alpha


def _coverage(covered: Tensor, penalty: Tensor) -> Tensor:
    """(B, K) of the weights that source positions have had (B, K, S)."""
    smallest = torch.finfo(covered.dtype).tiny
    logs = covered.clamp(smallest, 1).log()
    return logs.masked_fill(penalty != 0, 0).sum(-1)


def _at(x: Tensor, parents: Tensor) -> Tensor:
    """Of (B, K) or (B, K, n) what belongs to the parents (B, m)."""
    if x.dim() == 2:
        return x.gather(1, parents)
    return x.gather(1, parents[..., None].expand(-1, -1, x.shape[-1]))
