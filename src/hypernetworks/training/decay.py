"""Which parameters weight decay acts on: weights, what a product is made with, and no others."""

from collections.abc import Iterator

from torch import nn

from hypernetworks.recurrent.generator import Embeddings
from hypernetworks.recurrent.lstm import GateNorm
from hypernetworks.static.bank import KernelBank
from hypernetworks.static.generator import KernelGenerator, TiledKernel

NORMS = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, GateNorm),
)
TABLES = (nn.Embedding, nn.EmbeddingBag)
# What is no weight in a module whose other parameters are, though it has more than one dimension.
PARTS: dict[type[nn.Module], tuple[str, ...]] = {
    KernelBank: ("embeddings",),
    TiledKernel: ("embeddings",),
    KernelGenerator: ("b_in", "b_out"),
    Embeddings: ("h_bias", "x_bias"),
}


def split_for_decay(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters that weight decay acts on, and those that it does not, in the model's order.

    It does not act on parameters of fewer than two dimensions (biases, gains), on those of norms,
    on embeddings, be they looked up or the hypernetworks' own, and on the biases of generators. A
    parameter that has two places is left alone if it would be in one.
    """
    kept = {id(p) for module in model.modules() for p in _kept(module)}
    parameters = list(model.parameters())
    return (
        [p for p in parameters if id(p) not in kept],
        [p for p in parameters if id(p) in kept],
    )


def _kept(module: nn.Module) -> Iterator[nn.Parameter]:
    names = {n for kind, of_kind in PARTS.items() if isinstance(module, kind) for n in of_kind}
    whole = isinstance(module, (*NORMS, *TABLES))
    for name, parameter in module.named_parameters(recurse=False):
        if whole or name in names or parameter.dim() < 2:
            yield parameter
