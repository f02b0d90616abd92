"""`hyperize`: any network's convolutions, their kernels generated (section 3.1, eq. 2 and 3).

net = hyperize(torchvision.models.resnet18())
net(images)             # trains, saves, loads and compiles like any module
net.sizes()             # parameters now and before, and their ratio
plain = net.bake()      # the same network with the generated kernels as its own
"""

import copy
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from hypernetworks.static.bank import KernelBank
from hypernetworks.static.selection import Select, checked, selected


class Sizes(NamedTuple):
    """Numbers of parameters: of the hyperized network, of the plain one, plain / hyperized."""

    parameters: int
    plain: int
    compression: float


class Current:
    """The kernels of a network's last call, by layer; all its layers share one.

    They stay after the call, for regularisers of the kernels and for activation checkpointing,
    which calls the layers again in the backward pass.
    """

    def __init__(self) -> None:
        self.kernels: dict[str, Tensor] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"kernels": {}}  # they belong to a call, not to copies and files


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
            raise RuntimeError("a generated convolution has no kernel before its network's call")
        return self._conv_forward(x, self.current.kernels[self.name], self.bias)


class Hyperized(nn.Module):
    """A network whose selected convolutions have generated kernels; made by `hyperize`.

    Attributes:
        model: the network, `GeneratedConv2d` in the selected places.
        banks: {"3": KernelBank, ...}, one for each kernel size.
        names: {"3": [names of its layers, in the bank's order], ...}.
        current: holds the kernels that the layers had in the last call.
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
        self.training = model.training
        self._kept: tuple[Any, dict[str, Tensor]] | None = None

    def kernels(self) -> dict[str, Tensor]:
        """{name of the layer: its kernel}, all of a kernel size from one batched product.

        Without gradients in evaluation mode they are generated once and kept until a parameter
        or autocast's precision changes, or until the next `train()` or `eval()`: a change through
        `parameter.data` leaves no other trace.
        """
        if self.training or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return self._generate()
        now = [(p, p.data_ptr(), p._version, _precision(p)) for p in self.banks.parameters()]
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
        self.current.kernels = self.kernels()
        return self.model(*arguments, **options)

    def train(self, mode: bool = True) -> Self:
        self._kept = None
        return super().train(mode)

    def bake(self) -> nn.Module:
        """A plain copy of the network: `torch.nn.Conv2d` with the generated kernels as weights."""
        plain = copy.deepcopy(self.model)
        with torch.no_grad():
            kernels = self._generate()
        for name, kernel in kernels.items():
            plain = _replaced(plain, name, _plain(plain.get_submodule(name), kernel))
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
        return {**super().__getstate__(), "_kept": None}


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
        select: which convolutions: a name or names, or a function of name and layer. By default
            the paper's choice, what is larger than 1 x 1 and has channels in multiples of the
            base. Others are selected by name; of their last tiles a part is unused. A grouped
            convolution's kernel has in_channels / groups input channels.
    Returns:
        the network, with fresh generators: its kernels start with He's variance, whatever the
        network's own were. All other parameters are copied.
    Raises:
        ValueError: naming the layer, for a name that is no Conv2d, a kernel that is not square, a
            weight that two layers share or that is parametrized, a lazy layer that has not seen
            its input, a subclass with a forward of its own; if nothing is selected; for sizes
            below 1.
    """
    if min(*base, embedding_size) < 1:
        raise ValueError(f"hyperize: base={base}, embedding_size={embedding_size}: at least 1 each")
    copied = copy.deepcopy(model)
    by_size: dict[str, list[str]] = {}
    for name in selected(copied, base, select):
        conv = copied.get_submodule(name)
        by_size.setdefault(str(checked(copied, name, conv).kernel_size[0]), []).append(name)
    banks, current = nn.ModuleDict(), Current()
    for size, names in by_size.items():
        shapes = []
        for name in names:
            conv = copied.get_submodule(name)
            assert isinstance(conv, nn.Conv2d)
            shapes.append((conv.out_channels, conv.in_channels // conv.groups))
            copied = _replaced(copied, name, GeneratedConv2d(conv, name, current))
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
    return own + [kernel for network in networks for kernel in network.current.kernels.values()]


def _replaced(model: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    """The model with that layer; the layer itself where the model is the convolution, named ""."""
    if not name:
        return layer
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)
    return model


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


def _precision(parameter: Tensor) -> torch.dtype | None:
    """What autocast computes products of the parameter in, if it is on."""
    device = parameter.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def _same(kept: Any, now: Any) -> bool:
    return len(kept) == len(now) and all(
        p is q and traces == current for (p, *traces), (q, *current) in zip(kept, now, strict=True)
    )
