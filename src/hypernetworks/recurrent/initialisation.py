"""How the weights of recurrent cells start (appendix A.2.3)."""

from typing import Literal

import torch
from torch import Tensor, nn

InputInit = Literal["orthogonal", "glorot"]
Device = torch.device | str | None


@torch.no_grad()
def orthogonal_by_gate(weight: Tensor, gates: int) -> None:
    """Each gate's (H, D) block orthogonal; half types are filled from float32."""
    if weight.dtype in (torch.bfloat16, torch.float16):
        single = torch.empty_like(weight, dtype=torch.float32)
        orthogonal_by_gate(single, gates)
        weight.copy_(single)
        return
    for gate in weight.chunk(gates):
        nn.init.orthogonal_(gate)


@torch.no_grad()
def init_input_weight(weight: Tensor, gates: int, how: InputInit) -> None:
    """Weights (G H, D) of the input.

    Args:
        how: "orthogonal", as the paper says, by gate; "glorot", uniform over the whole matrix, as
            the authors' released cell leaves it to its framework.
    """
    if how == "orthogonal":
        orthogonal_by_gate(weight, gates)
    elif how == "glorot":
        nn.init.xavier_uniform_(weight)
    else:
        raise ValueError(f"input_init={how!r}: choose 'orthogonal' or 'glorot'")


@torch.no_grad()
def init_norm(*parts: Tensor | None) -> None:
    """Gains 1, offsets 0, in the order gain, offset, gain, offset ..."""
    for k, part in enumerate(parts):
        if part is not None:
            part.fill_(1 - k % 2)


def parameter(*shape: int, device: Device, dtype: torch.dtype | None) -> nn.Parameter:
    """Memory for a parameter, to be filled by reset_parameters."""
    return nn.Parameter(torch.empty(*shape, device=device, dtype=dtype))
