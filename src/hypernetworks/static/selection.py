"""Which of a network's convolutions `hyperize` takes, and which it has to refuse."""

import difflib
from collections.abc import Callable, Collection

from torch import nn
from torch.nn.parameter import is_lazy

from hypernetworks.static.base import Base, found_base, given_base
from hypernetworks.torch_private import computes_as_conv2d, has_hooks

Select = Callable[[str, nn.Conv2d], bool] | Collection[str] | str | None


def selected(
    model: nn.Module, base: Base, select: Select
) -> tuple[dict[str, nn.Conv2d], tuple[int, int]]:
    """The selected convolutions by name, in the network's order, and their base.

    Raises:
        ValueError: for a base that is none, a name that is no Conv2d; if nothing is selected; and
            naming it, for a layer whose kernel cannot be generated (see `checked`).
    """
    given = given_base(base)
    convs = {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    if not convs:
        raise ValueError("hyperize: the model has no Conv2d")
    names = _names(convs, select)
    found = given or found_base([convs[name] for name in names])
    if select is None:
        names = [name for name in names if _fits(convs[name], found)]
    if not names:
        default = f"; larger than 1 x 1, with channels in multiples of base={found}"
        auto = "" if given is None else '; base="auto" finds one for the network'
        raise ValueError(
            f"hyperize: none of the model's {len(convs)} Conv2d is selected"
            f"{default + auto if select is None else ''}; select=[names], or a function of name "
            "and layer"
        )
    return {name: checked(model, name, convs[name]) for name in names}, found


def _names(convs: dict[str, nn.Conv2d], select: Select) -> list[str]:
    if select is None:
        return [n for n, c in convs.items() if c.kernel_size[0] == c.kernel_size[1] > 1]
    if callable(select):
        return [name for name, conv in convs.items() if select(name, conv)]
    wanted = {select} if isinstance(select, str) else set(select)
    unknown = sorted(wanted - convs.keys())
    if unknown:
        near = difflib.get_close_matches(unknown[0], convs, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"hyperize: {unknown[0]!r} is no Conv2d of the model{hint}")
    return [name for name in convs if name in wanted]


def _fits(conv: nn.Conv2d, base: tuple[int, int]) -> bool:
    shape = (conv.out_channels, conv.in_channels // conv.groups)
    return not any(channels % size for channels, size in zip(shape, base, strict=True))


def by_kernel_size(convs: dict[str, nn.Conv2d]) -> dict[str, list[str]]:
    """{"3": [names of the layers with kernels of 3 x 3], ...}; one generator makes those of one.

    Raises:
        ValueError: naming two of one kernel size whose weights differ in type or device.
    """
    names: dict[str, list[str]] = {}
    for name, conv in convs.items():
        group = names.setdefault(str(conv.kernel_size[0]), [])
        group.append(name)
        first, weight = convs[group[0]].weight, conv.weight
        if (first.dtype, first.device) != (weight.dtype, weight.device):
            raise ValueError(
                f"hyperize: {group[0]} is {first.dtype} on {first.device}, {name} {weight.dtype} "
                f"on {weight.device}; one generator makes both kernels: convert or select"
            )
    return names


def checked(model: nn.Module, name: str, conv: nn.Conv2d) -> nn.Conv2d:
    """The convolution, if its kernel can be generated.

    Raises:
        ValueError: naming it, for a kernel that is not square, a weight that two layers share or
            that is parametrized, a lazy layer that has not seen its input, a forward of its own
            (a subclass's), hooks.
    """
    if is_lazy(conv.weight):
        raise ValueError(f"hyperize: {name} is lazy; call the model once before")
    if not computes_as_conv2d(conv):
        kind = type(conv).__name__
        raise ValueError(f"hyperize: {name} is a {kind}, with a forward of its own")
    if "weight" not in dict(conv.named_parameters(recurse=False)):
        raise ValueError(f"hyperize: {name} has a weight that is parametrized; remove that first")
    if has_hooks(conv):
        raise ValueError(f"hyperize: {name} has hooks; remove them, register them afterwards")
    if conv.kernel_size[0] != conv.kernel_size[1]:
        height, width = conv.kernel_size
        raise ValueError(f"hyperize: {name} has a kernel of {height} x {width}; only square ones")
    shared = [n for n, p in model.named_parameters(remove_duplicate=False) if p is conv.weight]
    if len(shared) > 1:
        raise ValueError(f"hyperize: {' and '.join(shared)} are one weight; give each its own")
    return conv
