"""Packed sequences as padded ones.

T steps, B sequences, P steps of all sequences together
"""

import torch
from torch import Tensor


def padded(data: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """What torch's `pad_packed_sequence` makes of packed data (P, ...) with batch sizes (T,).

    Its backward pass is one look-up; that of torch's copies the whole gradient for every length.

    Returns:
        (T, B, ...), 0 behind the end of a sequence, and the lengths (B,) on the CPU, both in the
        order in which the sequences are packed.
    """
    there = torch.arange(int(sizes[0]), device=sizes.device) < sizes[:, None]
    at = there.flatten().nonzero()[:, 0].to(data.device)
    flat = data.new_zeros(there.numel(), *data.shape[1:]).index_copy(0, at, data)
    return flat.unflatten(0, there.shape), there.sum(0)
