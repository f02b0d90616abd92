"""Additive attention inside a sequence: a second input of every step, made of the h before it.

T steps, B sequences, S positions of the memory, M units of it, H units, A of the hidden layer
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hypernetworks.recurrent.fused.kernels import kernel
from hypernetworks.recurrent.fused.native import threads


class Attention(NamedTuple):
    """weights = softmax(score . tanh(W_q h + b + keys) + penalty), context = weights . values.

    keys (B, S, A), values (B, S, M), penalty (B, S) without gradient. query_weight (A, H),
    query_bias (A), score (A). mask (T, B, M): factors of the contexts as a cell reads them.
    """

    keys: Tensor
    values: Tensor
    penalty: Tensor
    query_weight: Tensor
    query_bias: Tensor
    score: Tensor
    mask: Tensor | None = None

    def look(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """The context (B, M) and the weights (B, S) of h (B, H)."""
        query = torch.nn.functional.linear(h, self.query_weight, self.query_bias)
        hidden = torch.tanh(self.keys + query[:, None])
        weights = torch.softmax(hidden @ self.score + self.penalty, -1)
        return torch.bmm(weights[:, None].to(self.values.dtype), self.values)[:, 0], weights

    def to(self, dtype: torch.dtype) -> "Attention":
        """The same in another type, each part whole in memory."""
        parts = (None if part is None else part.to(dtype).contiguous() for part in self)
        return Attention(*parts)  # type: ignore[arg-type]

    def read(self, contexts: Tensor) -> Tensor:
        """What cells read of contexts (T, B, M)."""
        return contexts if self.mask is None else contexts * self.mask


class Looks(NamedTuple):
    """What the steps saw: contexts (T, B, M), weights (T, B, S), queries (T, B, A)."""

    contexts: Tensor
    weights: Tensor
    queries: Tensor


class Looking:
    """Before every step: looks with h, and adds what the cell makes of the context to its inputs.

    Args:
        attention: in the type of the states, each part whole in memory.
        into: inputs (T, B, n) of the cell and the weight (n, M) by which they take contexts.
    """

    def __init__(self, attention: Attention, into: list[tuple[Tensor, Tensor]]) -> None:
        self.attention = attention
        self.into = into
        steps = len(into[0][0])
        made = attention.keys.new_empty
        batch, positions, units = attention.values.shape
        self.looks = Looks(
            made(steps, batch, units),
            made(steps, batch, positions),
            made(steps, batch, attention.keys.shape[2]),
        )
        self.kernel = kernel("look", attention.keys, steps * attention.keys.numel())
        self.hidden = torch.empty_like(attention.keys)  # of the torch form

    def forward(self, t: int, h: Tensor) -> None:
        """h (B, H) of the step before."""
        given = self.attention
        context, weights, query = (part[t] for part in self.looks)
        torch.addmm(given.query_bias, h, given.query_weight.t(), out=query)
        if self.kernel:
            memory = given.keys, given.values, given.penalty
            self.kernel(*sizes_of(given), *memory, given.score, query, weights, context)
        else:
            hidden = hidden_of(given, query, self.hidden)
            scores = (hidden.flatten(0, 1) @ given.score).view_as(given.penalty)
            torch.softmax(scores + given.penalty, -1, out=weights)
            torch.bmm(weights[:, None], given.values, out=context[:, None])
        fed = context if given.mask is None else context * given.mask[t]
        for inputs, weight in self.into:
            inputs[t].addmm_(fed.to(weight.dtype), weight.t())


class LookingBack:
    """After every step of the backward pass: the gradient of the h that looked.

    Args:
        attention: of the forward pass.
        looks: of the forward pass.
        weights: those by which the cell's inputs take contexts.
        grad_contexts: (T, B, M) from the loss, or None.
    """

    def __init__(
        self,
        attention: Attention,
        looks: Looks,
        weights: tuple[Tensor, ...],
        grad_contexts: Tensor | None,
    ) -> None:
        self.attention = attention
        self.looks = looks
        self.weights = weights
        self.grad_contexts = grad_contexts
        self.contexts, self.scores, self.queries = (torch.empty_like(part) for part in looks)
        work = len(looks.weights) * attention.keys.numel()
        self.kernel = kernel("look_back", attention.keys, work)
        self.slopes = torch.zeros_like(attention.keys)  # sums over the steps of d tanh * tanh'
        self.score = attention.score.new_zeros(sizes_of(attention)[-1], len(attention.score))
        self.hidden = torch.empty_like(attention.keys)  # of the torch form

    def backward(self, t: int, grad_h: Tensor, *grad_inputs: Tensor) -> None:
        """Adds to grad_h (B, H), from the gradients (B, n) of the step's inputs."""
        given = self.attention
        pairs = zip(grad_inputs, self.weights, strict=True)
        context = sum((d @ weight).to(grad_h.dtype) for d, weight in pairs)
        assert isinstance(context, Tensor)
        if given.mask is not None:
            context = context * given.mask[t]
        if self.grad_contexts is not None:
            context = context + self.grad_contexts[t]
        self.contexts[t] = context
        self._look_back(t)
        grad_h.addmm_(self.queries[t], given.query_weight)

    def _look_back(self, t: int) -> None:
        """From the gradient of the context to those of scores and query, and sums."""
        given, _, weights, asked = self.attention, *(part[t] for part in self.looks)
        context, scores, query = self.contexts[t], self.scores[t], self.queries[t]
        if self.kernel:
            read = given.keys, given.values, given.penalty, given.score, asked, weights, context
            self.kernel(*sizes_of(given), *read, scores, query, self.slopes, self.score)
            return
        d = torch.bmm(given.values, context[:, :, None])[:, :, 0]
        torch.mul(weights, d - (weights * d).sum(-1, keepdim=True), out=scores)
        hidden = hidden_of(given, asked, self.hidden)
        self.score[0].addmv_(hidden.flatten(0, 1).t(), scores.flatten())
        # tanh' = 1 - tanh^2; the gradients of a softmax's inputs add up to 0, so the 1 falls out
        # of the query's, and is in the end added to the slopes.
        squares = hidden.square_()
        torch.mul(torch.bmm(scores[:, None], squares)[:, 0], -given.score, out=query)
        self.slopes.addcmul_(squares, scores[:, :, None], value=-1)

    def gradients(self, h: Tensor) -> Attention:
        """Those of the attention's tensors, None of penalty and mask; h (T, B, H) that looked."""
        if not self.kernel:
            self.slopes += self.scores.sum(0)[:, :, None]
        keys = self.slopes.mul_(self.attention.score)
        values = torch.bmm(self.looks.weights.permute(1, 2, 0), self.contexts.transpose(0, 1))
        query_weight = self.queries.flatten(0, 1).t() @ h.flatten(0, 1)
        none: Tensor | None = None
        query_bias, score = self.queries.sum((0, 1)), self.score.sum(0)
        return Attention(keys, values, none, query_weight, query_bias, score)  # type: ignore[arg-type]


def sizes_of(attention: Attention) -> tuple[int, int, int, int, int]:
    """B, S, A, M and the threads that share a step's sequences."""
    batch, positions, hidden = attention.keys.shape
    shares = threads(batch, positions * hidden) if attention.keys.device.type == "cpu" else 1
    return batch, positions, hidden, attention.values.shape[2], shares


def hidden_of(attention: Attention, query: Tensor, out: Tensor) -> Tensor:
    """tanh(keys + query) (B, S, A)."""
    return torch.add(attention.keys, query[:, None], out=out).tanh_()
