"""Batch norm over several processes: mean and variance of the whole batch, as one has them."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class _Mean(torch.autograd.Function):
    """The mean of a value over the processes; their gradients' mean on the way back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        return _mean(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _mean(gradients[0])


def _mean(value: Tensor) -> Tensor:
    total = value.contiguous().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def synchronised(model: nn.Module, device: torch.device) -> nn.Module:
    """The model, its parameters where they were, with batch norm of whole batches in training.

    Each process must bring as many examples.
    """
    if device.type == "cuda":  # torch's own, which knows no CPU
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    for module in model.modules():
        if type(module) in PLAIN:
            module.__class__ = _Synchronised
    return model


class _Synchronised(nn.BatchNorm2d):
    """Of any dimensions: what torch's SyncBatchNorm computes, on any device."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Whatever the layer took."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        around = [axis for axis in range(input.ndim) if axis != 1]
        shape = [1, -1] + [1] * (input.ndim - 2)
        x = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = _Mean.apply(x.mean(around))
        centred = x - mean.view(shape)
        variance = _Mean.apply(centred.square().mean(around))
        if self.track_running_stats:
            n = dist.get_world_size() * input.numel() // input.shape[1]
            self._remember(mean.detach(), variance.detach() * n / max(n - 1, 1))
        normal = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(input.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)
