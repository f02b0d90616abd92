"""`hyperize`: any network's convolutions, their kernels generated (section 3.1, eq. 2 and 3).

net = hyperize(torchvision.models.resnet18())
net(images)             # trains, saves, loads and compiles like any module
net.sizes()             # parameters now and before, and their ratio
plain = net.bake()      # the same network with the generated kernels as its own
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from hypernetworks.static.bank import KernelBank
from hypernetworks.static.generated import Current, GeneratedConv2d, outlives_a_call, replaced
from hypernetworks.static.selection import Select, checked, selected
from hypernetworks.torch_private import version_of


class Sizes(NamedTuple):
    """Numbers of parameters: of the hyperized network, of the plain one, plain / hyperized."""

    parameters: int
    plain: int
    compression: float


class Hyperized(nn.Module):
    """A network whose selected convolutions have generated kernels; made by `hyperize`.

    Activation checkpointing needs `use_reentrant=False`; while it trains, one call at a time.

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
        self._kept: tuple[Any, dict[str, Tensor]] | None = None

    def kernels(self) -> dict[str, Tensor]:
        """{name of the layer: its kernel}, all of a kernel size from one batched product.

        Without gradients in evaluation mode they are generated once and kept until a parameter
        or autocast's precision changes, until the next call with gradients, `train()` or `eval()`.
        Of some changes torch keeps no trace (through `parameter.data`): call `eval()` after them.
        Compiled networks generate them in each call.
        """
        if self.training or torch.is_grad_enabled():
            self._kept = None  # fused optimisers, too, leave no trace of their steps
            return self._generate()
        if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined]
            return self._generate()
        if not all(_leaves_traces(p) for p in self.banks.parameters()):
            return self._generate()
        now = [(p, p.data_ptr(), version_of(p), _precision(p)) for p in self.banks.parameters()]
        kept = self._kept  # another thread may forget it meanwhile
        if kept is not None and _same(kept[0], now):
            return kept[1]
        found = self._generate()
        if all(map(outlives_a_call, found.values())):
            self._kept = (now, found)
        return found

    def _generate(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for names, bank in zip(self.names.values(), self._banks(), strict=True):
            found |= dict(zip(names, bank(), strict=True))
        return found

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """The network's own, with the kernels of `kernels()`."""
        around = self.current.begin(self.kernels())
        try:
            return self.model(*arguments, **options)
        finally:
            self.current.end(around)

    @contextmanager
    def generated(self) -> Iterator[nn.Module]:
        """For the network's other methods: `with net.generated() as model: model.encode(x)`."""
        around = self.current.begin(self.kernels())
        try:
            yield self.model
        finally:
            self.current.end(around)

    def train(self, mode: bool = True) -> Self:
        self._kept = None
        return super().train(mode)

    def bake(self) -> nn.Module:
        """A plain copy of the network: `torch.nn.Conv2d` with the generated kernels as weights."""
        plain = copy.deepcopy(self.model)
        with torch.no_grad():
            kernels = self._generate()
        for name, kernel in kernels.items():
            layer = plain.get_submodule(name)
            assert isinstance(layer, GeneratedConv2d)
            plain = replaced(plain, name, layer.plain(kernel))
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

    Train it with Adam or a relative: with SGD at the plain network's rates it learns far less.
    Making the kernels takes the same time whatever the batch: large ones make little of it.

    Args:
        model: any module; it is left as it is.
        base: (output, input) channels of a basic kernel.
        embedding_size: N_z, also the generators' hidden size. A generator of 16 x 16 x 3 x 3
            kernels has 75,920 parameters at 64, 6,800 at 16: more than a small network saves;
            `sizes()` tells.
        select: which convolutions: a name or names, or a function of name and layer. By default
            the paper's choice, what is larger than 1 x 1 and has channels in multiples of the
            base. Others are selected by name; of their last tiles a part is unused. A grouped
            convolution's kernel has in_channels / groups input channels.
    Returns:
        the network, with fresh generators: its kernels start with He's variance, whatever the
        network's own were (trained ones are lost). All other parameters are copied; layers are
        where they were, under `.model`.
    Raises:
        ValueError: for sizes below 1, a model with a hyperized part, if nothing is selected; and
            naming it, for a layer whose kernel cannot be generated (see `selection.checked`).
    """
    counts = (*base, embedding_size) if isinstance(base, tuple | list) else ()
    if len(counts) != 3 or not all(isinstance(n, int) and n >= 1 for n in counts):
        given = f"base={base}, embedding_size={embedding_size}"
        raise ValueError(f"hyperize: {given}: base is (output, input) channels, all at least 1")
    if any(isinstance(m, Hyperized) for m in model.modules()):
        raise ValueError("hyperize: the model is hyperized already; select all layers in one call")
    copied = copy.deepcopy(model)
    by_size: dict[str, list[str]] = {}
    for name in selected(copied, base, select):
        conv = copied.get_submodule(name)
        by_size.setdefault(str(checked(copied, name, conv).kernel_size[0]), []).append(name)
    banks, current = nn.ModuleDict().train(model.training), Current()
    for size, names in by_size.items():
        shapes = []
        for name in names:
            conv = copied.get_submodule(name)
            assert isinstance(conv, nn.Conv2d)
            shapes.append((conv.out_channels, conv.in_channels // conv.groups))
            copied = replaced(copied, name, GeneratedConv2d(conv, name, current))
            weight = conv.weight
        bank = KernelBank(shapes, int(size), base, embedding_size).train(model.training)
        banks[size] = bank.to(weight.device, weight.dtype)
    net = Hyperized(copied, banks, by_size, current)
    net.training = model.training
    return net


def convolution_kernels(model: nn.Module) -> list[Tensor]:
    """All kernels that a network's convolutions had in its last call, generated ones too.

    A regulariser of the kernels is a function of these: for a hyperized network its gradient goes
    on into generators and embeddings.

    Raises:
        RuntimeError: if a hyperized network has not been called yet.
    """
    kernels = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]
    for network in model.modules():
        if isinstance(network, Hyperized):
            if not network.current.kernels:
                raise RuntimeError("a hyperized network has no kernels before its first call")
            kernels += network.current.kernels.values()
    return kernels


def _leaves_traces(parameter: Tensor) -> bool:
    """Whether torch tells of its changes: not of inference tensors, nor of a tracer's."""
    plain = type(parameter) is nn.Parameter and not parameter.is_meta
    return plain and not parameter.is_inference()


def _precision(parameter: Tensor) -> torch.dtype | None:
    """What autocast computes products of the parameter in, if it is on."""
    device = parameter.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def _same(kept: Any, now: Any) -> bool:
    return len(kept) == len(now) and all(
        p is q and traces == current for (p, *traces), (q, *current) in zip(kept, now, strict=True)
    )
