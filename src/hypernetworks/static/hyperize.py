"""`hyperize`: any network's convolutions, their kernels generated (section 3.1, eq. 2 and 3).

net = hyperize(torchvision.models.resnet18())
net(images)             # trains, saves, loads and compiles like any module
net.sizes()             # parameters now and before, and their ratio
plain = net.bake()      # the same network with the generated kernels as its own
"""

import copy
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from hypernetworks.static.bank import KernelBank

Select = Callable[[str, nn.Conv2d], bool] | Collection[str] | None


class Sizes(NamedTuple):
    """Numbers of parameters: of the hyperized network, of the plain one, plain / hyperized."""

    parameters: int
    plain: int
    compression: float


class Current:
    """The kernels of a network's call, by layer; empty between calls. All its layers share one."""

    def __init__(self) -> None:
        self.kernels: dict[str, Tensor] = {}


class GeneratedConv2d(nn.Conv2d):
    """A convolution that finds its kernel, by its name, in `current`; its bias is its own."""

    def __init__(self, conv: nn.Conv2d, name: str, current: Current) -> None:
        super().__init__(**_settings(conv))
        self.register_parameter("weight", None)
        self.bias = conv.bias
        self.name = name
        self.current = current

    def forward(self, x: Tensor) -> Tensor:
        if self.name not in self.current.kernels:
            raise RuntimeError("a generated convolution has a kernel in its network's calls alone")
        return self._conv_forward(x, self.current.kernels[self.name], self.bias)


class Hyperized(nn.Module):
    """A network whose selected convolutions have generated kernels; made by `hyperize`.

    Attributes:
        model: the network, `GeneratedConv2d` in the selected places.
        banks: {"3": KernelBank, ...}, one for each kernel size.
        names: {"3": [names of its layers, in the bank's order], ...}.
        last: {name of the layer: the kernel that it had in the last call}.
    """

    def __init__(
        self,
        model: nn.Module,
        banks: nn.ModuleDict,
        names: dict[str, list[str]],
        current: Current,
    ) -> None:
        super().__init__()
        self.model = model
        self.banks = banks
        self.names = names
        self.current = current
        self.last: dict[str, Tensor] = {}
        self._kept: tuple[Any, dict[str, Tensor]] | None = None

    def kernels(self) -> dict[str, Tensor]:
        """{name of the layer: its kernel}, all of a kernel size from one batched product.

        Without gradients in evaluation mode they are generated once and kept until a parameter
        changes.
        """
        if self.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return self._generate()
        now = [(p, p.data_ptr(), p._version) for p in self.banks.parameters()]
        if self._kept is None or not _same(self._kept[0], now):
            self._kept = (now, self._generate())
        return self._kept[1]

    def _generate(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for names, bank in zip(self.names.values(), self._banks(), strict=True):
            found |= dict(zip(names, bank(), strict=True))
        return found

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """The network's own, with the kernels of `kernels()`."""
        self.last = self.current.kernels = self.kernels()
        try:
            return self.model(*arguments, **options)
        finally:
            self.current.kernels = {}

    def bake(self) -> nn.Module:
        """A plain copy of the network: `torch.nn.Conv2d` with the generated kernels as weights."""
        plain = copy.deepcopy(self.model)
        with torch.no_grad():
            kernels = self._generate()
        for name, kernel in kernels.items():
            _replace(plain, name, _plain(plain.get_submodule(name), kernel))
        return plain

    def sizes(self) -> Sizes:
        """Parameters of this network and of the plain one."""
        ours = sum(p.numel() for p in self.parameters())
        generated = sum(bank.count for bank in self._banks())
        plain = sum(p.numel() for p in self.model.parameters()) + generated
        return Sizes(ours, plain, plain / ours)

    def arrays(self) -> dict[str, Tensor]:
        """What the plain network would show of itself in figures, with the generated kernels."""
        plain = self.bake()
        return plain.arrays() if hasattr(plain, "arrays") else {}  # type: ignore[operator]

    def _banks(self) -> list[KernelBank]:
        return list(self.banks.values())  # type: ignore[arg-type]

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "last": {}, "_kept": None}


def hyperize(
    model: nn.Module,
    base: tuple[int, int] = (16, 16),
    embedding_size: int = 64,
    select: Select = None,
) -> Hyperized:
    """A copy of a network in which one generator a kernel size makes the selected kernels.

    Args:
        model: any module; it is left as it is.
        base: (output, input) channels of a basic kernel.
        embedding_size: N_z, also the generators' hidden size.
        select: which convolutions: their names, or a function of name and convolution. By default
            the paper's choice, what is larger than 1 x 1 and has channels in multiples of the
            base. Others are selected by name; of their last tiles a part is unused. A grouped
            convolution's kernel has in_channels / groups input channels.
    Returns:
        the network, with fresh generators: its kernels start with He's variance, whatever the
        network's own were. All other parameters are copied.
    Raises:
        ValueError: naming the layer, for a name that is no Conv2d, a kernel that is not square, a
            weight that two layers share or that is parametrized, or if nothing is selected.
    """
    copied = copy.deepcopy(model)
    by_size: dict[str, list[str]] = {}
    for name in _selected(copied, base, select):
        conv = copied.get_submodule(name)
        by_size.setdefault(str(_checked(copied, name, conv).kernel_size[0]), []).append(name)
    banks, current = nn.ModuleDict(), Current()
    for size, names in by_size.items():
        shapes = []
        for name in names:
            conv = copied.get_submodule(name)
            assert isinstance(conv, nn.Conv2d)
            shapes.append((conv.out_channels, conv.in_channels // conv.groups))
            _replace(copied, name, GeneratedConv2d(conv, name, current))
            weight = conv.weight
        bank = KernelBank(shapes, int(size), base, embedding_size)
        banks[size] = bank.to(weight.device, weight.dtype)
    return Hyperized(copied, banks, by_size, current)


def convolution_kernels(model: nn.Module) -> list[Tensor]:
    """All kernels that a network's convolutions had in its last call, generated ones too.

    A regulariser of the kernels is a function of these: for a hyperized network its gradient goes
    on into generators and embeddings.
    """
    own = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d) and m.weight is not None]
    networks = [m for m in model.modules() if isinstance(m, Hyperized)]
    return own + [kernel for network in networks for kernel in network.last.values()]


def _selected(model: nn.Module, base: tuple[int, int], select: Select) -> list[str]:
    """The names of the selected convolutions, in the network's order."""
    convs = {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    if select is None:
        names = [name for name, conv in convs.items() if _fits(conv, base)]
    elif callable(select):
        names = [name for name, conv in convs.items() if select(name, conv)]
    else:
        unknown = sorted(set(select) - convs.keys())
        if unknown:
            raise ValueError(f"hyperize: {unknown[0]!r} is no Conv2d of the model")
        names = [name for name in convs if name in select]
    if not names:
        raise ValueError(f"hyperize: no convolution of the {len(convs)} is selected")
    return names


def _fits(conv: nn.Conv2d, base: tuple[int, int]) -> bool:
    shape = (conv.out_channels, conv.in_channels // conv.groups)
    multiples = not any(channels % size for channels, size in zip(shape, base, strict=True))
    return multiples and conv.kernel_size[0] == conv.kernel_size[1] > 1


def _checked(model: nn.Module, name: str, conv: nn.Module) -> nn.Conv2d:
    assert isinstance(conv, nn.Conv2d)
    if conv.kernel_size[0] != conv.kernel_size[1]:
        height, width = conv.kernel_size
        raise ValueError(f"hyperize: {name} has a kernel of {height} x {width}; only square ones")
    if "weight" not in conv._parameters:
        raise ValueError(f"hyperize: {name} has a weight that is parametrized; remove that first")
    shared = [n for n, p in model.named_parameters(remove_duplicate=False) if p is conv.weight]
    if len(shared) > 1:
        raise ValueError(f"hyperize: {' and '.join(shared)} are one weight; give each its own")
    return conv


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)


def _plain(layer: nn.Module, kernel: Tensor) -> nn.Conv2d:
    assert isinstance(layer, GeneratedConv2d)
    conv = nn.Conv2d(**_settings(layer))
    conv.weight = nn.Parameter(kernel.detach().clone())
    conv.bias = layer.bias
    return conv


def _settings(conv: nn.Conv2d) -> dict[str, Any]:
    """The arguments of a convolution like this one, without weight and bias."""
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")
    found = {name: getattr(conv, name) for name in (*names, "groups", "padding_mode")}
    return found | {"bias": False, "device": "meta"}


def _same(kept: Any, now: Any) -> bool:
    return len(kept) == len(now) and all(
        p is q and place == here and version == current
        for (p, place, version), (q, here, current) in zip(kept, now, strict=True)
    )
