"""Which of a network's convolutions `hyperize` takes, and which it has to refuse."""

import difflib
from collections.abc import Callable, Collection

from torch import nn
from torch.nn.parameter import is_lazy

from hypernetworks.torch_private import computes_as_conv2d, has_hooks

Select = Callable[[str, nn.Conv2d], bool] | Collection[str] | str | None


def selected(model: nn.Module, base: tuple[int, int], select: Select) -> list[str]:
    """The names of the selected convolutions, in the network's order.

    Raises:
        ValueError: for a name that is no Conv2d; if nothing is selected.
    """
    convs = {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    if select is None:
        names = [name for name, conv in convs.items() if _fits(conv, base)]
    elif callable(select):
        names = [name for name, conv in convs.items() if select(name, conv)]
    else:
        wanted = {select} if isinstance(select, str) else set(select)
        unknown = sorted(wanted - convs.keys())
        if unknown:
            near = difflib.get_close_matches(unknown[0], convs, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"hyperize: {unknown[0]!r} is no Conv2d of the model{hint}")
        names = [name for name in convs if name in wanted]
    if not convs:
        raise ValueError("hyperize: the model has no Conv2d")
    if not names:
        default = f"; larger than 1 x 1, with channels in multiples of base={base}"
        raise ValueError(
            f"hyperize: none of the model's {len(convs)} Conv2d is selected"
            f"{default if select is None else ''}; select=[names], or a function of name and layer"
        )
    return names


def _fits(conv: nn.Conv2d, base: tuple[int, int]) -> bool:
    shape = (conv.out_channels, conv.in_channels // conv.groups)
    multiples = not any(channels % size for channels, size in zip(shape, base, strict=True))
    return multiples and conv.kernel_size[0] == conv.kernel_size[1] > 1


def checked(model: nn.Module, name: str, conv: nn.Module) -> nn.Conv2d:
    """The convolution, if its kernel can be generated.

    Raises:
        ValueError: naming it, for a kernel that is not square, a weight that two layers share or
            that is parametrized, a lazy layer that has not seen its input, a forward of its own
            (a subclass's), hooks.
    """
    assert isinstance(conv, nn.Conv2d)
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
