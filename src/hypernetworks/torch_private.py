"""What torch does not offer publicly: every private name of it that the library uses.

Each function says what it does where a version of torch lacks the name: something slower or
stricter, never other numbers.
"""

from typing import Any

import torch
from torch import Tensor, nn


def processor_features() -> dict[str, Any]:
    """What the processor has, by name: avx512_bf16, amx_bf16 ...

    Without the name: avx512_bf16 alone, or nothing.
    """
    ask = getattr(torch.cpu, "get_capabilities", None)
    if ask is not None:
        return dict(ask())
    narrow = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return {} if narrow is None else {"avx512_bf16": bool(narrow())}


def keeps_graph() -> bool:
    """Whether the backward pass that runs leaves its graph to a second one (retain_graph).

    Without the name: True, so that nothing is laid over what a second pass might need.
    """
    ask = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", None)
    return True if ask is None else bool(ask())


def in_backward_pass() -> bool:
    """Whether this thread runs a backward pass.

    Without the name: whether autograd's engine takes a callback for the end of one.
    """
    ask = getattr(torch._C, "_current_graph_task_id", None)
    if ask is not None:
        return bool(ask() != -1)
    try:
        torch.autograd.Variable._execution_engine.queue_callback(lambda: None)
    except (AttributeError, RuntimeError):
        return False
    return True


def is_of_a_transformation(tensor: Tensor) -> bool:
    """Whether it belongs to a torch.func transformation (vmap, jvp) that runs.

    Without the name: True, so that no tensor is taken to outlive its call.
    """
    functorch = getattr(torch._C, "_functorch", None)
    ask = getattr(functorch, "is_functorch_wrapped_tensor", None)
    return True if ask is None else bool(ask(tensor))


def in_transformation() -> bool:
    """Whether a torch.func transformation (grad, jvp, vmap ...) or a forward-mode level runs.

    Without the names: True, so that what knows neither is not used.
    """
    dual = getattr(torch.autograd.forward_ad, "_current_level", None)
    return dual is None or dual >= 0 or _in_functorch()


def _in_functorch() -> bool:
    functorch = getattr(torch._C, "_functorch", None)
    level = getattr(functorch, "maybe_current_level", None)
    return level is None or level() is not None


# Torch's compiler asks it once, while it traces, and traces anew where the answer would differ.
_in_functorch._dynamo_marked_constant = True  # type: ignore[attr-defined]


def run_forward_pre_hooks(module: nn.Module) -> None:
    """Runs what changes a module's weights before it is called, where nobody calls it.

    Without the name: nothing is run.

    Raises:
        RuntimeError: a hook wants to change the module's input, which there is none of.
    """
    hooks = getattr(module, "_forward_pre_hooks", {})
    named = getattr(module, "_forward_pre_hooks_with_kwargs", {})
    for key, hook in hooks.items():
        found = hook(module, (), {}) if key in named else hook(module, ())
        if found is not None:
            kind = type(module).__name__
            raise RuntimeError(f"a forward pre-hook of {kind}, which is not called, changes input")


def register_named_tuple(kind: type) -> None:
    """Lets torch.export take and save programs whose inputs and outputs are such tuples.

    Without the name: it does not.
    """
    pytree = getattr(torch.utils, "_pytree", None)
    register = getattr(pytree, "_register_namedtuple", None)
    if register is not None:
        register(kind, serialized_type_name=f"{kind.__module__}.{kind.__qualname__}")


def in_a_dispatch_mode() -> bool:
    """Whether a mode of torch's dispatcher (fake tensors, a tracer, a counter) sees each operation.

    Without the name: True, so that nothing is taken from outside of it.
    """
    ask = getattr(torch._C, "_len_torch_dispatch_stack", None)
    return True if ask is None else bool(ask())


def border_of(conv: nn.Conv2d) -> list[int]:
    """Its padding as torch.nn.functional.pad takes it: last dimension first, both sides.

    Without the name: from its public settings.
    """
    known = getattr(conv, "_reversed_padding_repeated_twice", None)
    if known is not None:
        return list(known)
    if conv.padding == "valid":
        return [0, 0, 0, 0]
    if not isinstance(conv.padding, str):
        return [side for side in reversed(conv.padding) for _ in range(2)]
    border = []
    for size, dilation in zip(reversed(conv.kernel_size), reversed(conv.dilation), strict=True):
        total = dilation * (size - 1)
        border += [total // 2, total - total // 2]
    return border


def computes_as_conv2d(conv: nn.Conv2d) -> bool:
    """Whether its forward is that of nn.Conv2d.

    Without the name of what `forward` calls: whether `forward` itself is.
    """
    kind = type(conv)
    if kind.forward is not nn.Conv2d.forward or "forward" in vars(conv):
        return False
    return getattr(kind, "_conv_forward", None) is getattr(nn.Conv2d, "_conv_forward", None)


def has_hooks(module: nn.Module) -> bool:
    """Whether hooks run in its forward or backward pass.

    Needs no single name: any attribute that ends in "hooks" counts, but those of state dicts.
    """
    hooks = (
        held
        for name, held in vars(module).items()
        if name.endswith("hooks") and "state_dict" not in name
    )
    return any(hooks)
