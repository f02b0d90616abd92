"""`hyperize`: any network's convolutions, their kernels generated (section 3.1, eq. 2 and 3).

net = hyperize(torchvision.models.resnet18())
net(images)             # trains, saves, loads and compiles like any module
net.sizes()             # parameters now and before, and their ratio
plain = net.bake()      # the same network with the generated kernels as its own
"""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from hypernetworks.sizes import whole
from hypernetworks.static.bank import KernelBank
from hypernetworks.static.base import Base
from hypernetworks.static.calls import Current, own
from hypernetworks.static.fit import fit
from hypernetworks.static.generated import UNTRACEABLE, GeneratedConv2d, replaced
from hypernetworks.static.kept import Kept
from hypernetworks.static.selection import Select, by_kernel_size, selected
from hypernetworks.torch_private import has_hooks

FAR = 0.1  # of a kernel's size: so much of it lost is likely to show in what the network does


class Sizes(NamedTuple):
    """Numbers of parameters: of the hyperized network, of the plain one, plain / hyperized."""

    parameters: int
    plain: int
    compression: float


class Hyperized(nn.Module):
    """A network whose selected convolutions have generated kernels; made by `hyperize`.

    Calls may overlap in threads: each has its own kernels. Activation checkpointing makes them
    again in the backward pass, from the parameters as they are then.

    Attributes:
        model: the network, `GeneratedConv2d` in the selected places.
        banks: {"3": KernelBank, ...}, one for each kernel size.
        names: {"3": [names of its layers, in the bank's order], ...}.
        current: holds the kernels of each thread's calls.
        fit_errors: {name of the layer: how far its kernel started from the one it had}, relative
            to that one's size (0: it is the same, 1: nothing of it is left); empty unless
            init="keep".
    """

    def __init__(
        self,
        model: nn.Module,
        banks: nn.ModuleDict,
        names: dict[str, list[str]],
        current: Current,
        fit_errors: dict[str, float],
    ) -> None:
        super().__init__()
        self.model = model
        self.banks = banks
        self.names = names
        self.current = current
        self.fit_errors = fit_errors
        self._kept = Kept()

    def kernels(self) -> dict[str, Tensor]:
        """{name of the layer: its kernel}, all of a kernel size from one batched product.

        Raises:
            RuntimeError: where torch.fx traces symbolically; `bake()` makes what it can trace.
        """
        found: dict[str, Tensor] = {}
        for names, bank in zip(self.names.values(), self._banks(), strict=True):
            if isinstance(bank.embeddings, Proxy):
                raise RuntimeError(UNTRACEABLE)
            found |= dict(zip(names, bank(), strict=True))
        return found

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """The network's own, with kernels of this call.

        In evaluation without gradients, on the CPU, kernels are kept for the next call, which uses
        them if it finds every parameter as it was, whoever changed it and how; not where banks
        have hooks. Elsewhere they
        are made in each call; `generated()` is one call however often the network is called in it.
        """
        self.current.begin(self._of_a_call())
        try:
            return self.model(*arguments, **options)
        finally:
            self.current.end()

    @contextmanager
    def generated(self) -> Iterator[nn.Module]:
        """For the network's other methods: `with net.generated() as model: model.encode(x)`.

        The kernels are those of the block's start, in the thread that entered it.
        """
        self.current.begin(self._of_a_call())
        try:
            yield self.model
        finally:
            self.current.end()

    def _of_a_call(self) -> dict[str, Tensor]:
        if self.training or torch.is_grad_enabled() or any(map(has_hooks, self.banks.modules())):
            self._kept.forget()
            return self.kernels()
        parts = [part for bank in self._banks() for part in bank.parts()]
        return self._kept.of(parts, self.kernels)

    def bake(self) -> nn.Module:
        """A plain copy of the network: `torch.nn.Conv2d` with the generated kernels as weights."""
        plain = copy.deepcopy(self.model, {id(self.current): self.current})
        with torch.no_grad():
            kernels = self.kernels()
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


def hyperize(
    model: nn.Module,
    base: Base = (16, 16),
    embedding_size: int = 64,
    select: Select = None,
    init: Literal["fresh", "keep"] = "fresh",
) -> Hyperized:
    """A copy of a network in which one generator a kernel size makes the selected kernels.

    Train it with Adam or a relative, as the paper trains its hypernetwork rows (table 2).
    Making the kernels takes the same time whatever the batch: large ones make little of it.

    Args:
        model: any module; it is left as it is.
        base: (output, input) channels of a basic kernel, or "auto": what suits the network's own
            (see `base.found_base`), (16, 16) for most, (16, 1) for networks whose larger kernels
            are depthwise (MobileNets, EfficientNets).
        embedding_size: N_z, also the generators' hidden size. A generator of 16 x 16 x 3 x 3
            kernels has 75,920 parameters at 64, 6,800 at 16: more than a small network saves;
            `sizes()` tells.
        select: which convolutions: a name or names, or a function of name and layer. By default
            the paper's choice, what is larger than 1 x 1 and has channels in multiples of the
            base. Others are selected by name; of their last tiles a part is unused. A grouped
            convolution's kernel has in_channels / groups input channels.
        init: "fresh": generated kernels start with He's variance, whatever the network's own were
            (trained ones are lost). "keep": generators and embeddings are fitted to the network's
            own kernels (see `fit.fit`), which takes seconds for millions of weights; the returned
            network's `fit_errors` say how near they come, and a warning that one is far off.
            The larger embedding_size, the nearer.
    Returns:
        the network. All other parameters are copied; layers are where they were, under `.model`.
    Raises:
        ValueError: for sizes that are no whole numbers or below 1, a model with a hyperized part,
            if nothing is selected; and naming it, for a layer whose kernel cannot be generated (see
            `selection.checked`) or not by one generator with another's of its size, or has no
            finite values to keep.
    """
    if init not in ("fresh", "keep"):
        raise ValueError(f'hyperize: init={init!r}: it must be "fresh" or "keep"')
    embedding_size = whole("hyperize: embedding_size", embedding_size)
    if any(isinstance(m, Hyperized) for m in model.modules()):
        raise ValueError("hyperize: the model is hyperized already; select all layers in one call")
    copied = copy.deepcopy(model)
    convs, basic = selected(copied, base, select)
    by_size = by_kernel_size(convs)
    banks = nn.ModuleDict()
    fit_errors: dict[str, float] = {}
    for size, names in by_size.items():
        weight = convs[names[0]].weight
        shapes = [(convs[n].out_channels, convs[n].in_channels // convs[n].groups) for n in names]
        # The same numbers on every device, and whatever torch's default device is.
        with torch.device("meta" if weight.is_meta else "cpu"):
            bank = KernelBank(shapes, int(size), basic, embedding_size)
        banks[size] = bank.to(weight.device, weight.dtype)
        if init == "keep":
            fit_errors |= fit(bank, {name: convs[name].weight for name in names})
    current = Current(banks.train(model.training), by_size)
    for name, conv in convs.items():
        copied = replaced(copied, name, GeneratedConv2d(conv, name, current))
    net = Hyperized(copied, banks, by_size, current, fit_errors)
    _warn_of(fit_errors)
    net.training = model.training
    return net


def convolution_kernels(model: nn.Module) -> list[Tensor]:
    """All kernels that a network's convolutions had in its last call, generated ones too.

    A regulariser of the kernels is a function of these: for a hyperized network its gradient goes
    on into generators and embeddings. The last call is this thread's; `network.kernels()` makes
    them where others call it (`nn.DataParallel`).

    Raises:
        RuntimeError: if this thread has not called a hyperized network yet.
    """
    kernels = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]
    for network in model.modules():
        if isinstance(network, Hyperized):
            if not network.current.kernels:
                raise RuntimeError(
                    "a hyperized network has no kernels before its first call in this thread"
                )
            kernels += [own(kernel) for kernel in network.current.kernels.values()]
    return kernels


def _warn_of(fit_errors: dict[str, float]) -> None:
    far = {name: error for name, error in fit_errors.items() if error > FAR}
    if far:
        worst = max(far, key=far.__getitem__)
        warnings.warn(
            f"hyperize: {len(far)} of {len(fit_errors)} generated kernels start further than "
            f"{FAR:g} of their size from the network's own, {worst} {far[worst]:.2g}: train on, or "
            "take a larger embedding_size",
            stacklevel=3,
        )
