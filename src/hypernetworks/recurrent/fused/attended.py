"""A cell over a sequence with attention as one operator; see sequence.py and attention.py.

T steps, B sequences, M units of the memory
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from hypernetworks.recurrent.fused import hyper_backward, hyper_sequence, sequence
from hypernetworks.recurrent.fused.attention import Attention, Looking, LookingBack, Looks
from hypernetworks.recurrent.fused.passes import no_second_derivative, weight_gradient


class Passes(NamedTuple):
    """What there is of an operator: its module's functions and named tuples.

    states: how many of its outputs are states, h first. inputs: how many of its arguments are
    inputs of steps, the first ones. options: how many, the last ones, are no tensors.
    """

    forward: Callable[..., tuple[Tensor, ...]]
    saved: Callable[..., Any]
    gradients: Callable[..., Any]
    saved_type: Any
    arguments_type: Any
    states: int
    inputs: int
    options: int


LSTM = Passes(
    sequence.lstm_forward,
    sequence.lstm_saved,
    sequence.lstm_gradients,
    sequence.Saved,
    sequence.Arguments,
    states=2,
    inputs=1,
    options=2,
)
HYPER = Passes(
    hyper_sequence.hyper_forward,
    hyper_sequence.hyper_saved,
    hyper_sequence.hyper_gradients,
    hyper_backward.Saved,
    hyper_sequence.Arguments,
    states=4,
    inputs=2,
    options=3,
)


def attended_sequence(
    passes: Passes, attention: Attention, weights: tuple[Tensor, ...], *arguments: Any
) -> tuple[Tensor, ...]:
    """The operator with attention.

    Args:
        attention: in the type of the states.
        weights: (n, M) in the type of the products: how each of the operator's inputs takes the
            context.
        arguments: of the operator; its inputs, without the contexts' part, are used up.
    Returns:
        the states (T + 1, B, ...), the initial one first, and the contexts (T, B, M).
    """
    found: tuple[Tensor, ...] = _Attended.apply(passes, *attention, *weights, *arguments)
    return found


class _Attended(torch.autograd.Function):
    @staticmethod
    def forward(ctx, passes, *given):  # type: ignore[no-untyped-def]
        plain = [part.detach() if isinstance(part, Tensor) else part for part in given]
        attention, weights, arguments = _divided(passes, plain)
        with torch.autocast(attention.keys.device.type, enabled=False):
            looking = Looking(attention, list(zip(arguments, weights, strict=False)))
            output = passes.forward(*arguments, looking)
        ctx.passes, ctx.options = passes, arguments[-passes.options :]
        saved = passes.saved(tuple(arguments), output)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*attention, *weights, *looking.looks, *saved)
        return *output[: passes.states], looking.looks.contexts

    @staticmethod
    def backward(ctx, *grads):  # type: ignore[no-untyped-def]
        if torch.is_grad_enabled():
            no_second_derivative(ctx)
        passes = ctx.passes
        *grad_states, grad_contexts = grads
        attention, weights, rest = _divided(passes, ctx.saved_tensors)
        looks, saved = Looks(*rest[:3]), passes.saved_type(*rest[3:])
        back = LookingBack(attention, looks, tuple(weights), grad_contexts)
        needed = _divided(passes, ctx.needs_input_grad[1:])[2]
        needed = passes.arguments_type(*needed)
        found = passes.gradients(saved, ctx.options, tuple(grad_states), needed, back)
        read = attention.read(looks.contexts)
        of_weights = [weight_gradient(d, read) for d in found[: passes.inputs]]
        return None, *back.gradients(saved.h[:-1]), *of_weights, *found


def _divided(passes: Passes, given: Any) -> tuple[Attention, list[Any], list[Any]]:
    """The attention's, the weights, the rest."""
    count = len(Attention._fields)
    parts = list(given)
    weights = count + passes.inputs
    return Attention(*parts[:count]), parts[count:weights], parts[weights:]
